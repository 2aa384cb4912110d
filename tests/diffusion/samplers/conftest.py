"""Data of which the best denoiser is known exactly, for the samplers to draw.

For Gaussian data the end of every trajectory has a closed form, too.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from invoke_cli.diffusion.samplers import SAMPLERS
from invoke_cli.diffusion.schedule import NoiseTable, Schedule
from invoke_cli.diffusion.step import Denoiser
from tests.diffusion.conftest import ALL

TABLE = NoiseTable.from_config({})
ANCESTRAL = [name for name, sampler in SAMPLERS.items() if sampler.ancestral]
EXACT = [name for name in ALL if name not in ANCESTRAL]
STRENGTHS = [1.0, 0.7, 0.4, 0.1]


def doubles(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


class Gaussian:
    """Data of a given mean and deviation in each coordinate: the denoiser, and the ODE's solution."""

    mean = doubles(0.5, -0.3, 0.2, 0.1)
    deviation = doubles(1.0, 0.6, 1.5, 0.3)
    offsets = doubles(1.0, -0.7, 0.8, 1.2)

    def spread(self, sigma: float) -> Tensor:
        return (self.deviation**2 + sigma**2).sqrt()

    def at(self, sigma: float) -> Tensor:
        """A point on one trajectory; along it, (x - mean) / spread is constant."""
        return self.mean + self.offsets * self.spread(sigma)

    def denoise(self, x: Tensor, sigma: float) -> Tensor:
        return self.mean + (x - self.mean) * (self.deviation / self.spread(sigma)) ** 2

    @cache  # noqa: B019 - there is only one Gaussian
    def error(self, name: str, schedule: Schedule) -> float:
        """Relative distance from the exact end."""
        first, last = schedule.sigmas[0], schedule.sigmas[-1]
        return relative(end(name, self.denoise, self.at(first), schedule), self.at(last), self.mean)


GAUSSIAN = Gaussian()


def mixture(x: Tensor, sigma: float) -> Tensor:
    """The best denoiser for three unequal Gaussians on a line, elementwise."""
    means, deviations, shares = doubles(-1.2, 0.1, 1.5), doubles(0.2, 0.35, 0.15), doubles(0.5, 0.2, 0.3)
    variances = deviations**2 + sigma**2
    away = x[..., None] - means
    logs = shares.log() - 0.5 * variances.log() - 0.5 * away**2 / variances
    return (logs.softmax(-1) * (means + away * deviations**2 / variances)).sum(-1)


def silence() -> Tensor:
    raise AssertionError("this sampler has no use for noise")


def end(name: str, denoise: Denoiser, x: Tensor, schedule: Schedule) -> Tensor:
    for step in SAMPLERS[name](denoise, x, schedule, silence):
        x = step.x
    return x


def relative(found: Tensor, exact: Tensor, origin: Tensor | float = 0.0) -> float:
    return float((found - exact).norm() / (exact - origin).norm())
