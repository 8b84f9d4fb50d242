"""A worker for edgebench in Python: `onnxruntime` behind the worker protocol.

Reads one JSON request a line, answers each with one line. Needs numpy, safetensors and onnxruntime.
What is not measured (memory, CPU time) is left out of the answers: edgebench then shows it as absent.
"""

import json
import os
import time

import numpy as np
import onnxruntime as ort
from safetensors.numpy import load_file, save_file

requests, answers = os.fdopen(os.dup(0), "r"), os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # whatever a library prints goes to standard error, and cannot break the protocol
NAME, NO_MEMORY = "onnxruntime-python", {"peak_was_reset": False}
TYPES = {"tensor(float)": "f32", "tensor(double)": "f64", "tensor(float16)": "f16", "tensor(int64)": "i64"}
NUMPY = {"f32": "float32", "f64": "float64", "f16": "float16", "i64": "int64"}
now = time.perf_counter_ns


class Refused(Exception):
    def __init__(self, kind, message):
        self.error = {"kind": kind, "message": message}


def describe(values):
    return [
        {"name": v.name, "dtype": TYPES[v.type], "shape": [d if isinstance(d, int) else None for d in v.shape]}
        for v in values
    ]


def hello(state, protocol):
    if protocol != 1:
        raise Refused("protocol", f"this worker speaks version 1 of the protocol, not {protocol}")
    return {"hello": {"protocol": 1, "worker": NAME, "version": "0.1.0", "backends": [NAME]}}


def probe(state, backend):
    if backend != NAME:
        raise Refused("protocol", f"this worker has no backend `{backend}`")
    device = {"name": "cpu", "description": "CPUExecutionProvider"}
    return {"probe": {"runtime": "ONNX Runtime (Python)", "version": ort.__version__, "devices": [device]}}


def environment(state, backend, settings):
    return {"environment": {"variables": {}}}


def load(state, backend, model, settings, inputs, ring, shapes=None):
    opened, state.batch = now(), settings["batch"]
    probed, tensors = probe(state, backend)["probe"], load_file(inputs)
    refused = [("device", settings["device"])] if settings["device"] != "cpu" else [*settings.get("options", {}).items()]
    for name, value in refused:
        raise Refused("invalid-setting", f"setting `{name}` = `{value}` is unknown")
    options = ort.SessionOptions()
    options.intra_op_num_threads = settings["threads"]
    start = now()
    try:
        state.session = session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise Refused("load", f"the model did not load: {error}")
    end, state.inputs, count = now(), describe(session.get_inputs()), len(next(iter(tensors.values())))
    slots = range(min(ring, -(-count // state.batch)))
    state.ring = [gather(state, tensors, [(k * state.batch + i) % count for i in range(state.batch)]) for k in slots]
    copied, state.next, state.warm = now(), 0, False
    effective = {"threads": str(session.get_session_options().intra_op_num_threads)}
    spec = {"inputs": state.inputs, "outputs": describe(session.get_outputs()), "effective": effective}
    times = {"library_open_ns": start - opened, "load_ns": end - start, "copy_in_ns": (copied - end) // len(slots)}
    memory = {"memory_baseline": NO_MEMORY, "memory_loaded": NO_MEMORY}
    return {"loaded": {"probe": probed, "spec": spec, "ring": len(slots), **times, **memory}}


def gather(state, tensors, indices):
    """One batch, refused here and not in the timed region when it does not fit the model."""
    for spec in state.inputs:
        if (tensor := tensors.get(spec["name"])) is None:
            raise Refused("run", f"the model's input `{spec['name']}` is not in the inputs file")
        found, wanted = (len(indices), *tensor.shape[1:]), spec["shape"]
        fits = len(found) == len(wanted) and all(w in (None, f) for w, f in zip(wanted, found))
        if not fits or tensor.dtype != NUMPY[spec["dtype"]]:
            raise Refused("run", f"input `{spec['name']}` of {tensor.dtype} with shape {found} does not fit the model")
    return {spec["name"]: tensors[spec["name"]][indices] for spec in state.inputs}


def run(state):
    feed, state.next = state.ring[state.next], (state.next + 1) % len(state.ring)
    start = now()
    state.session.run(None, feed)
    return now() - start


def warm_up(state, min_ns, min_runs):
    begin, runs, first = now(), 0, {}
    while runs < max(min_runs, 1) or now() - begin < min_ns:
        sample, runs = run(state), runs + 1
        if not state.warm:
            first, state.warm = {"first_ns": sample}, True
    return {"warmed_up": {**first, "runs": runs, "elapsed_ns": now() - begin}}


def measure(state, min_ns, min_samples, max_ns, max_samples):
    begin, samples, elapsed = now(), [], 0
    while (elapsed < min_ns or len(samples) < min_samples) and elapsed < max_ns and len(samples) < max_samples:
        samples.append(run(state))
        elapsed = now() - begin
    return {"measured": {"samples_ns": samples, "elapsed_ns": elapsed, "memory_steady": NO_MEMORY}}


def turn(state, samples):
    return {"turned": {"samples_ns": [run(state) for _ in range(samples)]}}


def evaluate(state, inputs, outputs, indices=None):
    begin, tensors = now(), load_file(inputs)
    count = len(next(iter(tensors.values())))
    indices = list(range(count)) if indices is None else indices
    if not indices or max(indices) >= count:
        raise Refused("run", f"the samples asked for are none, or not among the {count} of the inputs file")
    starts = range(0, len(indices), state.batch)  # the last batch is filled up with the first samples
    batches = [[indices[(s + i) % len(indices)] for i in range(state.batch)] for s in starts]
    results = [state.session.run(None, gather(state, tensors, batch)) for batch in batches]
    again = state.session.run(None, gather(state, tensors, batches[0]))
    names = [value.name for value in state.session.get_outputs()]
    whole = {name: np.concatenate(parts)[: len(indices)] for name, parts in zip(names, zip(*results))}
    save_file(whole, outputs + ".partial")
    os.replace(outputs + ".partial", outputs)
    same = all(a.tobytes() == b.tobytes() for a, b in zip(again, results[0]))
    return {"evaluated": {"samples": len(indices), "elapsed_ns": now() - begin, "deterministic": same}}


def bye(state):
    return {"bye": {}}


class State:
    session = None


OPERATIONS = {f.__name__: f for f in (hello, probe, environment, load, warm_up, measure, turn, evaluate, bye)}
state, op = State(), None
while op != "bye" and (line := requests.readline()):
    number = 0
    try:
        request = json.loads(line)
        number, op = request.pop("id"), request.pop("op")
        if op in ("warm_up", "measure", "turn", "evaluate") and state.session is None:
            raise Refused("protocol", "no model is loaded")
        answer = OPERATIONS[op](state, **request)
    except Refused as error:
        answer = {"error": error.error}
    except Exception as error:
        answer = {"error": {"kind": "protocol", "message": f"{type(error).__name__}: {error}"}}
    print(json.dumps({"id": number, **answer}), file=answers, flush=True)
