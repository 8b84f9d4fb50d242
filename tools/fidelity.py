#!/usr/bin/env python3
"""Holds edgebench's latency on ONNX Runtime against a plain Python loop with I/O binding.

The two alternate in ABBA order, each time in a fresh process pinned to the same processors, with the same library, model,
inputs and threads. Prints each round's ratio of medians and Student's t interval over the logarithms of the ratios.

    python tools/fidelity.py --edgebench target/release/edgebench --model suites/starter/fashion/models/fp32.onnx

Needs numpy, safetensors and onnxruntime: the interpreter of `cargo xtask test` in the cache folder has them.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
from safetensors.numpy import load_file, save_file

T_975 = {3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 8: 2.365, 10: 2.262, 12: 2.201, 16: 2.131, 20: 2.093}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgebench", default="target/release/edgebench")
    parser.add_argument("--model", required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=10, choices=sorted(T_975))
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--python-arm", metavar="INPUTS", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.python_arm:
        print(python_loop(options, options.python_arm))
        return

    cpus = sorted(os.sched_getaffinity(0))[: options.threads]
    with tempfile.TemporaryDirectory() as folder:
        inputs = os.path.join(folder, "inputs.safetensors")
        shapes = write_inputs(options.model, inputs)
        logs = []
        for round_number in range(options.rounds):
            arms = {}
            order = ["edgebench", "python"] if round_number % 2 == 0 else ["python", "edgebench"]
            for arm in order:
                if arm == "edgebench":
                    arms[arm] = edgebench(options, inputs, shapes, cpus)
                else:
                    arms[arm] = python(options, inputs, cpus)
            logs.append(math.log(arms["edgebench"] / arms["python"]))
            print(
                f"round {round_number + 1:2}: edgebench p50 {arms['edgebench'] / 1e3:9.2f} µs, "
                f"Python p50 {arms['python'] / 1e3:9.2f} µs, ratio {math.exp(logs[-1]):.4f}",
                flush=True,
            )
    mean = np.mean(logs)
    half = T_975[len(logs)] * np.std(logs, ddof=1) / math.sqrt(len(logs))
    low, high = math.exp(mean - half), math.exp(mean + half)
    print(f"edgebench / Python: median ratio {math.exp(np.median(logs)):.4f}, 95 % interval [{low:.4f}, {high:.4f}]")
    within = 0.95 <= math.exp(np.median(logs)) <= 1.05
    print("within 5 %" if within else "NOT within 5 %")
    sys.exit(0 if within else 1)


def write_inputs(model, path):
    """64 seeded random samples of every input; returns the shapes of one batch of one sample."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    generator = np.random.default_rng(1)
    tensors, shapes = {}, {}
    for argument in session.get_inputs():
        if argument.type != "tensor(float)":
            sys.exit(f"input {argument.name} is {argument.type}; this script makes float inputs alone")
        extents = [extent if isinstance(extent, int) else 1 for extent in argument.shape]
        shapes[argument.name] = [1, *extents[1:]]
        tensors[argument.name] = generator.standard_normal([64, *extents[1:]], dtype=np.float32)
    save_file(tensors, path)
    return shapes


def edgebench(options, inputs, shapes, cpus):
    """The median of one worker's samples, asked for through the worker protocol."""
    environment = dict(os.environ, ORT_DYLIB_PATH=library())
    worker = subprocess.Popen(
        [options.edgebench, "worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=lambda: os.sched_setaffinity(0, cpus),
    )

    def ask(number, op, **fields):
        worker.stdin.write(json.dumps({"id": number, "op": op, **fields}) + "\n")
        worker.stdin.flush()
        answer = json.loads(worker.stdout.readline())
        if "error" in answer:
            sys.exit(f"the worker says: {answer['error']}")
        return answer

    settings = {"threads": options.threads, "batch": 1, "device": "cpu"}
    nanos = int(options.seconds * 1e9)
    ask(1, "hello", protocol=1)
    ask(2, "load", backend="ort", model=options.model, shapes=shapes, settings=settings, inputs=inputs, ring=64)
    ask(3, "warm_up", min_ns=nanos // 2, min_runs=3)
    measured = ask(4, "measure", min_ns=nanos, min_samples=64, max_ns=4 * nanos, max_samples=1 << 20)
    ask(5, "bye")
    worker.wait()
    return float(np.median(measured["measured"]["samples_ns"]))


def library():
    """The library inside the onnxruntime package, so that both arms run the same bytes."""
    import onnxruntime

    folder = os.path.join(os.path.dirname(onnxruntime.__file__), "capi")
    names = [name for name in os.listdir(folder) if name.startswith("libonnxruntime.so.")]
    return os.path.join(folder, names[0])


def python(options, inputs, cpus):
    """The median of a plain loop in a fresh interpreter."""
    command = [sys.executable, __file__, "--model", options.model, "--threads", str(options.threads)]
    command += ["--seconds", str(options.seconds), "--python-arm", inputs]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, preexec_fn=lambda: os.sched_setaffinity(0, cpus)
    )
    return float(done.stdout)


def python_loop(options, inputs):
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(options.model, settings, providers=["CPUExecutionProvider"])
    tensors = load_file(inputs)
    bindings = []
    for sample in range(len(next(iter(tensors.values())))):
        binding = session.io_binding()
        for name, tensor in tensors.items():
            value = onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(tensor[sample : sample + 1]))
            binding.bind_ortvalue_input(name, value)
        for output in session.get_outputs():
            binding.bind_output(output.name)
        bindings.append(binding)
    run, clock, index = session.run_with_iobinding, time.perf_counter_ns, 0
    end = clock() + int(options.seconds * 5e8)
    while clock() < end:
        run(bindings[index % len(bindings)])
        index += 1
    samples, index = [], 0
    end = clock() + int(options.seconds * 1e9)
    while True:
        binding = bindings[index % len(bindings)]
        start = clock()
        run(binding)
        stop = clock()
        samples.append(stop - start)
        index += 1
        if stop > end:
            return float(np.median(samples))


if __name__ == "__main__":
    main()
