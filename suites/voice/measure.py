"""Runs a variant along the stream in ONNX Runtime, and judges its probabilities."""

from pathlib import Path

import numpy as np
import onnxruntime as ort

VARIANTS = ("fp32", "fp16", "int8-dynamic")


def session(path: Path) -> ort.InferenceSession:
    """The model on one thread of the CPU."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def run(path: Path, frames: np.ndarray, states: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Outputs for 16-bit frames, one at a time, and under `state` the state that each frame was given.

    The state is carried from zeros, unless `states` has one for each frame.
    """
    model = session(path)
    size = model.get_inputs()[1].shape[1]
    state, rows = np.zeros((1, size), np.float32), []
    for index, frame in enumerate(frames.astype(np.float32) / 32768):
        given = state if states is None else states[index : index + 1]
        speech, state = model.run(["speech", "next_state"], {"audio": frame[None], "state": given})
        rows.append((speech, state, given))
    return dict(zip(("speech", "next_state", "state"), (np.concatenate(part) for part in zip(*rows))))


def auc(score: np.ndarray, label: np.ndarray) -> float:
    """Area under the ROC curve: how often a frame of speech scores above one without, ties counting half."""
    values, place, count = np.unique(score.ravel(), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place.ravel()]
    positive = label.astype(bool)
    n, m = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m))


def f1(score: np.ndarray, label: np.ndarray, threshold: float = 0.5) -> float:
    """F1 of speech at a threshold."""
    said, positive = score.ravel() > threshold, label.astype(bool)
    return float(2 * (said & positive).sum() / (said.sum() + positive.sum()))


def table(models: Path, data: dict[str, np.ndarray]) -> tuple[str, dict]:
    """Figures of every variant with the recorded, the carried and no state, as Markdown; and the first way's outputs."""
    frames, states, label = data["audio"], data["state"], data["label"]
    ways = {"recorded": states, "carried": None, "zero": np.zeros_like(states)}
    head = ["variant", "bytes", *(f"{figure}, {way} state" for figure in ("AUC", "F1") for way in ways)]
    head += ["largest difference from fp32, carried"]
    lines = ["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"]
    golden, reference = {}, None
    for variant in VARIANTS:
        path = models / f"{variant}.onnx"
        results = {way: run(path, frames, given) for way, given in ways.items()}
        golden[variant] = results["recorded"]
        reference = results["carried"] if reference is None else reference
        figures = [f"{figure(results[way]['speech'], label):.4f}" for figure in (auc, f1) for way in ways]
        far = np.abs(results["carried"]["speech"] - reference["speech"]).max()
        lines.append("| " + " | ".join([variant, f"{path.stat().st_size:,}", *figures, f"{far:.2g}"]) + " |")
    return "\n".join(lines), golden
