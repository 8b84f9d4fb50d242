"""8-bit variants through ONNX Runtime's quantiser. Calibration data come from the training set only."""

import logging
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static

# The quantiser advises a pre-processing pass at every call; these graphs have nothing left to fold.
logging.getLogger().setLevel(logging.ERROR)


class Rows(CalibrationDataReader):
    """Feeds rows of an array one batch at a time."""

    def __init__(self, name: str, rows: np.ndarray, batch: int = 50):
        self.parts = iter([{name: rows[i : i + batch]} for i in range(0, len(rows), batch)])

    def get_next(self):
        return next(self.parts, None)


def tidy(path: Path) -> None:
    """Drops inferred shapes, which carry numbered symbols, and moves every initialiser to raw_data."""
    model = onnx.load(path)
    del model.graph.value_info[:]
    for item in model.graph.initializer:
        if not item.HasField("raw_data"):
            array = onnx.numpy_helper.to_array(item)
            item.CopyFrom(onnx.numpy_helper.from_array(array, item.name))
    onnx.checker.check_model(model)
    onnx.save(model, path)


def dynamic(source: Path, target: Path) -> None:
    """Weights in 8 bits, activations quantised at run time. Convolutions need unsigned weights."""
    quantize_dynamic(source, target, weight_type=QuantType.QUInt8)
    tidy(target)


def static(source: Path, target: Path, name: str, rows: np.ndarray, per_channel: bool, reduce_range: bool) -> None:
    """QDQ with unsigned activations and signed weights; ranges are the extremes over `rows`."""
    quantize_static(
        source,
        target,
        Rows(name, rows),
        quant_format=QuantFormat.QDQ,
        per_channel=per_channel,
        reduce_range=reduce_range,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    tidy(target)


def choose_static(source, target, name, rows, per_channel, correct_of, log) -> None:
    """Writes the static model, with 7-bit weights unless 8 bits do significantly better on validation data.

    On a processor without VNNI the 8-bit product of unsigned and signed numbers can saturate, and this
    cannot show on one that has it; so 7 bits stand unless they cost something that can be shown.
    `correct_of(path)` says for each validation sample whether the model is right.
    """
    from common.evaluate import mcnemar

    with tempfile.TemporaryDirectory() as folder:
        wide = Path(folder) / "wide.onnx"
        static(source, wide, name, rows, per_channel, False)
        static(source, target, name, rows, per_channel, True)
        narrow_right, wide_right = correct_of(target), correct_of(wide)
        p, _, _ = mcnemar(narrow_right, wide_right)
        better = wide_right.mean() > narrow_right.mean() and p < 0.05
        log(
            f"{target.stem}: validation 7-bit {narrow_right.mean():.4f}, 8-bit {wide_right.mean():.4f}, "
            f"McNemar p {p:.3g}: {'8' if better else '7'} bits"
        )
        if better:
            target.write_bytes(wide.read_bytes())
