"""Evaluates every variant of the suite in ONNX Runtime and prints one table per task.

Before that it holds every file against files.json and suite.toml, and afterwards each output against the golden one.
With --write it puts the hashes of the files that are there into both lists instead of holding them against it.
"""

import argparse
import json
import re
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from common.evaluate import judge, markdown, sha256
from common.tasks import FASHION, WATCH

HERE = Path(__file__).resolve().parent
LIST, MANIFEST = HERE / "files.json", HERE / "suite.toml"
ENTRY = re.compile(r'(file = "([^"]+)",?\s+sha256 = ")[0-9a-f]{64}(")')


def listed() -> str:
    """files.json as it should be: path, hash and size of every model, data and golden file."""
    found = [p for t in (FASHION, WATCH) for kind in ("models", "data", "golden") for p in (HERE / t.name / kind).iterdir()]
    rows = [
        {"path": p.relative_to(HERE).as_posix(), "sha256": sha256(p), "bytes": p.stat().st_size} for p in sorted(found)
    ]
    return json.dumps(rows, indent=1) + "\n"


def manifest() -> str:
    """suite.toml with the hashes that its files have."""
    return ENTRY.sub(lambda m: m[1] + sha256(HERE / m[2]) + m[3], MANIFEST.read_text())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the hashes into files.json and suite.toml")
    write = parser.parse_args().write
    for path, wanted in ((LIST, listed()), (MANIFEST, manifest())):
        if write:
            path.write_text(wanted)
        elif path.read_text() != wanted:
            print(f"{path.name} does not list the files that are there; --write makes it so", file=sys.stderr)
            return 1
    for task in (FASHION, WATCH):
        table, results = judge(HERE / task.name, task)
        print(f"## {task.name}\n\n{markdown(table)}\n")
        for variant, logits in results.items():
            golden = load_file(HERE / task.name / "golden" / f"{variant}.safetensors")["logits"]
            print(f"{variant}: largest difference from golden {np.abs(logits[:256] - golden).max():.3g}")
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
