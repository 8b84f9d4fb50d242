"""What the scripts know of the two tasks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """The input's name, how stored numbers become the network's (number * scale + offset), and the variants."""

    name: str
    input: str
    metric: str
    variants: tuple[str, ...]
    scale: float = 1.0
    offset: float = 0.0


MEAN, STD = 0.2860, 0.3530
FASHION = Task(
    "fashion",
    "image",
    "top1",
    (
        "fp32",
        "fp16",
        "int8-dynamic",
        "int8-static",
        "int8-static-tensor",
        "int4-weight",
        "pruned-50",
        "pruned-channels",
        "distilled",
    ),
    # A pixel is a byte: (byte / 255 - MEAN) / STD.
    scale=1 / (255 * STD),
    offset=-MEAN / STD,
)
WATCH = Task("watch", "signal", "f1", ("fp32", "fp16", "int8-dynamic", "int8-static", "pruned-50", "pruned-90"))
