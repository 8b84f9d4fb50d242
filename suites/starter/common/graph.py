"""Writes small, clean ONNX graphs: raw_data initialisers, named nodes, one dynamic axis `batch`."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

FLOAT, HALF = TensorProto.FLOAT, TensorProto.FLOAT16


def tensor(name: str, array: np.ndarray, kind: int | None = None) -> onnx.TensorProto:
    """An initialiser that keeps its values in raw_data, which every reader understands."""
    kind = kind or helper.np_dtype_to_tensor_dtype(array.dtype)
    if kind == TensorProto.INT4:
        nibbles = array.astype(np.int8).flatten() & 0x0F
        nibbles = np.append(nibbles, np.zeros(len(nibbles) % 2, np.int8))
        raw = (nibbles[0::2] | (nibbles[1::2] << 4)).astype(np.uint8).tobytes()
    else:
        raw = np.ascontiguousarray(array).tobytes()
    return helper.make_tensor(name, kind, array.shape, raw, raw=True)


class Graph:
    """Collects nodes and initialisers; every method takes and returns names of values."""

    def __init__(self, name: str, half: bool = False, opset: int = 13):
        self.name, self.half, self.opset = name, half, opset
        self.nodes, self.initialisers = [], []

    def node(self, kind: str, name: str, inputs, **attributes) -> str:
        """Adds a node whose only output carries the node's name."""
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def constant(self, name: str, array: np.ndarray) -> str:
        """Adds a weight or bias in the graph's float type."""
        array = np.asarray(array, np.float16 if self.half else np.float32)
        self.initialisers.append(tensor(name, array))
        return name

    def weight(self, name: str, value) -> str:
        """Adds a weight; a pair (integers, scale per output channel) becomes INT4 and DequantizeLinear."""
        if not isinstance(value, tuple):
            return self.constant(name, value)
        integers, scale = value
        self.initialisers.append(tensor(f"{name}.int4", integers, TensorProto.INT4))
        self.initialisers.append(tensor(f"{name}.scale", scale.astype(np.float32)))
        return self.node("DequantizeLinear", name, [f"{name}.int4", f"{name}.scale"], axis=0)

    def conv(self, name: str, x: str, weight, bias, kernel: list[int], stride: int, relu: bool) -> str:
        """A convolution with symmetric padding that keeps the size at stride 1, and an optional ReLU."""
        inputs = [x, self.weight(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)]
        pads = [k // 2 for k in kernel] * 2
        y = self.node("Conv", name, inputs, kernel_shape=kernel, strides=[stride] * len(kernel), pads=pads)
        return self.node("Relu", f"{name}.relu", [y]) if relu else y

    def linear(self, name: str, x: str, weight, bias) -> str:
        """A linear layer.

        The half-precision graph has MatMul and Add in the place of Gemm: candle-onnx 0.11 multiplies
        Gemm's operands by 32-bit factors and refuses other types.
        """
        if self.half:
            y = self.node("MatMul", f"{name}.product", [x, self.constant(f"{name}.weight", weight.T)])
            return self.node("Add", name, [y, self.constant(f"{name}.bias", bias)])
        inputs = [x, self.weight(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)]
        return self.node("Gemm", name, inputs, transB=1)

    def enter(self, name: str) -> str:
        """The graph's input in the type that it computes in."""
        return self.node("Cast", f"{name}.half", [name], to=HALF) if self.half else name

    def save(self, path: Path, source: tuple[str, list], result: str, target: tuple[str, list]) -> None:
        """Names the last value `target`, checks the model and writes it."""
        if self.half:
            self.node("Cast", target[0], [result], to=FLOAT)
        else:
            self.nodes[-1].output[0] = target[0]
        graph = helper.make_graph(
            self.nodes,
            self.name,
            [helper.make_tensor_value_info(source[0], FLOAT, source[1])],
            [helper.make_tensor_value_info(target[0], FLOAT, target[1])],
            self.initialisers,
        )
        opset = [helper.make_opsetid("", self.opset)]
        ir = 10 if self.opset >= 21 else 8
        model = helper.make_model(graph, opset_imports=opset, ir_version=ir, producer_name="edgebench starter")
        onnx.checker.check_model(model, full_check=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(model, path)
