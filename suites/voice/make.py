"""Makes the suite's data, models, golden outputs and figures, from the Debian package pocketsphinx-testdata."""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from onnxruntime.quantization import QuantType, quantize_dynamic

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "starter"))

import audio  # noqa: E402
import measure  # noqa: E402
from common.evaluate import store  # noqa: E402
from common.quantise import tidy  # noqa: E402
from common.training import Log, seeded  # noqa: E402
from network import BANDS, POSITIONS, TAPS, Net, export, features  # noqa: E402

STREAMS, LENGTH, BATCH, EPOCHS = 768, 250, 16, 20
# The noise in the test stream, in dB under the speech around it.
RATIOS = (15, 10, 5, 0)
GOLDEN = 256


def disturb(rng: np.random.Generator, frames: np.ndarray) -> np.ndarray:
    """Sounds that are no speech, so that loud alone does not pass for it: hum, knocks and bursts of noise."""
    mixed = frames.astype(np.float32).ravel() / 32768
    n = len(mixed)
    time = np.arange(n) / audio.RATE
    if rng.random() < 0.3:
        hum = sum(np.sin(2 * np.pi * h * rng.uniform(45, 65) * time + rng.uniform(0, 6)) / h for h in range(1, 8))
        mixed = mixed + 10 ** (rng.uniform(-60, -30) / 20) * hum
    for _ in range(rng.poisson(2)):
        length = int(rng.choice([200, 800, 8000]) * rng.uniform(0.5, 2))
        at = rng.integers(0, n - length)
        burst = audio.coloured(rng, length, rng.uniform(0, 2)) * np.exp(-np.linspace(0, rng.uniform(0, 6), length))
        mixed[at : at + length] += 10 ** (rng.uniform(-45, -18) / 20) * burst
    return audio.framed(mixed)


def training(rng: np.random.Generator, clips: list[audio.Clip], count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Features and labels of `count` streams of 8 s: pieces of clips, varied, in noise of all colours."""
    x, y = [], []
    while len(x) < count:
        picked = []
        for _ in range(5):
            chosen = clips[rng.integers(len(clips))]
            length = min(len(chosen.samples), int(rng.uniform(0.4, 3) * audio.RATE))
            at = rng.integers(0, len(chosen.samples) - length + 1)
            piece = audio.Clip(chosen.samples[at : at + length], chosen.speech[at : at + length])
            if piece.speech.mean() > 0.5:
                picked.append(audio.varied(rng, piece))
        frames, speech = audio.stream(rng, picked, list(rng.uniform(-3, 25, len(picked))), rng.uniform(0, 2))
        if len(frames) >= LENGTH:
            x.append(features(disturb(rng, frames[:LENGTH])))
            y.append(torch.from_numpy(speech[:LENGTH]).float())
    return torch.stack(x), torch.stack(y)


def fit(net: Net, x: torch.Tensor, y: torch.Tensor, check, rng: np.random.Generator, log: Log) -> None:
    """Adam under a one-cycle schedule; the last epoch's weights are kept."""
    optimiser = torch.optim.Adam(net.parameters(), lr=4e-3, weight_decay=1e-5)
    steps = len(x) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=4e-3, total_steps=steps * EPOCHS)
    for epoch in range(1, EPOCHS + 1):
        net.train()
        total = 0.0
        for pick in rng.permutation(len(x)).reshape(steps, BATCH):
            optimiser.zero_grad(set_to_none=True)
            loss = F.binary_cross_entropy_with_logits(net(x[pick]), y[pick])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            optimiser.step()
            schedule.step()
            total += loss.item()
        net.eval()
        with torch.no_grad():
            score = measure.auc(net(check[0]).numpy(), check[1].numpy().ravel())
        log(f"epoch {epoch}/{EPOCHS} loss {total / steps:.4f} validation AUC {score:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, required=True, help="the .deb of pocketsphinx-testdata")
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--seed", type=int, default=20261122)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    out, seed = arguments.out, arguments.seed
    log = Log(out / "make.log")
    log(f"voice: torch {torch.__version__}, seed {seed}, one thread")

    files = audio.package(arguments.package)
    train, check, test = ([audio.clip(name, files[name]) for name in names]
                          for names in (audio.TRAIN, audio.VALIDATION, audio.TEST))  # fmt: skip
    for name, clips in (("train", train), ("validation", check), ("test", test)):
        log(f"{name}: {len(clips)} clips, {sum(len(c.samples) for c in clips) / audio.RATE:.1f} s")
    rng = seeded(seed)
    x, y = training(rng, train, STREAMS)
    checked = training(rng, check, 32)
    log(f"training streams {list(x.shape)}, speech in {y.mean():.3f} of the frames")
    net = Net(x.mean((0, 1)), x.std((0, 1)))
    log(f"parameters: {sum(p.numel() for p in net.parameters())} trained, {2 * BANDS * TAPS} fixed")
    fit(net, x, y, checked, rng, log)

    models = out / "models"
    export(net, models / "fp32.onnx")
    export(net, models / "fp16.onnx", half=True)
    quantize_dynamic(models / "fp32.onnx", models / "int8-dynamic.onnx", ["MatMul"], weight_type=QuantType.QUInt8)
    tidy(models / "int8-dynamic.onnx")

    # Every clip of the test twice, in an order and at levels that the seed draws.
    rng = np.random.default_rng(seed)
    order = np.concatenate([rng.permutation(len(test)), rng.permutation(len(test))])
    ratios = [float(RATIOS[index % len(RATIOS)]) for index in rng.permutation(len(order))]
    frames, speech = audio.stream(rng, [test[index] for index in order], ratios, 1.0)
    log(f"test stream: {len(frames)} frames, {len(frames) * audio.FRAME / audio.RATE:.1f} s, speech in {speech.mean():.3f}")
    log(f"clips {order.tolist()} at {ratios} dB")
    state = measure.run(models / "fp32.onnx", frames)["state"]
    with torch.no_grad():
        logits = net(features(frames)[None])
    data = {"audio": frames, "state": state, "label": speech.astype(np.uint8)}
    store(out / "data" / "test.safetensors", data)
    figures, golden = measure.table(models, data)
    far = np.abs(torch.sigmoid(logits).numpy().ravel() - golden["fp32"]["speech"].ravel()).max()
    log(f"fp32.onnx along the stream is PyTorch's sequence within {far:.2g}")
    for variant, outputs in golden.items():
        kept = {name: outputs[name][:GOLDEN] for name in ("speech", "next_state")}
        store(out / "golden" / f"{variant}.safetensors", kept)
    log(figures)


if __name__ == "__main__":
    main()
