"""Where the samplers end, against what is known exactly.

For Gaussian data the best denoiser and the end of every trajectory have closed forms; for a mixture of
Gaussians the denoiser has one, and a fine Runge-Kutta integration gives the end.
"""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from invoke_cli.diffusion.samplers import SAMPLERS
from invoke_cli.diffusion.schedule import Schedule, plan_schedule
from invoke_cli.diffusion.step import Denoiser
from tests.diffusion.samplers.conftest import EXACT, GAUSSIAN, STRENGTHS, TABLE, end, mixture, relative

# --- the truth on Gaussian data -------------------------------------------------------------------------

MEASURED = {
    # steps, strength:   (10, .7) (10, .4) (20, 1) (30, .1) (50, .75) (50, 1) (100, .4)
    "k_lms": (0.034, 0.041, 0.0034, 0.012, 0.0007, 0.0006, 0.0002),
    "k_euler": (0.14, 0.11, 0.08, 0.031, 0.033, 0.034, 0.016),
    "k_heun": (0.031, 0.027, 0.009, 0.002, 0.0006, 0.0008, 0.0008),
    "k_dpm_2": (0.07, 0.068, 0.024, 0.013, 0.0052, 0.0052, 0.0011),
    "k_dpmpp_2": (0.14, 0.12, 0.062, 0.021, 0.021, 0.022, 0.008),
    "ddim": (0.14, 0.11, 0.08, 0.031, 0.033, 0.034, 0.016),
    "plms": (0.024, 0.028, 0.0065, 0.0076, 0.0004, 0.0004, 0.0011),
}
RUNS = [(10, 0.7), (10, 0.4), (20, 1.0), (30, 0.1), (50, 0.75), (50, 1.0), (100, 0.4)]
CASES = [(name, *run, bound) for name in MEASURED for run, bound in zip(RUNS, MEASURED[name], strict=True)]


def test_every_sampler_is_measured() -> None:
    assert sorted(MEASURED) == sorted(EXACT)


@pytest.mark.parametrize(("name", "steps", "strength", "bound"), CASES)
def test_ends_where_the_gaussian_does(name: str, steps: int, strength: float, bound: float) -> None:
    assert GAUSSIAN.error(name, plan_schedule(TABLE, steps, strength, 0)) < bound


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("name", EXACT)
def test_no_number_of_steps_goes_wrong(name: str, strength: float) -> None:
    for steps in range(1, 101):
        schedule = plan_schedule(TABLE, steps, strength, 0)
        found = GAUSSIAN.error(name, schedule)
        assert math.isfinite(found)
        if schedule.steps >= SAMPLERS[name].fewest:
            assert found < 1.4 * GAUSSIAN.error("k_euler", schedule) + 1e-12, (steps, schedule.steps)


def grid(count: int) -> Schedule:
    """A smooth, uneven grid that ends above 0, so that only the method's own error is seen."""
    roots = [10 ** (1 / 3) + (0.1 ** (1 / 3) - 10 ** (1 / 3)) * k / count for k in range(count + 1)]
    return Schedule(tuple(root**3 for root in roots), count)


@pytest.mark.parametrize(
    ("name", "order", "bound"),
    [
        ("k_euler", 1, 8e-3),
        ("ddim", 1, 8e-3),
        ("k_heun", 2, 1.1e-4),
        ("k_dpm_2", 2, 8e-5),
        ("k_dpmpp_2", 2, 2e-4),
        ("plms", 2, 4e-5),
        ("k_lms", 2, 3e-6),  # of order 4, but for its first step, an Euler step once and for all
    ],
)
def test_error_falls_at_the_methods_order(name: str, order: int, bound: float) -> None:
    coarse, fine = GAUSSIAN.error(name, grid(160)), GAUSSIAN.error(name, grid(320))
    assert coarse < bound
    assert math.log2(coarse / fine) > order - 0.05


def test_lms_falls_faster_than_second_order_while_the_start_is_hidden() -> None:
    coarse, fine = GAUSSIAN.error("k_lms", grid(20)), GAUSSIAN.error("k_lms", grid(40))
    assert math.log2(coarse / fine) > 3.4


@pytest.mark.parametrize("strength", [1.0, 0.7, 0.4])
def test_karras_spacing_helps_dpmpp_at_few_steps(strength: float) -> None:
    plain, dense = (GAUSSIAN.error("k_dpmpp_2", plan_schedule(TABLE, 10, strength, k)) for k in (0, 11))
    assert dense < plain / 2


@pytest.mark.parametrize("name", EXACT)
def test_float32_latents_cost_nothing(name: str) -> None:
    schedule = plan_schedule(TABLE, 50, 0.75, 0)
    start = GAUSSIAN.at(schedule.sigmas[0])
    double = end(name, GAUSSIAN.denoise, start, schedule)
    # the denoiser works in float32 as well, for PyTorch promotes 0-dimensional factors only
    single = end(name, lambda x, s: GAUSSIAN.denoise(x.double(), s).float(), start.float(), schedule)
    assert single.dtype == torch.float32
    assert relative(single.double(), double) < 3e-6


# --- the truth on a mixture -----------------------------------------------------------------------------

MIXTURE_BOUNDS = {
    "k_lms": 0.004,
    "k_euler": 0.04,
    "k_heun": 0.006,
    "k_dpm_2": 0.011,
    "k_dpmpp_2": 0.02,
    "ddim": 0.04,
    "plms": 0.006,
}


def runge_kutta(denoise: Denoiser, x: Tensor, schedule: Schedule, count: int = 500) -> Tensor:
    """The ODE from the schedule's first to its last level above 0, then the last hop that all take."""
    first, last = schedule.sigmas[0], schedule.sigmas[-2]
    step = math.log(last / first) / count

    def rate(x: Tensor, log: float) -> Tensor:
        return x - denoise(x, math.exp(log))  # d x / d log sigma

    for k in range(count):
        log = math.log(first) + k * step
        a = rate(x, log)
        b = rate(x + a * step / 2, log + step / 2)
        c = rate(x + b * step / 2, log + step / 2)
        d = rate(x + c * step, log + step)
        x = x + (a + 2 * b + 2 * c + d) * step / 6
    return denoise(x, last)


@pytest.mark.parametrize(("steps", "strength"), [(50, 1.0), (50, 0.7), (50, 0.4), (100, 0.1)])
def test_ends_where_the_mixture_does(steps: int, strength: float) -> None:
    schedule = plan_schedule(TABLE, steps, strength, 0)
    x = torch.linspace(-2, 2, 41, dtype=torch.float64) * (1 + schedule.sigmas[0])
    exact = runge_kutta(mixture, x, schedule)
    found = {name: relative(end(name, mixture, x, schedule), exact) for name in EXACT}
    assert all(found[name] < MIXTURE_BOUNDS[name] for name in EXACT), found
