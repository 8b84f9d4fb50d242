"""Runs a model in ONNX Runtime and judges its outputs; reads a file's parameters, zeros and MACs."""

import hashlib
from math import comb, erf, sqrt
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper, shape_inference
from safetensors.numpy import load_file, save

from common.tasks import Task


def outputs(path: Path, rows: np.ndarray) -> np.ndarray:
    """The model's output for each row, one at a time: dynamic quantisation depends on the batch."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: rows[i : i + 1]})[0] for i in range(len(rows))])


def executed(path: Path, scratch: Path) -> dict[str, int]:
    """Which operators ONNX Runtime really executes after its optimisation, with the types of their constants."""
    options = ort.SessionOptions()
    options.optimized_model_filepath = str(scratch)
    options.log_severity_level = 3
    ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    model = onnx.load(scratch)
    types = {i.name: onnx.TensorProto.DataType.Name(i.data_type) for i in model.graph.initializer}
    counts: dict[str, int] = {}
    for node in model.graph.node:
        kinds = sorted({types[i] for i in node.input if i in types})
        key = f"{node.op_type}({','.join(kinds)})" if kinds else node.op_type
        counts[key] = counts.get(key, 0) + 1
    return counts


def wilson(right: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    z, p = 1.959964, right / n
    centre, half = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)


def mcnemar(a: np.ndarray, b: np.ndarray) -> tuple[float, int, int]:
    """Two-sided p of the exact McNemar test (normal approximation above 1,000 discordant pairs).

    Also the two discordant counts: only `a` right, only `b` right.
    """
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    n, k = only_a + only_b, min(only_a, only_b)
    if n == 0:
        return 1.0, 0, 0
    if n > 1000:
        z = (abs(only_a - only_b) - 1) / sqrt(n)
        return max(0.0, 1 - erf(z / sqrt(2))), only_a, only_b
    return min(1.0, 2 * sum(comb(n, i) for i in range(k + 1)) / 2**n), only_a, only_b


def macro_f1(predicted: np.ndarray, label: np.ndarray) -> float:
    """The mean over the classes of F1; a class neither predicted nor present counts 0."""
    scores = []
    for c in np.unique(label):
        hit = ((predicted == c) & (label == c)).sum()
        scores.append(2 * hit / max(1, (predicted == c).sum() + (label == c).sum()))
    return float(np.mean(scores))


def f1_interval(predicted: np.ndarray, label: np.ndarray, seed: int = 1, draws: int = 1000) -> tuple[float, float]:
    """A 95 % bootstrap interval of the macro-F1 over samples, which it takes to be independent."""
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, len(label), (draws, len(label)))
    values = [macro_f1(predicted[i], label[i]) for i in picks]
    return float(np.quantile(values, 0.025)), float(np.quantile(values, 0.975))


def facts(path: Path) -> dict[str, int]:
    """Parameters, zeros among them, and multiply-accumulates of one inference, from the file itself.

    A quantised weight is zero where it equals its zero point. Scales and zero points are no parameters.
    """
    model = onnx.load(path)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    shapes = {
        v.name: [d.dim_value for d in v.type.tensor_type.shape.dim]
        for v in shape_inference.infer_shapes(model).graph.value_info
    }
    shapes |= {o.name: [1] + [d.dim_value for d in o.type.tensor_type.shape.dim[1:]] for o in model.graph.output}
    held = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    source = {n.output[0]: n for n in model.graph.node}

    def resolve(name):
        """The stored array behind a value, and its zero point."""
        if name in held:
            return held[name], 0
        node = source.get(name)
        if node is not None and node.op_type in ("Reshape", "Cast"):
            return resolve(node.input[0])
        if node is None or node.op_type != "DequantizeLinear" or node.input[0] not in held:
            return None, 0
        array, zero = held[node.input[0]], held[node.input[2]] if len(node.input) > 2 else np.zeros(1)
        axis = next((a.i for a in node.attribute if a.name == "axis"), 1)
        shape = [1] * array.ndim
        if zero.size > 1:
            shape[axis] = zero.size
        return array, zero.astype(np.int32).reshape(shape) if array.ndim else 0

    parameters = zeros = macs = 0
    for node in model.graph.node:
        if node.op_type not in ("Conv", "ConvInteger", "Gemm", "MatMul", "MatMulInteger", "Add"):
            continue
        slots = (1, 2) if node.op_type in ("Conv", "Gemm") else (0, 1) if node.op_type == "Add" else (1,)
        for slot in slots:
            array, zero = resolve(node.input[slot]) if slot < len(node.input) else (None, 0)
            if array is None:
                continue
            if node.op_type in ("ConvInteger", "MatMulInteger") and len(node.input) > 3:
                zero = held[node.input[3]].astype(np.int32)
            parameters += array.size
            zeros += int((array.astype(np.float32) == zero).sum())
            if slot == 1 and node.op_type != "Add":
                spatial = np.prod(shapes[node.output[0]][2:]) if "Conv" in node.op_type else 1
                macs += int(array.size * spatial)
    return {"parameters": int(parameters), "zeros": zeros, "macs": macs, "bytes": path.stat().st_size}


def test_set(folder: Path, task: Task) -> tuple[np.ndarray, np.ndarray]:
    """The task's test inputs as the network takes them, and their labels."""
    data = load_file(folder / "data" / "test.safetensors")
    rows = data[task.input].astype(np.float32) * np.float32(task.scale) + np.float32(task.offset)
    return rows, data["label"]


def sha256(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def judge(folder: Path, task: Task, baseline: str = "fp32") -> tuple[list[dict], dict[str, np.ndarray]]:
    """One row of figures per variant against the baseline, and the raw outputs."""
    rows, label = test_set(folder, task)
    results = {v: outputs(folder / "models" / f"{v}.onnx", rows) for v in task.variants}
    predictions = {v: r.argmax(1) for v, r in results.items()}
    right = {v: p == label for v, p in predictions.items()}
    table = []
    for v in task.variants:
        p, lost, won = mcnemar(right[baseline], right[v])
        row = facts(folder / "models" / f"{v}.onnx") | {"variant": v, "n": len(label)}
        row |= {"top1": float(right[v].mean()), "top1_interval": wilson(int(right[v].sum()), len(label))}
        if task.metric == "f1":
            row |= {"f1": macro_f1(predictions[v], label), "f1_interval": f1_interval(predictions[v], label)}
        # A flip is a sample that one of the two has right and the other wrong; a changed answer may be wrong in both.
        row |= {"lost": lost, "won": won, "changed": int((predictions[v] != predictions[baseline]).sum()), "p": p}
        table.append(row)
    return table, results


def store(path: Path, tensors: dict[str, np.ndarray]) -> None:
    """Writes a safetensors file that everybody may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(save(tensors))


def keep_golden(folder: Path, results: dict[str, np.ndarray]) -> None:
    """Writes each variant's outputs for the first 256 test samples."""
    for variant, logits in results.items():
        store(folder / "golden" / f"{variant}.safetensors", {"logits": logits[:256]})


def markdown(table: list[dict]) -> str:
    """The figures as a Markdown table."""
    f1 = "f1" in table[0]
    head = ["variant", "parameters", "zeros", "MACs", "bytes"] + (["macro-F1 [95 %]"] if f1 else [])
    head += ["top-1 [95 %, Wilson]", "flips (lost + won)", "answers changed", "McNemar p"]
    lines = ["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"]
    for r in table:
        cells = [r["variant"], f"{r['parameters']:,}", f"{r['zeros'] / r['parameters']:.1%}", f"{r['macs']:,}", f"{r['bytes']:,}"]
        for key in ("f1", "top1") if f1 else ("top1",):
            low, high = r[f"{key}_interval"]
            cells.append(f"{r[key]:.4f} [{low:.4f}, {high:.4f}]")
        flips = f"{r['lost'] + r['won']} ({r['lost']} + {r['won']})"
        cells += ["–"] * 3 if r["variant"] == "fp32" else [flips, str(r["changed"]), f"{r['p']:.2g}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
