"""A worker for edgebench in Python: `onnxruntime` behind the worker protocol (docs/protocol.md).

It reads one JSON request a line and answers each with one line. Needs numpy, safetensors and onnxruntime. What it does
not measure (memory, CPU time) is absent from its answers, and edgebench shows it as absent.
"""

import json, os, time

import numpy as np, onnxruntime as ort
from safetensors.numpy import load_file, save_file

requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # whatever a library prints goes to standard error and cannot break the protocol
NAME, UNREAD, now = "onnxruntime-python", {"peak_was_reset": False}, time.perf_counter_ns
TYPES = {"tensor(float)": "f32", "tensor(double)": "f64", "tensor(float16)": "f16", "tensor(int64)": "i64"}

class Refused(Exception):
    """Arguments: the kind of the error and one line of fact."""

def must(holds, kind, fact):
    if not holds:
        raise Refused(kind, fact)

def describe(values):
    shape = lambda value: [dim if isinstance(dim, int) else None for dim in value.shape]
    return [{"name": value.name, "dtype": TYPES[value.type], "shape": shape(value)} for value in values]

class Worker:
    session = None

    def hello(self, protocol):
        must(protocol == 1, "protocol", f"this worker speaks version 1 of the protocol, not {protocol}")
        return {"hello": {"protocol": 1, "worker": NAME, "version": "0.1.0", "backends": [NAME]}}

    def probe(self, backend):
        must(backend == NAME, "protocol", f"this worker has no backend `{backend}`")
        devices = [{"name": "cpu", "description": "CPUExecutionProvider"}]
        return {"probe": {"runtime": "ONNX Runtime (Python)", "version": ort.__version__, "devices": devices}}

    def environment(self, backend, settings):
        return {"environment": {"variables": {}}}

    def load(self, backend, model, settings, inputs, ring, shapes=None):
        opening, probe = now(), self.probe(backend)["probe"]
        self.faults, self.runs = settings.get("options", {}), 0
        must(self.faults.keys() <= {"stdout", "crash", "hang"}, "invalid-setting", "the options are stdout, crash and hang")
        must(settings["device"] == "cpu", "invalid-setting", "the only device is `cpu`")
        opened, options, self.batch = now(), ort.SessionOptions(), settings["batch"]
        options.intra_op_num_threads = settings["threads"]
        tensors, loading = load_file(inputs), now()
        try:
            session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise Refused("load", f"the model did not load: {error}")
        self.fault("load")
        loaded, self.inputs = now(), describe(session.get_inputs())
        count = len(next(iter(tensors.values())))
        slots = [[(k * self.batch + i) % count for i in range(self.batch)] for k in range(-(-count // self.batch))]
        self.ring = [self.gather(tensors, slot) for slot in slots[:ring]]
        self.next, self.warm, self.session, copied = 0, False, session, now()
        effective = {**self.faults, "threads": str(session.get_session_options().intra_op_num_threads)}
        spec = {"inputs": self.inputs, "outputs": describe(session.get_outputs()), "effective": effective}
        times = {"library_open_ns": opened - opening, "load_ns": loaded - loading,
                 "copy_in_ns": (copied - loaded) // len(self.ring)}
        return {"loaded": {"probe": probe, "spec": spec, "ring": len(self.ring), **times,
                           "memory_baseline": UNREAD, "memory_loaded": UNREAD}}

    def gather(self, tensors, indices):
        """One batch, refused here and not in the timed region where it does not fit the model."""
        for spec in self.inputs:
            must(spec["name"] in tensors, "run", f"the model's input `{spec['name']}` is not in the inputs file")
            tensor = tensors[spec["name"]]
            shape, dtype = [len(indices), *tensor.shape[1:]], f"{tensor.dtype.kind}{8 * tensor.dtype.itemsize}"
            fits = [s if d is None else d for s, d in zip(shape, spec["shape"])] == shape and dtype == spec["dtype"]
            must(fits and len(shape) == len(spec["shape"]), "run", f"{dtype} of {shape} does not fit {spec}")
        return {spec["name"]: tensors[spec["name"]][indices] for spec in self.inputs}

    def fault(self, place):
        """Faults that edgebench's conformance suite asks for; a worker may answer `invalid-setting` instead."""
        if "stdout" in self.faults:
            os.write(1, self.faults["stdout"].encode() + b"\n")
        if self.faults.get("crash") == place:
            os.abort()
        while self.faults.get("hang") == place:
            time.sleep(1)

    def sample(self):
        feed, self.next, self.runs = self.ring[self.next], (self.next + 1) % len(self.ring), self.runs + 1
        if self.faults:
            self.fault(f"run:{self.runs}")
        start = now()
        self.session.run(None, feed)
        return now() - start

    def warm_up(self, min_ns, min_runs):
        begin, runs, first = now(), 0, {}
        while runs < max(min_runs, 1) or now() - begin < min_ns:
            took, runs = self.sample(), runs + 1
            if not self.warm:
                first, self.warm = {"first_ns": took}, True
        return {"warmed_up": {**first, "runs": runs, "elapsed_ns": now() - begin}}

    def measure(self, min_ns, min_samples, max_ns, max_samples):
        begin, elapsed, samples = now(), 0, []
        while (elapsed < min_ns or len(samples) < min_samples) and elapsed < max_ns and len(samples) < max_samples:
            samples.append(self.sample())
            elapsed = now() - begin
        return {"measured": {"samples_ns": samples, "elapsed_ns": elapsed, "memory_steady": UNREAD}}

    def turn(self, samples):
        return {"turned": {"samples_ns": [self.sample() for _ in range(samples)]}}

    def evaluate(self, inputs, outputs, indices=None):
        begin, tensors = now(), load_file(inputs)
        count = len(next(iter(tensors.values())))
        indices = list(range(count)) if indices is None else indices
        must(indices and max(indices) < count, "run", f"no samples, or more than the {count} there are, were asked for")
        starts = range(0, len(indices), self.batch)  # a last batch that is not full is filled up with the first samples
        batches = [[indices[(start + i) % len(indices)] for i in range(self.batch)] for start in starts]
        results = [self.session.run(None, self.gather(tensors, batch)) for batch in [*batches, batches[0]]]
        *results, again = results
        names = [value.name for value in self.session.get_outputs()]
        whole = {name: np.concatenate(parts)[: len(indices)] for name, parts in zip(names, zip(*results))}
        save_file(whole, outputs + ".partial")
        os.replace(outputs + ".partial", outputs)
        same = all(one.tobytes() == other.tobytes() for one, other in zip(again, results[0]))
        return {"evaluated": {"samples": len(indices), "elapsed_ns": now() - begin, "deterministic": same}}

    def bye(self):
        return {"bye": {}}

worker, op = Worker(), None
while op != "bye" and (line := requests.readline()):
    number = 0
    try:
        request = json.loads(line)
        number, op = request.pop("id"), request.pop("op")
        must(op in vars(Worker), "protocol", f"there is no request `{op}`")
        must(worker.session or op not in ("warm_up", "measure", "turn", "evaluate"), "protocol", "no model is loaded")
        answer = getattr(worker, op)(**request)
    except Refused as refused:
        answer = {"error": dict(zip(("kind", "message"), refused.args))}
    except Exception as error:
        answer = {"error": {"kind": "protocol", "message": f"{type(error).__name__}: {error}"}}
    print(json.dumps({"id": number, **answer}), file=answers, flush=True)
