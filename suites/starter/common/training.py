"""A small training loop for data sets that fit in memory, with one checkpoint per stage."""

import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrize


class Log:
    """Writes every line to a file and to the terminal, so that the log lies beside what it made."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.file = path.open("a")

    def __call__(self, line: str) -> None:
        print(line, flush=True)
        self.file.write(line + "\n")
        self.file.flush()


def seeded(seed: int) -> np.random.Generator:
    """Seeds torch and returns the generator that augmentation and shuffling draw from."""
    torch.manual_seed(seed)
    return np.random.default_rng(seed)


def fit(model, batches, steps_per_epoch, epochs, lr, log, name, loss_of, weight_decay, after_step=None, half=False):
    """SGD with Nesterov momentum under a one-cycle schedule; the last epoch's weights are kept.

    `batches()` yields (input, label) for one epoch. `loss_of(logits, input, label)` is the loss.
    `after_step()` restores an invariant of the weights, such as pruned positions being zero.
    `half` computes convolutions in bfloat16, which halves the time on a processor with AMX.
    """
    optimiser = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9, nesterov=True, weight_decay=weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=lr, total_steps=steps_per_epoch * epochs, pct_start=0.25
    )
    for epoch in range(1, epochs + 1):
        model.train()
        started, total, count, right = time.time(), 0.0, 0, 0
        for x, y in batches():
            optimiser.zero_grad(set_to_none=True)
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                logits = model(x)
            logits = logits.float()
            loss = loss_of(logits, x, y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimiser.step()
            schedule.step()
            if after_step:
                after_step()
            total += loss.item() * len(y)
            right += (logits.argmax(1) == y).sum().item()
            count += len(y)
        log(f"{name} epoch {epoch}/{epochs} loss {total / count:.4f} train {right / count:.4f} {time.time() - started:.0f} s")


def staged(path: Path, model: nn.Module, train) -> nn.Module:
    """Loads the stage's checkpoint where there is one, and otherwise trains and writes it."""
    if path.exists():
        model.load_state_dict(torch.load(path, weights_only=True))
    else:
        train(model)
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(model.state_dict(), path)
    return model.eval()


@torch.no_grad()
def predict(model: nn.Module, x: torch.Tensor, batch: int = 500) -> torch.Tensor:
    """Logits for all rows of `x`."""
    model.eval()
    return torch.cat([model(part) for part in x.split(batch)])


def weighted(model: nn.Module):
    """The layers whose weights are pruned and quantised: convolutions and the classifier."""
    return [(n, m) for n, m in model.named_modules() if isinstance(m, (nn.Conv1d, nn.Conv2d, nn.Linear))]


def magnitude_masks(model: nn.Module, share: float) -> dict[str, torch.Tensor]:
    """Keeps the largest weights of the whole network and marks the smallest `share` for removal."""
    layers = weighted(model)
    # Each layer is measured in its own root mean square, or a layer of small weights would vanish whole.
    scaled = [(n, m.weight.detach().abs() / m.weight.detach().pow(2).mean().sqrt()) for n, m in layers]
    everything = torch.cat([s.flatten() for _, s in scaled])
    threshold = everything.kthvalue(max(1, int(round(share * everything.numel())))).values
    return {n: (s > threshold).float() for n, s in scaled}


def apply_masks(model: nn.Module, masks: dict[str, torch.Tensor]) -> None:
    """Sets the pruned weights to zero."""
    with torch.no_grad():
        for name, layer in weighted(model):
            layer.weight.mul_(masks[name])


class Int4Weight(nn.Module):
    """Rounds a weight to 4 bits per output channel; the gradient passes straight through.

    The scale of each channel is the one with the least squared error at the start of training.
    """

    def __init__(self, weight: torch.Tensor):
        super().__init__()
        flat = weight.detach().flatten(1)
        largest = flat.abs().amax(1, keepdim=True).clamp_min(1e-8)
        best = torch.full_like(largest, float("inf"))
        scale = largest / 7
        for factor in torch.linspace(0.4, 1.0, 31):
            candidate = largest * factor / 7
            error = ((flat / candidate).round().clamp(-8, 7) * candidate - flat).pow(2).sum(1, keepdim=True)
            better = error < best
            best, scale = torch.where(better, error, best), torch.where(better, candidate, scale)
        self.register_buffer("scale", scale.reshape(-1, *[1] * (weight.dim() - 1)))

    def integers(self, weight: torch.Tensor) -> torch.Tensor:
        """The 4-bit integers of `weight`."""
        return (weight / self.scale).round().clamp(-8, 7)

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        clipped = torch.minimum(torch.maximum(weight, -8 * self.scale), 7 * self.scale)
        return clipped + (self.integers(weight) * self.scale - clipped).detach()


def make_int4(model: nn.Module) -> nn.Module:
    """Lets every weighted layer of `model` compute with 4-bit weights while it trains."""
    for _, layer in weighted(model):
        parametrize.register_parametrization(layer, "weight", Int4Weight(layer.weight))
    return model
