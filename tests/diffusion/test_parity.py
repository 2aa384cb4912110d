"""Full schedules against diffusers' schedulers, where those are right.

Not against its LMS, and against nothing cut short: `test_truncated_lms_starts_with_what_it_has` shows why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    HeunDiscreteScheduler,
    KDPM2DiscreteScheduler,
    PNDMScheduler,
)
from torch import Tensor

from invoke_cli.diffusion.samplers import SAMPLERS
from invoke_cli.diffusion.schedule import NoiseTable, Schedule

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # diffusers under NumPy 2

STABLE_DIFFUSION = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
TABLE = NoiseTable.from_config(STABLE_DIFFUSION)


def denoise(x: Tensor, sigma: float) -> Tensor:
    """Something curved, that a wrong step cannot pass by."""
    return torch.tanh(1.3 * x / (1 + sigma**2)) + 0.2 * torch.sin(x / (1 + sigma))


@pytest.fixture
def start() -> Tensor:
    generator = torch.Generator("cpu").manual_seed(5)
    return torch.randn((1, 4, 6, 6), generator=generator, dtype=torch.float64)


def ours(name: str, x: Tensor, sigmas: list[float], noise: Callable[[], Tensor] | None = None) -> Tensor:
    schedule = Schedule((*sigmas, 0.0), len(sigmas))
    *_, last = SAMPLERS[name](denoise, x * sigmas[0], schedule, noise or (lambda: x))
    return last.x


def theirs(
    scheduler: Any, x: Tensor, sigma_of: Callable[[int, Any], float], steps: int, **kwargs: Any
) -> Tensor:
    """The scheduler's own loop; `x` is in its own scaling, `sigma_of` tells the level of a call."""
    scheduler.set_timesteps(steps)
    for call, t in enumerate(scheduler.timesteps):
        sigma = sigma_of(call, t)
        scale = scheduler.scale_model_input(torch.ones((), dtype=torch.float64), t)
        plain = x * scale * (1 + sigma**2) ** 0.5  # as clean latents plus noise
        x = scheduler.step((plain - denoise(plain, sigma)) / sigma, t, x, **kwargs).prev_sample
    return x


def descending(sigmas: Tensor) -> list[float]:
    """The distinct levels above 0 that a scheduler visits."""
    return sorted({float(sigma) for sigma in sigmas} - {0.0}, reverse=True)


def close(a: Tensor, b: Tensor, tolerance: float) -> bool:
    return float((a - b).norm() / b.norm()) < tolerance


@pytest.mark.parametrize("steps", [7, 30])
@pytest.mark.parametrize(
    ("name", "kind", "options"),
    [
        ("k_euler", EulerDiscreteScheduler, {}),
        ("k_heun", HeunDiscreteScheduler, {}),
        (
            "k_dpmpp_2",
            DPMSolverMultistepScheduler,
            {"lower_order_final": False, "final_sigmas_type": "zero"},
        ),
    ],
)
def test_samplers_in_sigmas(name: str, kind: Any, options: dict[str, Any], steps: int, start: Tensor) -> None:
    scheduler = kind(**STABLE_DIFFUSION, **options)
    scheduler.set_timesteps(steps)
    sigmas = scheduler.sigmas.tolist()
    # DPM-Solver++ keeps its latents scaled to unit variance, the others as we do
    inward = (1 + sigmas[0] ** 2) ** -0.5 if name == "k_dpmpp_2" else 1.0
    found = theirs(scheduler, start * sigmas[0] * inward, lambda call, _: sigmas[call], steps)
    assert close(ours(name, start, descending(scheduler.sigmas)), found, 2e-5)


def test_dpm_2(start: Tensor) -> None:
    scheduler = KDPM2DiscreteScheduler(**STABLE_DIFFUSION)
    scheduler.set_timesteps(20)
    levels, between = scheduler.sigmas.tolist(), scheduler.sigmas_interpol.tolist()
    found = theirs(
        scheduler,
        start * levels[0],
        lambda call, _: between[call] if call % 2 else levels[call],
        20,
    )
    assert close(ours("k_dpm_2", start, descending(scheduler.sigmas)), found, 2e-5)


def test_euler_ancestral(start: Tensor) -> None:
    scheduler = EulerAncestralDiscreteScheduler(**STABLE_DIFFUSION)
    scheduler.set_timesteps(20)
    sigmas = scheduler.sigmas.tolist()
    first, second = (torch.Generator("cpu").manual_seed(9) for _ in range(2))
    found = theirs(scheduler, start * sigmas[0], lambda call, _: sigmas[call], 20, generator=first)
    expected = ours(
        "k_euler_a",
        start,
        sigmas[:-1],
        lambda: torch.randn(start.shape, generator=second, dtype=torch.float64),
    )
    assert close(expected, found, 2e-3)  # theirs subtracts squares in float32


@pytest.mark.parametrize("spacing", ["leading", "trailing"])
@pytest.mark.parametrize("steps", [10, 50])
def test_ddim(spacing: str, steps: int, start: Tensor) -> None:
    scheduler = DDIMScheduler(
        **STABLE_DIFFUSION, clip_sample=False, set_alpha_to_one=True, timestep_spacing=spacing
    )
    scheduler.set_timesteps(steps)
    sigmas = [float(TABLE.sigmas[int(t)]) for t in scheduler.timesteps]
    found = theirs(
        scheduler,
        start * sigmas[0] / (1 + sigmas[0] ** 2) ** 0.5,
        lambda _, t: float(TABLE.sigmas[int(t)]),
        steps,
    )
    assert close(ours("ddim", start, sigmas), found, 2e-5)


@pytest.mark.parametrize("steps", [10, 50])
def test_plms(steps: int, start: Tensor) -> None:
    scheduler = PNDMScheduler(**STABLE_DIFFUSION, skip_prk_steps=True, set_alpha_to_one=True)
    scheduler.set_timesteps(steps)
    grid = sorted({int(t) for t in scheduler.timesteps}, reverse=True)
    sigmas = [float(TABLE.sigmas[t]) for t in grid]
    found = theirs(
        scheduler,
        start * sigmas[0] / (1 + sigmas[0] ** 2) ** 0.5,
        lambda _, t: float(TABLE.sigmas[int(t)]),
        steps,
    )
    assert close(ours("plms", start, sigmas), found, 2e-5)
