"""Writes the task's data, one ONNX file per variant, the golden outputs and the figures."""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common.evaluate import executed, facts, judge, keep_golden, markdown, mcnemar, outputs, store, test_set, wilson  # noqa: E402
from common.graph import Graph  # noqa: E402
from common.quantise import choose_static, dynamic  # noqa: E402
from common.tasks import FASHION  # noqa: E402
from common.training import Log, make_int4, weighted  # noqa: E402
from fashion.data import Fashion, normalised  # noqa: E402
from fashion.model import ResNet8, folded  # noqa: E402
from fashion.train import NARROW, STUDENT, WIDTHS  # noqa: E402

CALIBRATION = 500


def numbers(layer):
    """A layer's weight, as (integers, scale) where it trains in 4 bits, and its bias."""
    weight, bias = layer.weight.detach().contiguous().numpy(), layer.bias.detach().numpy()
    if hasattr(layer, "parametrizations"):
        quantiser = layer.parametrizations.weight[0]
        original = layer.parametrizations.weight.original.detach()
        integers = quantiser.integers(original).contiguous().numpy().astype(np.int8)
        scale = quantiser.scale.flatten().numpy()
        assert np.allclose(integers * quantiser.scale.numpy(), weight, atol=1e-6)
        weight = (integers, scale)
    return weight, bias


def write(model: ResNet8, path: Path, half: bool = False, opset: int = 13) -> None:
    """Writes a network without batch normalisation as ONNX."""
    graph = Graph("fashion", half, opset)

    def conv(name, unit, x, relu):
        layer = unit.conv
        return graph.conv(name, x, *numbers(layer), list(layer.kernel_size), layer.stride[0], relu)

    x = conv("stem", model.stem, graph.enter("image"), True)
    for name in ("block1", "block2", "block3"):
        block = getattr(model, name)
        y = conv(f"{name}.first", block.first, x, True)
        y = conv(f"{name}.second", block.second, y, False)
        if block.shortcut:
            x = conv(f"{name}.shortcut", block.shortcut, x, False)
        x = graph.node("Relu", f"{name}.relu", [graph.node("Add", f"{name}.sum", [y, x])])
    x = graph.node("AveragePool", "pool", [x], kernel_shape=[7, 7], strides=[1, 1])
    x = graph.node("Flatten", "flat", [x], axis=1)
    x = graph.linear("head", x, *numbers(model.head))
    graph.save(path, ("image", ["batch", 1, 28, 28]), x, ("logits", ["batch", 10]))


def trained(work: Path, stage: str, model: ResNet8) -> ResNet8:
    """The stage's network from its checkpoint."""
    model.load_state_dict(torch.load(work / f"{stage}.pt", weights_only=True))
    return model.eval()


def share_in_4_bits(model: ResNet8) -> float:
    """The share of all weights and biases that the file holds in 4 bits."""
    weights = sum(layer.weight.numel() for _, layer in weighted(model))
    return weights / (weights + sum(layer.bias.numel() for _, layer in weighted(model)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--work", type=Path, required=True, help="folder with the checkpoints of train.py")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--seed", type=int, default=20261121)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    out, work, models = arguments.out, arguments.work, arguments.out / "models"
    log = Log(out / "make.log")
    data = Fashion(arguments.data, arguments.seed)

    test = {"image": data.test_image[:, None].copy(), "label": data.test_label}
    store(out / "data" / "test.safetensors", test)

    base = folded(trained(work, "base", ResNet8(WIDTHS)))
    write(base, models / "fp32.onnx")
    write(base, models / "fp16.onnx", half=True)
    write(trained(work, "pruned-50", ResNet8(WIDTHS, norm=False)), models / "pruned-50.onnx")
    write(trained(work, "pruned-channels", ResNet8(NARROW, norm=False)), models / "pruned-channels.onnx")
    int4 = trained(work, "int4-weight", make_int4(ResNet8(WIDTHS, norm=False)))
    log(f"int4-weight: {share_in_4_bits(int4):.2%} of all parameters in 4 bits")
    write(int4, models / "int4-weight.onnx", opset=21)
    write(folded(trained(work, "distilled", ResNet8(STUDENT))), models / "distilled.onnx")
    alone = out / "student-alone.onnx"
    write(folded(trained(work, "student-alone", ResNet8(STUDENT))), alone)

    dynamic(models / "fp32.onnx", models / "int8-dynamic.onnx")
    rows = normalised(data.train_image[:CALIBRATION])
    check = normalised(data.validation_image)

    def correct(path):
        return outputs(path, check).argmax(1) == data.validation_label

    for name, per_channel in (("int8-static", True), ("int8-static-tensor", False)):
        choose_static(models / "fp32.onnx", models / f"{name}.onnx", "image", rows, per_channel, correct, log)

    table, results = judge(out, FASHION)
    keep_golden(out, results)
    log(markdown(table))
    rows, label = test_set(out, FASHION)
    taught, own = results["distilled"].argmax(1) == label, outputs(alone, rows).argmax(1) == label
    p, lost, won = mcnemar(own, taught)
    low, high = wilson(int(own.sum()), len(own))
    log(f"student-alone: {facts(alone)}, top-1 {own.mean():.4f} [{low:.4f}, {high:.4f}]")
    log(f"distilled against student-alone: lost {lost}, won {won}, McNemar p {p:.2g}")
    for name in FASHION.variants:
        log(f"{name} as ONNX Runtime runs it: {executed(models / f'{name}.onnx', work / 'optimised.onnx')}")


if __name__ == "__main__":
    main()
