"""Measures every sampler on schedules that strength has cut short: `python docs/sampler_errors.py`.

The data are numbers from a mixture of three Gaussians, for which the best denoiser has a closed form, so
nothing but the sampler errs. Writes docs/pictures/sampler-errors.png, and the figures as a table to
standard output. Samplers without fresh noise are compared with a fine Runge-Kutta integration of the same
trajectories; those with it end elsewhere by design, so what they draw is compared with how the data lie.
"""

from __future__ import annotations

import math
import sys
from collections import deque
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from invoke_cli.diffusion.samplers import SAMPLERS, lms_weights, slope  # noqa: E402
from invoke_cli.diffusion.schedule import NoiseTable, Schedule, plan_schedule, steps_to_ask  # noqa: E402
from invoke_cli.imaging.charts import Axis, Curve, Rgb, chart  # noqa: E402
from invoke_cli.imaging.metadata import encode_png  # noqa: E402

PICTURE = ROOT / "docs" / "pictures" / "sampler-errors.png"
TABLE = NoiseTable.from_config({})
STRENGTHS = (0.75, 0.4)
STEPS = (4, 5, 7, 10, 14, 20, 28, 40, 56, 80)  # that run
SAMPLES = 1000
FINE = 300  # steps of the reference, of fourth order
COLOURS = (
    (30, 100, 200), (150, 150, 150), (220, 120, 30), (40, 150, 70), (200, 40, 60), (130, 70, 180),
)  # fmt: skip
WRONG = "k_lms, wrong start"
MEANS, DEVIATIONS, SHARES = (
    torch.tensor(values, dtype=torch.float64)
    for values in ((-1.2, 0.1, 1.5), (0.2, 0.35, 0.15), (0.5, 0.2, 0.3))
)

Walk = Callable[[Schedule, Tensor, Callable[[], Tensor]], Tensor]


def denoise(x: Tensor, sigma: float) -> Tensor:
    """The mean of the data that x, noised to the level sigma, may have come from; elementwise."""
    variances, away = DEVIATIONS**2 + sigma**2, x[..., None] - MEANS
    logs = SHARES.log() - 0.5 * variances.log() - 0.5 * away**2 / variances
    return (logs.softmax(-1) * (MEANS + away * DEVIATIONS**2 / variances)).sum(-1)


@cache
def reference(schedule: Schedule) -> Tensor:
    """The ODE from the first level to the last in many small steps, then the hop to 0 that all take."""
    first, last = schedule.sigmas[0], schedule.sigmas[-2]
    x, _ = started(schedule)
    width = math.log(last / first) / FINE

    def rate(x: Tensor, log: float) -> Tensor:
        return x - denoise(x, math.exp(log))

    for log in (math.log(first) + k * width for k in range(FINE)):
        a = rate(x, log)
        b = rate(x + a * width / 2, log + width / 2)
        c = rate(x + b * width / 2, log + width / 2)
        x = x + (a + 2 * b + 2 * c + rate(x + c * width, log + width)) * width / 6
    return denoise(x, last)


def walk(name: str) -> Walk:
    """The sampler's way from a start to its end."""

    def run(schedule: Schedule, x: Tensor, noise: Callable[[], Tensor]) -> Tensor:
        for step in SAMPLERS[name](denoise, x, schedule, noise):
            x = step.x
        return x

    return run


def wrong_lms(schedule: Schedule, x: Tensor, noise: Callable[[], Tensor]) -> Tensor:
    """k_lms as it is often found: weights for the place in the uncut schedule, whatever history there is."""
    del noise
    skipped = schedule.full - schedule.steps
    whole = plan_schedule(TABLE, schedule.full, 1.0, 0).sigmas
    slopes: deque[Tensor] = deque(maxlen=4)
    for now, weights in zip(schedule.sigmas, lms_weights(whole, 4)[skipped:], strict=False):
        slopes.appendleft(slope(x, denoise(x, now), now))
        x = x + sum(weight * each for weight, each in zip(weights, slopes, strict=False))
    return x


@cache
def data(count: int) -> Tensor:
    """Numbers that lie as the mixture does, evenly through its distribution and so without luck."""
    grid = torch.linspace(-3, 3, 60001, dtype=torch.float64)
    below = (SHARES * torch.special.ndtr((grid[:, None] - MEANS) / DEVIATIONS)).sum(-1)
    places = (torch.arange(count, dtype=torch.float64) + 0.5) / count
    return torch.from_numpy(np.interp(places.numpy(), below.numpy(), grid.numpy()))


def started(schedule: Schedule) -> tuple[Tensor, Callable[[], Tensor]]:
    """Data with the noise of the schedule's first level on it, and the source of further noise."""
    generator = torch.Generator().manual_seed(0)

    def noise() -> Tensor:
        return torch.randn(SAMPLES, generator=generator, dtype=torch.float64)

    return data(SAMPLES) + noise() * schedule.sigmas[0], noise


def error(run: Walk, schedule: Schedule, *, in_order: bool) -> float:
    """Root mean square distance from the truth, relative to the data's own.

    in_order: compare sorted numbers, that is distributions (the 2-Wasserstein distance on a line).
    """
    x, noise = started(schedule)
    found = run(schedule, x, noise)
    exact = data(SAMPLES) if in_order else reference(schedule)
    if in_order:
        found = found.sort().values
    return float((found - exact).norm() / exact.norm())


def measured(
    run: Walk, strength: float, evaluations: Callable[[int], int], *, in_order: bool
) -> Iterator[tuple[int, float]]:
    """Model evaluations and error for every number of steps."""
    for steps in STEPS:
        schedule = plan_schedule(TABLE, steps_to_ask(steps, strength), strength, 0)
        yield evaluations(steps), error(run, schedule, in_order=in_order)


def curves(strength: float, *, ancestral: bool) -> list[Curve]:
    """One curve for each sampler of the kind; ddim is left to k_euler, whose very steps it takes."""
    named = {
        name: (walk(name), sampler.evaluations)
        for name, sampler in SAMPLERS.items()
        if sampler.ancestral == ancestral and name != "ddim"
    }
    if not ancestral:
        named[WRONG] = (wrong_lms, int)
    shown = {"k_euler": "k_euler, ddim"}
    return [
        Curve(list(measured(run, strength, calls, in_order=ancestral)), colour, shown.get(name, name))
        for (name, (run, calls)), colour in zip(named.items(), [*COLOURS, (0, 0, 0)], strict=False)
    ]


def panel(strength: float, drawn: list[Curve], title: str) -> Rgb:
    """The curves of one strength on their axes."""
    across = Axis("model evaluations", 3.5, 170, (4, 7, 10, 20, 40, 80, 160), log=True)
    up = Axis("error", 1e-4, 1, (1e-4, 1e-3, 1e-2, 0.1, 1), log=True)
    return chart(f"{title}, strength {strength:g}", across, up, drawn, size=(640, 440))


def main() -> None:
    """Measure, draw and list."""
    torch.set_num_threads(1)  # more gain nothing on arrays this small
    rows, lines = [], [f"| strength | sampler | {' | '.join(f'{steps} steps' for steps in STEPS)} |"]
    lines.append("| --- " * (len(STEPS) + 2) + "|")
    for ancestral, title in ((False, "Distance from the exact end"), (True, "Distance from the data")):
        found = {strength: curves(strength, ancestral=ancestral) for strength in STRENGTHS}
        rows.append(np.hstack([panel(strength, drawn, title) for strength, drawn in found.items()]))
        for strength, drawn in found.items():
            for curve in drawn:
                errors = " | ".join(f"{value:.2g}" for _, value in curve.points)
                lines.append(f"| {strength:g} | {curve.label} | {errors} |")
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_bytes(encode_png(np.vstack(rows), {}, 9))
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
