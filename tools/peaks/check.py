#!/usr/bin/env python3
"""Holds edgebench's peaks against other programs' figures on the same machine, by turns.

    tools/peaks/check.py --command target/release/examples/peaks --threads 1 2
    tools/peaks/check.py --peaks peaks.json

fp32 is held against likwid-bench (`apt-get install likwid`), one instruction set after the other; where that is not
installed, against the fastest BLAS that there is: NumPy's, and PyTorch's where it is installed; with AVX2, against NumPy's
where that is OpenBLAS, which can be held to it. Bandwidth is held against stream.c beside this file, compiled for this
machine. With PyTorch, oneDNN's integer and brain-float products are shown as well, one instruction set after the other; a
library that reaches less than the processor could is no fault of a peak, so these, and BLAS beside likwid-bench, only decide
where they are more than a peak allows.

Exit code: 0 all agree within the tolerance, 1 some do not, 2 nothing could be checked.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent

# Products of matrices that are large enough to be fast and small enough to be done before something else wants the core.
# The best one counts, in multiply-accumulates per second.
LOOP = """
import sys, time
seconds, best = float(sys.argv[1]), 0.0
SHAPES = [(256, 256, 256), (384, 384, 384), (128, 1024, 256), (512, 192, 512), (1024, 1024, 1024), (2048, 2048, 2048)]
for m, k, n in SHAPES:
    multiply = prepare(m, k, n)
    multiply()
    start = time.perf_counter()
    while time.perf_counter() - start < seconds / len(SHAPES):
        before = time.perf_counter()
        multiply()
        best = max(best, m * k * n / (time.perf_counter() - before))
print(best)
"""

NUMPY = (
    """
import numpy
def prepare(m, k, n):
    random = numpy.random.default_rng(1).random
    a, b = random((m, k), dtype=numpy.float32), random((k, n), dtype=numpy.float32)
    c = numpy.empty((m, n), dtype=numpy.float32)
    return lambda: numpy.matmul(a, b, out=c)
"""
    + LOOP
)

TORCH = (
    """
import sys, torch
torch.set_num_threads(int(sys.argv[2]))
def prepare(m, k, n):
    if sys.argv[3] == "int8":
        a, b = (torch.randint(-64, 64, shape, dtype=torch.int8) for shape in ((m, k), (k, n)))
        return lambda: torch._int_mm(a, b)
    a, b = (torch.rand(shape).to(getattr(torch, sys.argv[3])) for shape in ((m, k), (k, n)))
    c = torch.empty(m, n, dtype=a.dtype)
    return lambda: torch.matmul(a, b, out=c)
"""
    + LOOP
)

# Our kind, how our instructions begin, PyTorch's type, and the most that oneDNN may use.
ONEDNN = [
    ("bf16", "AVX512-BF16", "bfloat16", "AVX512_CORE_BF16"),
    ("bf16", "AMX-BF16", "bfloat16", "AVX10_1_512_AMX"),
    ("int8", "AVX2", "int8", "AVX2"),
    ("int8", "AVX-512BW", "int8", "AVX512_CORE"),
    ("int8-dot", "AVX-VNNI", "int8", "AVX2_VNNI"),
    ("int8-dot", "AVX512-VNNI", "int8", "AVX512_CORE_VNNI"),
    ("int8-dot", "AMX-INT8", "int8", "AVX10_1_512_AMX"),
]

# How our instructions begin, and likwid-bench's test of the same in registers and the first level of cache.
LIKWID = [("AVX-512F", "peakflops_sp_avx512_fma"), ("AVX2", "peakflops_sp_avx_fma")]

# likwid-bench looks for its own daemon in PATH, does without it, but ends where it is not there.
LIKWID_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"])


def run(words, **environment):
    """What a program prints; None where it fails."""
    done = subprocess.run(
        [str(word) for word in words], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(f"  {words[0]} failed: {done.stderr.strip()[-300:]}", file=sys.stderr)
        return None
    return done.stdout


def merge(best, peaks):
    """The better of two measurements, figure by figure: other programs on the machine only ever slow one down."""
    if best is None:
        return peaks
    for kept, new in zip(best["compute"], peaks["compute"]):
        kept["macs_per_s"] = max(kept["macs_per_s"], new["macs_per_s"])
    for kept, new in zip(best["bandwidth"], peaks["bandwidth"]):
        for field in ("read_bytes_per_s", "triad_bytes_per_s"):
            kept[field] = max(kept[field], new[field])
    return best


BLAS = ("NumPy's BLAS", "PyTorch's BLAS")


def likwid(test, threads):
    """likwid-bench's figure in multiply-accumulates per second; None where it fails. It counts two operations for each."""
    # 16 kB for each thread: in the first level of every cache.
    text = run(["likwid-bench", "-t", test, "-w", f"S0:{16 * threads}kB:{threads}"], PATH=LIKWID_PATH)
    figures = [line.split()[1] for line in (text or "").splitlines() if line.startswith("MFlops/s:")]
    return str(float(figures[0]) * 1e6 / 2) if figures else None


class Others:
    """The other programs, each with the best that it has reached."""

    def __init__(self, threads, seconds, stream, torch):
        self.threads, self.seconds, self.stream, self.torch = threads, seconds, stream, torch
        self.likwid = shutil.which("likwid-bench", path=LIKWID_PATH)
        self.best = {}

    def keep(self, name, text):
        if text is not None:
            self.best[name] = max(self.best.get(name, 0.0), float(text))

    def measure(self, peaks):
        threads = str(self.threads)
        limits = {name: threads for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}
        self.keep("NumPy's BLAS", run([sys.executable, "-c", NUMPY, self.seconds], **limits))
        if self.likwid:
            for instructions, test in LIKWID:
                if rate(peaks, "f32", instructions):
                    self.keep((instructions, "likwid-bench"), likwid(test, self.threads))
        if rate(peaks, "f32", "AVX2"):
            words = [sys.executable, "-c", NUMPY, self.seconds]
            self.keep("AVX2", run(words, OPENBLAS_CORETYPE="Haswell", **limits))
        if self.torch:
            self.keep("PyTorch's BLAS", run([sys.executable, "-c", TORCH, self.seconds, threads, "float32"], **limits))
        for level in peaks["bandwidth"]:
            words = [self.stream, threads, level["working_set_bytes"], self.seconds / 2]
            lines = (run(words) or "").split()
            for what, line in zip(("read", "triad"), lines):
                self.keep((level["level"], what), line)
        if self.torch:
            for kind, instructions, dtype, most in ONEDNN:
                if rate(peaks, kind, instructions):
                    words = [sys.executable, "-c", TORCH, self.seconds, threads, dtype]
                    self.keep((kind, instructions), run(words, ONEDNN_MAX_CPU_ISA=most))


def rate(peaks, kind, instructions=""):
    """The fastest of a kind, in multiply-accumulates per second."""
    rates = [
        rate["macs_per_s"]
        for rate in peaks["compute"]
        if rate["kind"] == kind and rate["instructions"].startswith(instructions)
    ]
    return max(rates, default=None)


def line(name, ours, other, unit, tolerance, one_sided=False):
    """Prints both figures; whether they agree."""
    if other is None:
        print(f"{name:32} {ours / 1e9:10.1f} {'-':>10} {unit}")
        return True
    ratio = ours / other
    agree = ratio >= 1 - tolerance and (one_sided or ratio <= 1 + tolerance)
    verdict = "ok" if agree else "OFF"
    if one_sided and agree:
        verdict = "a bound"
    print(f"{name:32} {ours / 1e9:10.1f} {other / 1e9:10.1f} {unit:8} {ratio:6.3f}  {verdict}")
    return agree


def compare(peaks, others, tolerance):
    print(f"\n{peaks['threads']} thread(s): {'':17} {'edgebench':>10} {'other':>10} {'':8} {'ratio':>6}")
    results = []
    held = False
    for instructions, _ in LIKWID:
        other = others.best.get((instructions, "likwid-bench"))
        if other:
            held = True
            ours = rate(peaks, "f32", instructions)
            results.append(line(f"fp32 {instructions}, likwid-bench", ours, other, "GMAC/s", tolerance))
    blas = {name: best for name, best in others.best.items() if name in BLAS}
    for name, best in blas.items():
        # The fastest library is the check; what a slower one leaves unused says nothing of the processor.
        bound = held or best < max(blas.values())
        results.append(line(f"fp32, {name}", rate(peaks, "f32"), best, "GMAC/s", tolerance, one_sided=bound))
    if "AVX2" in others.best:
        ours = rate(peaks, "f32", "AVX2")
        results.append(line("fp32 AVX2, NumPy's BLAS", ours, others.best["AVX2"], "GMAC/s", tolerance, one_sided=held))
    for level in peaks["bandwidth"]:
        for what in ("read", "triad"):
            other = others.best.get((level["level"], what))
            results.append(line(f"{level['level']} {what}, C", level[f"{what}_bytes_per_s"], other, "GB/s", tolerance))
    for kind, instructions, _, _ in ONEDNN:
        other = others.best.get((kind, instructions))
        if other:
            ours = rate(peaks, kind, instructions)
            results.append(line(f"{kind} {instructions}, oneDNN", ours, other, "GMAC/s", tolerance, one_sided=True))
    for why in peaks.get("absent", []):
        print(f"absent: {why}")
    if not others.best:
        return None
    return all(results)


def compile_stream(folder):
    binary = pathlib.Path(folder) / "stream"
    compiler = os.environ.get("CC", "cc")
    words = [compiler, "-O3", "-funroll-loops", "-march=native", "-pthread", "-o", binary, FOLDER / "stream.c"]
    subprocess.run([str(word) for word in words], check=True)
    return binary


def has(module):
    return subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--command", help="prints peaks for `--threads N --seconds N`, such as the example `peaks`")
    source.add_argument("--peaks", help="a file of peaks, or a list of them; then nothing is measured by turns")
    parser.add_argument("--threads", type=int, nargs="+", default=[1], help="with --command")
    parser.add_argument("--rounds", type=int, default=3, help="how often the programs take turns")
    parser.add_argument("--seconds", type=int, default=8, help="of each measurement with --command")
    parser.add_argument("--tolerance", type=float, default=0.10)
    parser.add_argument("--no-torch", action="store_true", help="leave PyTorch out where it is installed")
    options = parser.parse_args()

    results = []
    with tempfile.TemporaryDirectory() as folder:
        stream = compile_stream(folder)
        torch = not options.no_torch and has("torch")
        given = []
        if options.peaks:
            given = json.loads(pathlib.Path(options.peaks).read_text(encoding="utf-8"))
            given = given if isinstance(given, list) else [given]
        for threads in [peaks["threads"] for peaks in given] or options.threads:
            best = next((peaks for peaks in given if peaks["threads"] == threads), None)
            others = Others(threads, 2.0, stream, torch)
            for _ in range(options.rounds):
                if options.command:
                    text = run([options.command, "--threads", threads, "--seconds", options.seconds])
                    if text is None:
                        return 2
                    best = merge(best, json.loads(text))
                others.measure(best)
            results.append(compare(best, others, options.tolerance))
    if None in results:
        return 2
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
