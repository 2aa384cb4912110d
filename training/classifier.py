"""A small judge of pictures: which subjects they show, and which one they are about.

It is trained on rendered scenes, softened and shifted as decoded pictures are, so that it can
be asked about generated ones. `python -m training.classifier --run DIR` trains it and reports.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from training.precision import autocast_on
from training.renderer import SUBJECTS, Scene, render
from training.renderer.relations import COMPANIONS, compatible

# Scenes are drawn at the demo model's size; half of it tells subjects apart at a quarter of the work.
DRAWN = 128
SIZE = 64
FILE = "classifier.pt"
HELD_OUT_SEED = 2_000_000_000
# A subject overlooked weighs more than one imagined: two or three of 26 are shown.
_PRESENCE_WEIGHT = torch.tensor(2.0)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """How much the judge studies: scenes of one subject, of two or three, and passes over all of them."""

    per_subject: int = 150
    composed: int = 5400
    held_out_per_subject: int = 16
    held_out_composed: int = 400
    epochs: int = 9
    batch: int = 48
    rate: float = 3e-3


@dataclass(frozen=True)
class Lessons:
    """Scenes with their answers.

    pixels: uint8 (N, 3, 64, 64); shown: float32 (N, 26), 1 for each subject in the scene;
    main: int64 (N,), the index of the only subject, -1 for scenes of several.
    """

    pixels: Tensor
    shown: Tensor
    main: Tensor


@dataclass(frozen=True)
class Verdict:
    """What the judge says of N pictures: probability of each subject, (N, 26), and the main one's name."""

    shown: NDArray[np.float32]
    main: tuple[str, ...]

    def shows(self, subject: str) -> NDArray[np.bool_]:
        """For each picture, whether the subject is in it; (N,)."""
        return np.asarray(self.shown[:, SUBJECTS.index(subject)] > 0.5)


class Judge(nn.Module):
    """A plain convolutional network with two heads: subjects shown, and the main one."""

    def __init__(self, widths: Sequence[int] = (32, 64, 96, 160)) -> None:
        super().__init__()
        inputs = (3, *widths[:-1])
        self.body = nn.Sequential(*(_block(a, b) for a, b in zip(inputs, widths, strict=True)))
        self.drop = nn.Dropout(0.2)
        self.shown = nn.Linear(2 * widths[-1], len(SUBJECTS))
        self.main = nn.Linear(2 * widths[-1], len(SUBJECTS))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, 26) for subjects shown and for the main one; pictures: (B, 3, 64, 64) in -1..1."""
        grid = self.body(pictures)
        features = self.drop(torch.cat([grid.mean(dim=(2, 3)), grid.amax(dim=(2, 3))], dim=1))
        return self.shown(features), self.main(features)

    @torch.no_grad()
    def judge(self, pictures: NDArray[np.uint8], batch: int = 64) -> Verdict:
        """The verdict on uint8 (N, H, W, 3) pictures of any one size."""
        self.eval()
        pixels = torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)))
        answers = [self(_as_input(piece)) for piece in torch.split(pixels, batch)]
        shown = torch.cat([answer[0] for answer in answers]).sigmoid()
        main = torch.cat([answer[1] for answer in answers]).argmax(dim=1)
        return Verdict(shown.numpy(), tuple(SUBJECTS[index] for index in main.tolist()))


def _block(inputs: int, outputs: int) -> nn.Module:
    """Halve the picture, then look at it once more."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1, groups=outputs // 8, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def _as_input(pixels: Tensor) -> Tensor:
    """uint8 (B, 3, H, W) as the network's input, 64 x 64 in -1..1."""
    pictures = pixels.float() / 127.5 - 1
    if pictures.shape[-2:] != (SIZE, SIZE):
        pictures = functional.interpolate(pictures, (SIZE, SIZE), mode="bilinear", antialias=True)
    return pictures


def lessons(scenes: Sequence[Scene], single: bool) -> Lessons:
    """Scenes as lessons; `single` ones also teach what the picture is about."""
    drawn = torch.from_numpy(np.stack([scene.rgb for scene in scenes]).transpose(0, 3, 1, 2).copy())
    pixels = functional.avg_pool2d(drawn.float(), DRAWN // SIZE).round().to(torch.uint8)
    shown = torch.tensor([[float(name in scene.subjects) for name in SUBJECTS] for scene in scenes])
    main = torch.tensor([SUBJECTS.index(scene.main) if single else -1 for scene in scenes])
    return Lessons(pixels, shown, main)


def single_scenes(per_subject: int, first_seed: int) -> list[Scene]:
    """Scenes of one subject, as many of each."""
    seeds = range(first_seed, first_seed + per_subject)
    return [render(seed, DRAWN, DRAWN, subjects=[subject]) for subject in SUBJECTS for seed in seeds]


def composed_scenes(count: int, first_seed: int) -> list[Scene]:
    """Scenes of two subjects that go together, every fourth with a third one."""
    return [
        render(seed, DRAWN, DRAWN, subjects=_company(np.random.default_rng(seed), 3 if seed % 4 == 0 else 2))
        for seed in range(first_seed, first_seed + count)
    ]


def _company(rng: np.random.Generator, size: int) -> tuple[str, ...]:
    """At most `size` subjects that can share a picture."""
    chosen = [str(rng.choice([name for name in SUBJECTS if COMPANIONS[name]]))]
    while len(chosen) < size:
        fitting = [name for name in COMPANIONS[chosen[0]] if all(compatible(name, other) for other in chosen)]
        if not fitting:
            break
        chosen.append(str(rng.choice(fitting)))
    return tuple(chosen)


def augmented(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """A batch as the decoder might have drawn it: mirrored, shifted, softened, tinted, a little noisy."""

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(shape, generator=generator)

    count = len(pixels)
    mirror = uniform(0, 1, count) < 0.5
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = torch.where(mirror, -1.0, 1.0) * uniform(0.85, 1.12, count)
    theta[:, 1, 1] = uniform(0.85, 1.12, count)
    theta[:, :, 2] = uniform(-0.12, 0.12, count, 2)
    grid = functional.affine_grid(theta, [count, 3, SIZE, SIZE], align_corners=False)
    pictures = functional.grid_sample(_as_input(pixels), grid, padding_mode="reflection", align_corners=False)
    soft = functional.interpolate(functional.avg_pool2d(pictures, 2), SIZE, mode="bilinear")
    pictures = torch.lerp(
        pictures, soft, uniform(0, 0.8, count, 1, 1, 1) * (uniform(0, 1, count, 1, 1, 1) < 0.7)
    )
    tinted = pictures * uniform(0.85, 1.15, count, 3, 1, 1) + uniform(-0.12, 0.12, count, 3, 1, 1)
    return tinted + uniform(0, 0.05, count, 1, 1, 1) * torch.randn(pictures.shape, generator=generator)


def study(data: Lessons, plan: Plan) -> Judge:
    """Train a judge."""
    torch.manual_seed(0)
    judge = Judge()
    judge.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    generator = torch.Generator().manual_seed(0)
    steps = plan.epochs * (len(data.main) // plan.batch)
    optimiser = torch.optim.AdamW(judge.parameters(), plan.rate, weight_decay=0.02)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimiser, plan.rate, total_steps=steps)
    judge.train()
    for number, chosen in enumerate(_batches(len(data.main), plan, generator)):
        pictures = augmented(data.pixels[chosen], generator).to(memory_format=torch.channels_last)
        with autocast_on(torch.device("cpu")):
            shown, main = judge(pictures)
        loss = 8 * functional.binary_cross_entropy_with_logits(
            shown.float(), data.shown[chosen], pos_weight=_PRESENCE_WEIGHT
        )
        loss = loss + functional.cross_entropy(main.float(), data.main[chosen], ignore_index=-1)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        pace.step()
        if number % 100 == 0:
            log.info("classifier: step %d of %d, loss %.3f", number, steps, loss.item())
    return judge.eval()


def _batches(count: int, plan: Plan, generator: torch.Generator) -> Iterator[Tensor]:
    """Every lesson once in each epoch, in a new order."""
    for _ in range(plan.epochs):
        order = torch.randperm(count, generator=generator)
        yield from torch.split(order[: count // plan.batch * plan.batch], plan.batch)


@dataclass(frozen=True)
class Report:
    """How right the judge is on scenes it has not seen, 0..1.

    main: only subjects named rightly; worst: the subject with the least of them, and its share;
    recall, precision: of the subjects of composed scenes; complete: scenes of which all were seen.
    """

    main: float
    worst: tuple[str, float]
    recall: float
    precision: float
    complete: float

    def __str__(self) -> str:
        """One line for logs and tables."""
        name, share = self.worst
        return (
            f"main subject {self.main:.1%} (worst: {name} {share:.0%}); "
            f"composed scenes: recall {self.recall:.1%}, precision {self.precision:.1%}, "
            f"all subjects seen in {self.complete:.1%}"
        )


def examine(judge: Judge, plan: Plan) -> Report:
    """Ask the judge about held-out scenes."""
    singles = single_scenes(plan.held_out_per_subject, HELD_OUT_SEED)
    verdict = judge.judge(np.stack([scene.rgb for scene in singles]))
    right = np.array([said == scene.main for said, scene in zip(verdict.main, singles, strict=True)])
    by_subject = right.reshape(len(SUBJECTS), -1).mean(axis=1)
    weakest = int(by_subject.argmin())
    scenes = composed_scenes(plan.held_out_composed, HELD_OUT_SEED + 100_000)
    said = judge.judge(np.stack([scene.rgb for scene in scenes])).shown > 0.5
    true = np.array([[name in scene.subjects for name in SUBJECTS] for scene in scenes])
    agreed, complete = float((said & true).sum()), float((said >= true).all(axis=1).mean())
    worst = (SUBJECTS[weakest], float(by_subject[weakest]))
    return Report(
        float(right.mean()), worst, agreed / float(true.sum()), agreed / float(said.sum()), complete
    )


def load_or_train(run: Path, plan: Plan | None = None) -> tuple[Judge, Report]:
    """The judge of a run folder, with its report; trained if it is not there yet."""
    plan = plan or Plan()
    path = run / FILE
    if path.exists():
        saved = torch.load(path, weights_only=True)
        judge = Judge()
        judge.load_state_dict(saved["weights"])
        return judge.eval(), Report(**saved["report"])
    singles = lessons(single_scenes(plan.per_subject, HELD_OUT_SEED + 1_000_000), single=True)
    composed = lessons(composed_scenes(plan.composed, HELD_OUT_SEED + 2_000_000), single=False)
    data = Lessons(
        *(torch.cat(pair) for pair in zip(vars(singles).values(), vars(composed).values(), strict=True))
    )
    judge = study(data, plan)
    report = examine(judge, plan)
    run.mkdir(parents=True, exist_ok=True)
    torch.save({"weights": judge.state_dict(), "report": vars(report)}, path)
    return judge, report


def main(arguments: Sequence[str] | None = None) -> None:
    """Train the judge of a run folder and report."""
    parser = argparse.ArgumentParser(prog="python -m training.classifier", description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("outputs/training"))
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    _, report = load_or_train(given.run)
    log.info("classifier: %s", report)


if __name__ == "__main__":
    main()
