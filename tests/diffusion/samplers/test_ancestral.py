"""Samplers that draw noise on their way, on so many numbers that mean and deviation are known."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from invoke_cli.diffusion.samplers import SAMPLERS, ancestral_levels
from invoke_cli.diffusion.schedule import NoiseTable, plan_schedule, spaced
from tests.diffusion.samplers.conftest import ANCESTRAL, STRENGTHS, TABLE, doubles, mixture

CROWD = 40_000


def crowd(seed: int) -> Callable[[], Tensor]:
    generator = torch.Generator("cpu").manual_seed(seed)
    return lambda: torch.randn(CROWD, generator=generator)


@pytest.mark.parametrize(
    ("name", "steps", "tolerance"),
    [("k_euler_a", 200, 0.025), ("k_dpm_2_a", 100, 0.02), ("k_dpmpp_2_a", 50, 0.025)],
)
@pytest.mark.parametrize("strength", STRENGTHS)
def test_ancestral_samplers_draw_from_the_data(
    name: str, steps: int, tolerance: float, strength: float
) -> None:
    mean, deviation = 0.5, 0.8
    schedule = plan_schedule(TABLE, steps, strength, 0)
    noise = crowd(1)

    def denoise(x: Tensor, sigma: float) -> Tensor:
        return mean + (x - mean) * deviation**2 / (deviation**2 + sigma**2)

    x = mean + noise() * math.hypot(deviation, schedule.sigmas[0])
    *_, last = SAMPLERS[name](denoise, x, schedule, noise)
    assert float(last.x.mean()) == pytest.approx(mean, abs=0.015)
    assert float(last.x.std()) == pytest.approx(deviation, rel=tolerance)


@pytest.mark.parametrize("name", ANCESTRAL)
def test_ancestral_steps_reach_each_level_of_noise(name: str) -> None:
    schedule = plan_schedule(TABLE, 20, 0.7, 0)
    noise = crowd(2)
    x = noise() * schedule.sigmas[0]
    for step in SAMPLERS[name](lambda x, _s: torch.zeros_like(x), x, schedule, noise):
        assert float(step.x.std()) == pytest.approx(schedule.sigmas[step.index + 1], rel=0.02, abs=1e-9)


@pytest.mark.parametrize("name", ANCESTRAL)
def test_ancestral_samplers_draw_once_a_step_but_for_the_last(name: str) -> None:
    drawn: list[Tensor] = []

    def noise() -> Tensor:
        drawn.append(doubles(0.1))
        return drawn[-1]

    steps = list(SAMPLERS[name](mixture, doubles(0.5), spaced(TABLE, 6), noise))
    assert len(drawn) == len(steps) - 1


@pytest.mark.parametrize("steps", [1, 4])
def test_lcm_with_an_exact_consistency_function_draws_from_the_data(steps: int) -> None:
    noise = crowd(3)
    schedule = spaced(NoiseTable.from_config({"timestep_spacing": "trailing"}), steps)

    def follow(x: Tensor, sigma: float) -> Tensor:
        """Where the trajectory through x ends, for data of mean 0.5 and deviation 0.8."""
        return 0.5 + (x - 0.5) * 0.8 / math.hypot(0.8, sigma)

    x = 0.5 + noise() * math.hypot(0.8, schedule.sigmas[0])
    ends = [step.clean for step in SAMPLERS["lcm"](follow, x, schedule, noise)]
    assert torch.equal(ends[0], follow(x, schedule.sigmas[0]))
    for end in ends:
        assert float(end.mean()) == pytest.approx(0.5, abs=0.015)
        assert float(end.std()) == pytest.approx(0.8, rel=0.02)


@pytest.mark.parametrize(("now", "to"), [(14.6, 7.8), (0.37, 0.029), (1.0, 0.0)])
def test_ancestral_levels_add_up(now: float, to: float) -> None:
    down, up = ancestral_levels(now, to)
    assert math.hypot(down, up) == pytest.approx(to, rel=1e-15)
    assert down == pytest.approx(to * to / now, rel=1e-15)
