"""Streams with known speech: clips of people talking, spliced with gaps, in noise."""

import hashlib
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

RATE = 16_000
FRAME = 512
PACKAGE_SHA256 = "eaeb7a01d54f20b799d1a81ef110ec544b2cb47ea006614078220737a33019f0"
FOLDER = "./usr/share/pocketsphinx/test/data/"
READER = FOLDER + "librivox/sense_and_sensibility_01_austen_64kb-{:04}.wav"
# Split by voice and fixed before anything was trained: the reader of the book trains, everybody else tests.
TRAIN = [READER.format(number) for number in (870, 890, 920, 930)]
VALIDATION = [READER.format(880)]
TEST = [f"{FOLDER}cards/{number:03}.wav" for number in range(1, 6)]
TEST += [f"{FOLDER}{name}.raw" for name in ("goforward", "numbers", "something")]


@dataclass(frozen=True)
class Clip:
    """One utterance in [-1, 1] and, for each sample, whether somebody speaks."""

    samples: np.ndarray
    speech: np.ndarray


def package(path: Path) -> dict[str, bytes]:
    """The files of the Debian package, after its hash is checked."""
    raw = path.read_bytes()
    found = hashlib.sha256(raw).hexdigest()
    if found != PACKAGE_SHA256:
        raise SystemExit(f"{path.name}: sha256 is {found}, expected {PACKAGE_SHA256}")
    at, members = len(b"!<arch>\n"), {}
    while at < len(raw):
        name, size = raw[at : at + 16].decode().strip().rstrip("/"), int(raw[at + 48 : at + 58])
        members[name] = raw[at + 60 : at + 60 + size]
        at += 60 + size + size % 2
    with tarfile.open(fileobj=io.BytesIO(members["data.tar.xz"])) as archive:
        return {entry.name: archive.extractfile(entry).read() for entry in archive if entry.isfile()}


def clip(name: str, raw: bytes) -> Clip:
    """An utterance of 16-bit mono samples at 16 kHz, with or without the 44 bytes of a WAV header."""
    raw = raw[44:] if name.endswith(".wav") else raw
    samples = np.frombuffer(raw[: len(raw) // 2 * 2], "<i2").astype(np.float32) / 32768
    return Clip(samples, speaking(samples))


def speaking(samples: np.ndarray, step: int = 160) -> np.ndarray:
    """Which samples of a clean clip are speech, told from its energy in steps of 10 ms.

    A step is loud above two fifths of the way, in dB, from the 5th percentile, which is the room, to the 95th. Pauses
    under 300 ms belong to the speech around them, and loud stretches under 50 ms are no speech.
    """
    steps = len(samples) // step
    level = 10 * np.log10((samples[: steps * step].reshape(steps, step) ** 2).mean(1) + 1e-10)
    room, voice = np.percentile(level, (5, 95))
    loud = level > room + 0.4 * (voice - room)
    for value, shortest in ((False, 30), (True, 5)):
        edges = np.flatnonzero(np.diff(loud)) + 1
        for start, end in zip(edges[:-1], edges[1:]):
            if loud[start] == value and end - start < shortest:
                loud[start:end] = not value
    return np.append(np.repeat(loud, step), np.zeros(len(samples) - steps * step, bool))


def coloured(rng: np.random.Generator, n: int, slope: float) -> np.ndarray:
    """Noise of unit RMS whose power falls as 1/f^slope; 1 is pink."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    frequency = np.maximum(np.fft.rfftfreq(n, 1 / RATE), 20.0)
    noise = np.fft.irfft(spectrum * frequency ** (-slope / 2), n)
    return (noise / noise.std()).astype(np.float32)


def varied(rng: np.random.Generator, original: Clip) -> Clip:
    """Another voice in another room: faster or slower with its pitch, and a random tilt of the spectrum."""
    n = int(len(original.samples) / rng.uniform(0.75, 1.3))
    at = np.linspace(0, len(original.samples) - 1, n)
    samples = np.interp(at, np.arange(len(original.samples)), original.samples)
    spectrum = np.fft.rfft(samples)
    spectrum *= (np.maximum(np.fft.rfftfreq(n, 1 / RATE), 50.0) / 1000) ** rng.uniform(-0.4, 0.4)
    return Clip(np.fft.irfft(spectrum, n).astype(np.float32), original.speech[at.astype(int)])


def level(rng: np.random.Generator, original: Clip) -> np.ndarray:
    """The clip's samples at a random loudness: its speech at -32 to -17 dB of full scale."""
    return original.samples * (10 ** (rng.uniform(-32, -17) / 20) / original.samples[original.speech].std())


def smooth(steps: np.ndarray, width: int = RATE // 4) -> np.ndarray:
    """Levels that move within a quarter of a second instead of at once."""
    padded = np.pad(steps, (width // 2, width - width // 2), mode="edge")
    total = np.cumsum(padded)
    return ((total[width:] - total[:-width]) / width)[: len(steps)]


def stream(rng: np.random.Generator, clips: list[Clip], ratios: list[float], slope: float) -> tuple[np.ndarray, np.ndarray]:
    """Clips with gaps of 0.5 to 2.5 s before each and after the last, in noise of `slope`.

    Around each clip the noise lies its ratio, in dB, under the clip's speech. Returns frames [N, 512] as 16-bit
    integers and for each whether most of it is speech.
    """
    parts, speech, noise = [], [], []
    for original, ratio in zip(clips, ratios, strict=True):
        samples = level(rng, original)
        gap = int(rng.uniform(0.5, 2.5) * RATE)
        parts += [np.zeros(gap, np.float32), samples]
        speech += [np.zeros(gap, bool), original.speech]
        strength = samples[original.speech].std() * 10 ** (-ratio / 20)
        noise.append(np.full(gap + len(samples), strength))
    gap = int(rng.uniform(0.5, 2.5) * RATE)
    parts, speech = np.concatenate([*parts, np.zeros(gap)]), np.concatenate([*speech, np.zeros(gap, bool)])
    noise = smooth(np.concatenate([*noise, np.full(gap, noise[-1][-1])]))
    mixed = parts + noise * coloured(rng, len(parts), slope)
    return framed(mixed), speech[: len(speech) // FRAME * FRAME].reshape(-1, FRAME).mean(1) > 0.5


def framed(samples: np.ndarray) -> np.ndarray:
    """Frames of 16-bit integers; what is louder than full scale is clipped."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    return np.clip(np.round(frames * 32768), -32768, 32767).astype(np.int16)
