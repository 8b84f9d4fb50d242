"""Trains every network of the task and leaves one checkpoint per stage in the working folder."""

import argparse
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common.training import Log, apply_masks, fit, magnitude_masks, make_int4, predict, seeded, staged  # noqa: E402
from fashion.data import Fashion, normalised  # noqa: E402
from fashion.model import ResNet8, folded, narrowed  # noqa: E402

WIDTHS, NARROW, STUDENT = (16, 32, 64), (10, 20, 40), (8, 16, 32)
PRUNED_SHARE = 0.51
EPOCHS = {"base": 16, "pruned-50": 3, "pruned-channels": 16, "int4-weight": 4, "student": 12}
TEMPERATURE = 4.0


def smoothed(logits, _x, y):
    return F.cross_entropy(logits, y, label_smoothing=0.05)


class Trainer:
    """The stages; each is trained from the seed given, or read back where its checkpoint exists."""

    def __init__(self, data: Fashion, work: Path, seed: int, log: Log):
        self.data, self.work, self.seed, self.log = data, work, seed, log

    def stage(self, name, model, epochs, lr, weight_decay, loss=smoothed, after_step=None, half=True):
        def train(net):
            rng = seeded(self.seed)
            batches, steps = lambda: self.data.batches(rng), self.data.steps
            fit(net, batches, steps, epochs, lr, self.log, name, loss, weight_decay, after_step, half)
            x = torch.from_numpy(normalised(self.data.validation_image)).contiguous(memory_format=torch.channels_last)
            right = (predict(net, x).argmax(1).numpy() == self.data.validation_label).mean()
            self.log(f"{name} validation top-1 {right:.4f}")

        return staged(self.work / f"{name}.pt", model, train)

    def fresh(self, widths):
        seeded(self.seed)
        return ResNet8(widths).to(memory_format=torch.channels_last)

    def base(self):
        return folded(self.stage("base", self.fresh(WIDTHS), EPOCHS["base"], 0.2, 5e-4))

    def pruned(self, base):
        masks = magnitude_masks(base, PRUNED_SHARE)
        apply_masks(base, masks)
        return self.stage("pruned-50", base, EPOCHS["pruned-50"], 0.01, 1e-4, after_step=lambda: apply_masks(base, masks))

    def channels(self, base):
        return self.stage("pruned-channels", narrowed(base, NARROW), EPOCHS["pruned-channels"], 0.05, 1e-4)

    def int4(self, base):
        return self.stage("int4-weight", make_int4(base), EPOCHS["int4-weight"], 0.01, 1e-5, half=False)

    def student(self, teacher=None):
        """The same small network, seed and epochs twice: with the teacher's soft labels and without."""

        def taught(logits, x, y):
            with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                soft = F.softmax(teacher(x).float() / TEMPERATURE, 1)
            distance = F.kl_div(F.log_softmax(logits / TEMPERATURE, 1), soft, reduction="batchmean")
            return 0.9 * TEMPERATURE**2 * distance + 0.1 * F.cross_entropy(logits, y)

        name = "distilled" if teacher else "student-alone"
        loss = taught if teacher else smoothed
        return folded(self.stage(name, self.fresh(STUDENT), EPOCHS["student"], 0.2, 5e-4, loss))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints")
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--log", type=Path, default=Path(__file__).with_name("make.log"))
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    log = Log(arguments.log)
    log(f"train: torch {torch.__version__}, seed {arguments.seed}, threads {arguments.threads}")
    trainer = Trainer(Fashion(arguments.data, arguments.seed), arguments.work, arguments.seed, log)
    teacher = trainer.base()
    trainer.pruned(trainer.base())
    trainer.int4(trainer.base())
    trainer.channels(trainer.base())
    trainer.student(teacher)
    trainer.student()


if __name__ == "__main__":
    main()
