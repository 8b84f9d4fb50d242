"""ResNet-8 in MLPerf Tiny's shape for 28x28 grey pictures, with and without batch normalisation."""

import torch
from torch import nn


class Unit(nn.Module):
    """A convolution, followed by batch normalisation while the network trains from scratch."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, norm: bool):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=not norm)
        self.norm = nn.BatchNorm2d(outputs) if norm else None

    def forward(self, x):
        x = self.conv(x)
        return self.norm(x) if self.norm else x


class Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut, which is a 1x1 convolution where the shape changes."""

    def __init__(self, inputs: int, outputs: int, stride: int, norm: bool):
        super().__init__()
        self.first = Unit(inputs, outputs, 3, stride, norm)
        self.second = Unit(outputs, outputs, 3, 1, norm)
        self.shortcut = Unit(inputs, outputs, 1, stride, norm) if stride != 1 or inputs != outputs else None

    def forward(self, x):
        y = self.second(torch.relu(self.first(x)))
        return torch.relu(y + (self.shortcut(x) if self.shortcut else x))


class ResNet8(nn.Module):
    """Stem, three blocks at 28x28, 14x14 and 7x7, mean over the picture, one linear layer."""

    def __init__(self, widths=(16, 32, 64), norm=True):
        super().__init__()
        a, b, c = widths
        self.widths = tuple(widths)
        self.stem = Unit(1, a, 3, 1, norm)
        self.block1 = Block(a, a, 1, norm)
        self.block2 = Block(a, b, 2, norm)
        self.block3 = Block(b, c, 2, norm)
        self.head = nn.Linear(c, 10)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        x = self.block3(self.block2(self.block1(x)))
        return self.head(x.mean((2, 3)))


def units(model: ResNet8) -> dict[str, Unit]:
    """The network's convolution units by name."""
    return {name: m for name, m in model.named_modules() if isinstance(m, Unit)}


@torch.no_grad()
def folded(model: ResNet8) -> ResNet8:
    """The same function without batch normalisation: its scale and shift are put into the convolutions."""
    plain = ResNet8(model.widths, norm=False).to(memory_format=torch.channels_last)
    for name, unit in units(model).items():
        target, norm = units(plain)[name].conv, unit.norm
        factor = norm.weight / (norm.running_var + norm.eps).sqrt()
        target.weight.copy_(unit.conv.weight * factor.reshape(-1, 1, 1, 1))
        target.bias.copy_(norm.bias - norm.running_mean * factor)
    plain.head.load_state_dict(model.head.state_dict())
    return plain.eval()


@torch.no_grad()
def narrowed(model: ResNet8, widths) -> ResNet8:
    """Removes whole channels, those of the least L1 norm, from a folded network.

    Channels that are added together (stem and block 1; a block's second convolution and its shortcut)
    are kept or removed together.
    """
    small = ResNet8(widths, norm=False).to(memory_format=torch.channels_last)
    old, new = units(model), units(small)

    def norm_of(name, inputs):
        return old[name].conv.weight[:, inputs].abs().sum((1, 2, 3))

    def keep(importance, count):
        return importance.topk(count).indices.sort().values

    def move(name, outputs, inputs):
        new[name].conv.weight.copy_(old[name].conv.weight[outputs][:, inputs])
        new[name].conv.bias.copy_(old[name].conv.bias[outputs])

    everything = slice(None)
    stage = keep(norm_of("stem", everything) + norm_of("block1.second", everything), widths[0])
    move("stem", stage, everything)
    for block, width in zip(("block1", "block2", "block3"), widths):
        before = stage
        if block != "block1":
            joint = norm_of(f"{block}.second", everything) + norm_of(f"{block}.shortcut", before)
            stage = keep(joint, width)
            move(f"{block}.shortcut", stage, before)
        inner = keep(norm_of(f"{block}.first", before), width)
        move(f"{block}.first", inner, before)
        move(f"{block}.second", stage, inner)
    small.head.weight.copy_(model.head.weight[:, stage])
    small.head.bias.copy_(model.head.bias)
    return small
