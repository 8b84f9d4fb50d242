"""Evaluates every variant of the suite in ONNX Runtime along the stream: with the recorded state, carrying its own,
and with the state set to zero before each frame.

Before that it holds every file against files.json and suite.toml; afterwards it holds the recorded states against those
that fp32 carries, each output against the golden one, and fails if the outputs do not depend on the state. With --write
it puts the hashes of the files that are there into both lists instead of holding them against it.
"""

import argparse
import json
import re
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "starter"))

from common.evaluate import sha256  # noqa: E402
from measure import VARIANTS, run, table  # noqa: E402
from safetensors.numpy import load_file  # noqa: E402

LIST, MANIFEST = HERE / "files.json", HERE / "suite.toml"
ENTRY = re.compile(r'(file = "([^"]+)",?\s+sha256 = ")[0-9a-f]{64}(")')


def listed() -> str:
    """files.json as it should be: path, hash and size of every model, data and golden file."""
    found = [path for kind in ("models", "data", "golden") for path in (HERE / kind).iterdir()]
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

    data = load_file(HERE / "data" / "test.safetensors")
    figures, golden = table(HERE / "models", data)
    print(f"{len(data['label'])} frames, speech in {data['label'].mean():.1%}\n\n{figures}\n")
    for variant in VARIANTS:
        kept = load_file(HERE / "golden" / f"{variant}.safetensors")
        far = max(np.abs(golden[variant][name][: len(rows)] - rows).max() for name, rows in kept.items())
        print(f"{variant}: largest difference from golden {far:.3g}")

    fp32 = HERE / "models" / "fp32.onnx"
    carried, zero = run(fp32, data["audio"]), run(fp32, data["audio"], np.zeros_like(data["state"]))
    print(f"states recorded and carried differ by at most {np.abs(carried['state'] - data['state']).max():.3g}")
    change = np.abs(carried["speech"] - zero["speech"]).ravel()
    print(
        f"without its state fp32's probability moves by {change.mean():.3f} on average and {change.max():.3f} at most; "
        f"{((carried['speech'] > 0.5) != (zero['speech'] > 0.5)).mean():.1%} of its answers at 0.5 change"
    )
    if change[0] != 0 or change.mean() < 0.05:
        print("the outputs do not depend on the state as they should", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
