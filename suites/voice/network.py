"""The detector: a fixed filter bank, one layer, a gated recurrent unit of 64 and a logistic output."""

import sys
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "starter"))

from audio import FRAME, RATE  # noqa: E402
from common.graph import FLOAT, HALF, Graph  # noqa: E402

BANDS, TAPS, HOP = 40, 256, 128
POSITIONS = (FRAME - TAPS) // HOP + 1
HIDDEN = 64
# Far below the energy of any sound that matters, so that the logarithm of silence is finite.
FLOOR = 1e-8


def filter_bank() -> tuple[np.ndarray, np.ndarray]:
    """Cosine and sine parts [BANDS, 1, TAPS] of Gabor filters at mel-spaced frequencies from 80 to 7,600 Hz.

    The Gaussian narrows with the spacing of the bands; white noise of power P leaves P in each band.
    """
    mel = np.linspace(*(2595 * np.log10(1 + f / 700) for f in (80, 7600)), BANDS + 2)
    hertz = 700 * (10 ** (mel / 2595) - 1)
    time = np.arange(TAPS) - (TAPS - 1) / 2
    cosines, sines = [], []
    for low, centre, high in zip(hertz[:-2], hertz[1:-1], hertz[2:]):
        width = min(TAPS / 5, RATE / (np.pi * (high - low) / 2))
        window = np.exp(-0.5 * (time / width) ** 2)
        window /= np.sqrt((window**2).sum())
        phase = 2 * np.pi * centre / RATE * time
        cosines.append(window * np.cos(phase))
        sines.append(window * np.sin(phase))
    return (np.array(part, np.float32)[:, None] for part in (cosines, sines))


@torch.no_grad()
def features(frames: np.ndarray) -> torch.Tensor:
    """Logarithms of the bands' energies at each position of 16-bit frames, [N, BANDS * POSITIONS]."""
    cosines, sines = (torch.from_numpy(part) for part in filter_bank())
    x = torch.from_numpy(frames.astype(np.float32) / 32768)[:, None]
    energy = nn.functional.conv1d(x, cosines, stride=HOP) ** 2 + nn.functional.conv1d(x, sines, stride=HOP) ** 2
    return torch.log(energy + FLOOR).flatten(1)


class Net(nn.Module):
    """Everything behind the filter bank, on sequences [N, T, BANDS * POSITIONS]; gives logits [N, T]."""

    def __init__(self, mean: torch.Tensor, deviation: torch.Tensor):
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        self.embed = nn.Linear(BANDS * POSITIONS, HIDDEN)
        self.memory = nn.GRU(HIDDEN, HIDDEN, batch_first=True)
        self.head = nn.Linear(HIDDEN, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.embed((x - self.mean) / self.deviation))
        return self.head(self.memory(x)[0])[..., 0]


def export(net: Net, path: Path, half: bool = False) -> None:
    """Writes one step as ONNX: `audio` and `state` to `speech` and `next_state`, in basic operators.

    The half-precision graph keeps the filter bank in 32 bits, because the energy of quiet sound is too small for 16.
    """
    bank = Graph("voice")
    energies = []
    bank.initialisers.append(numpy_helper.from_array(np.array([-1, 1, FRAME]), "channel.shape"))
    x = bank.node("Reshape", "channel", ["audio", "channel.shape"])
    for name, weight in zip(("cosine", "sine"), filter_bank()):
        inputs = [x, bank.constant(f"{name}.weight", weight)]
        part = bank.node("Conv", name, inputs, kernel_shape=[TAPS], strides=[HOP])
        energies.append(bank.node("Mul", f"{name}.squared", [part, part]))
    x = bank.node("Add", "energy", energies)
    x = bank.node("Add", "energy.floored", [x, bank.constant("floor", np.array([FLOOR]))])
    x = bank.node("Log", "energy.log", [x])
    bank.initialisers.append(numpy_helper.from_array(np.array([-1, BANDS * POSITIONS]), "features.shape"))
    x = bank.node("Reshape", "features", [x, "features.shape"])

    graph = Graph("voice", half)
    graph.nodes, graph.initialisers = bank.nodes, bank.initialisers
    x, h = (graph.node("Cast", f"{value}.half", [value], to=HALF) if half else value for value in (x, "state"))

    def product(name: str, value: str, weight: torch.Tensor, bias: torch.Tensor) -> str:
        y = graph.node("MatMul", f"{name}.product", [value, graph.constant(f"{name}.weight", weight.detach().numpy().T)])
        return graph.node("Add", name, [y, graph.constant(f"{name}.bias", bias.detach().numpy())])

    # (x - mean) / deviation is linear, so that it goes into the first layer.
    weight = net.embed.weight / net.deviation
    x = graph.node("Relu", "embed.relu", [product("embed", x, weight, net.embed.bias - weight @ net.mean)])
    gates = ("reset", "update", "fresh")
    parameters = (net.memory.weight_ih_l0, net.memory.bias_ih_l0, net.memory.weight_hh_l0, net.memory.bias_hh_l0)
    new, old = {}, {}
    for gate, w, b, u, c in zip(gates, *(part.chunk(3) for part in parameters)):
        new[gate], old[gate] = product(f"{gate}.in", x, w, b), product(f"{gate}.state", h, u, c)
    sums = {gate: graph.node("Add", f"{gate}.sum", [new[gate], old[gate]]) for gate in ("reset", "update")}
    reset, update = (graph.node("Sigmoid", gate, [total]) for gate, total in sums.items())
    kept = graph.node("Mul", "fresh.kept", [reset, old["fresh"]])
    fresh = graph.node("Tanh", "fresh", [graph.node("Add", "fresh.sum", [new["fresh"], kept])])
    change = graph.node("Sub", "change", [h, fresh])
    change = graph.node("Mul", "change.kept", [update, change])
    h = graph.node("Add", "memory", [fresh, change])
    speech = graph.node("Sigmoid", "probability", [product("head", h, net.head.weight, net.head.bias)])
    for value, name in ((speech, "speech"), (h, "next_state")):
        graph.node("Cast" if half else "Identity", name, [value], **({"to": FLOAT} if half else {}))
    save(graph, path)


def save(graph: Graph, path: Path) -> None:
    """Checks the model and writes it."""
    state = ["batch", HIDDEN]
    inputs = {"audio": ["batch", FRAME], "state": state}
    outputs = {"speech": ["batch", 1], "next_state": state}
    info = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in group.items()]
        for group in (inputs, outputs)
    ]
    model = helper.make_model(
        helper.make_graph(graph.nodes, graph.name, *info, graph.initialisers),
        opset_imports=[helper.make_opsetid("", graph.opset)],
        ir_version=8,
        producer_name="edgebench voice",
    )
    onnx.checker.check_model(model, full_check=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
