"""Fashion-MNIST from the Debian package `dataset-fashion-mnist`, split and augmented."""

import gzip
from pathlib import Path

import numpy as np
import torch

from common.tasks import FASHION

VALIDATION = 5000
BATCH = 256


def idx(path: Path) -> np.ndarray:
    """Reads one gzip-compressed IDX file of bytes."""
    raw = gzip.decompress(path.read_bytes())
    dims = raw[3]
    shape = [int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(dims)]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * dims).reshape(shape)


def normalised(image: np.ndarray) -> np.ndarray:
    """Bytes [N,28,28] as the network's input f32 [N,1,28,28]."""
    return (image.astype(np.float32) * np.float32(FASHION.scale) + np.float32(FASHION.offset))[:, None]


class Fashion:
    """Training, validation and test pictures; the validation pictures come out of the training file."""

    def __init__(self, folder: Path, seed: int):
        image, label = idx(folder / "train-images-idx3-ubyte.gz"), idx(folder / "train-labels-idx1-ubyte.gz")
        order = np.random.default_rng(seed).permutation(len(image))
        held, kept = order[:VALIDATION], order[VALIDATION:]
        self.train_image, self.train_label = image[kept], label[kept].astype(np.int64)
        self.validation_image, self.validation_label = image[held], label[held].astype(np.int64)
        self.test_image = idx(folder / "t10k-images-idx3-ubyte.gz")
        self.test_label = idx(folder / "t10k-labels-idx1-ubyte.gz").astype(np.int64)
        self.padded = np.pad(self.train_image, ((0, 0), (2, 2), (2, 2)))
        self.steps = len(kept) // BATCH

    def batches(self, rng: np.random.Generator):
        """One epoch of shuffled pictures, each moved by up to 2 pixels and mirrored half the time."""
        order = rng.permutation(len(self.padded))
        span = np.arange(28)
        for step in range(self.steps):
            pick = order[step * BATCH : (step + 1) * BATCH]
            rows = rng.integers(0, 5, BATCH)[:, None] + span
            columns = rng.integers(0, 5, BATCH)[:, None] + span
            mirror = rng.random(BATCH) < 0.5
            columns[mirror] = columns[mirror, ::-1]
            image = self.padded[pick[:, None, None], rows[:, :, None], columns[:, None, :]]
            x = torch.from_numpy(normalised(image)).contiguous(memory_format=torch.channels_last)
            yield x, torch.from_numpy(self.train_label[pick])
