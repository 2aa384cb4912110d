"""The contract that every sampler keeps: evaluations, cut runs, nothing remembered, nothing overwritten."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

from invoke_cli.diffusion.samplers import SAMPLERS
from invoke_cli.diffusion.schedule import Schedule, karras, plan_schedule, spaced
from tests.diffusion.conftest import ALL
from tests.diffusion.samplers.conftest import EXACT, TABLE, end, mixture, silence


class Counting:
    """A denoiser that notes the levels it is asked about."""

    def __init__(self) -> None:
        self.sigmas: list[float] = []

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        self.sigmas.append(sigma)
        return mixture(x, sigma)


def noises(seed: int, like: Tensor) -> Callable[[], Tensor]:
    generator = torch.Generator("cpu").manual_seed(seed)
    return lambda: torch.randn(like.shape, generator=generator, dtype=like.dtype)


@pytest.fixture
def x() -> Tensor:
    return torch.linspace(-2, 2, 16, dtype=torch.float64).reshape(1, 4, 2, 2)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("steps", "strength"),
    [(50, 0.58), (30, 0.7), (29, 0.7), (10, 0.4), (1, 1.0), (10, 0.1), (2, 1.0), (4, 0.0)],
)
def test_evaluations_are_as_announced(name: str, steps: int, strength: float, x: Tensor) -> None:
    schedule = plan_schedule(TABLE, steps, strength, 0)
    denoise = Counting()
    taken = list(SAMPLERS[name](denoise, x, schedule, noises(1, x)))
    assert len(denoise.sigmas) == SAMPLERS[name].evaluations(schedule.steps)
    assert [step.index for step in taken] == list(range(schedule.steps))
    assert {step.total for step in taken} <= {schedule.steps}
    assert [step.sigma for step in taken] == list(schedule.sigmas[:-1])
    assert denoise.sigmas[:1] == list(schedule.sigmas[:1]) if taken else not denoise.sigmas
    assert all(sigma > 0 for sigma in denoise.sigmas)


@pytest.mark.parametrize(
    ("name", "one", "two", "twenty"),
    [
        *((name, 1, 2, 20) for name in ("k_lms", "k_euler", "k_euler_a", "k_dpmpp_2", "lcm", "ddim")),
        *((name, 1, 3, 39) for name in ("k_heun", "k_dpm_2", "k_dpm_2_a", "k_dpmpp_2_a")),
        ("plms", 1, 3, 21),
    ],
)
def test_evaluations_per_run(name: str, one: int, two: int, twenty: int) -> None:
    evaluations = SAMPLERS[name].evaluations
    assert [evaluations(steps) for steps in (0, 1, 2, 20)] == [0, one, two, twenty]


@pytest.mark.parametrize("name", ALL)
def test_a_cut_run_is_a_fresh_run_on_the_last_levels(name: str, x: Tensor) -> None:
    full = spaced(TABLE, 12)
    cut = list(SAMPLERS[name](mixture, x, full.tail(0.5), noises(1, x)))
    fresh = list(SAMPLERS[name](mixture, x, Schedule(full.sigmas[-7:], 6), noises(1, x)))
    assert all(torch.equal(a.x, b.x) for a, b in zip(cut, fresh, strict=True))


@pytest.mark.parametrize("name", ALL)
def test_a_second_run_knows_nothing_of_the_first(name: str, x: Tensor) -> None:
    def run(scale: float) -> Iterator[Tensor]:
        return (step.x for step in SAMPLERS[name](mixture, x * scale, spaced(TABLE, 6), noises(1, x)))

    fresh = list(run(1.0))
    interleaved = [a for a, _ in zip(run(1.0), run(3.0), strict=True)]
    assert all(torch.equal(a, b) for a, b in zip(fresh, interleaved, strict=True))


@pytest.mark.parametrize("name", ALL)
def test_no_latents_are_changed_in_place(name: str, x: Tensor) -> None:
    kept = x.clone()
    steps = list(SAMPLERS[name](mixture, x, spaced(TABLE, 6), noises(1, x)))
    seen = [
        (step.x.clone(), step.clean.clone())
        for step in SAMPLERS[name](mixture, x, spaced(TABLE, 6), noises(1, x))
    ]
    assert torch.equal(x, kept)
    for step, (later, clean) in zip(steps, seen, strict=True):
        assert torch.equal(step.x, later)
        assert torch.equal(step.clean, clean)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("levels", [spaced(TABLE, 9).sigmas, karras(3.0, 0.03, 9)])
def test_every_run_ends_at_what_the_denoiser_believes(
    name: str, levels: tuple[float, ...], x: Tensor
) -> None:
    target = torch.full_like(x, 0.25)
    *_, last = SAMPLERS[name](
        lambda _x, _s: target, target + x * levels[0], Schedule(levels, 9), noises(1, x)
    )
    assert torch.allclose(last.x, target, atol=1e-12)


@pytest.mark.parametrize("name", EXACT)
def test_what_is_not_ancestral_draws_no_noise(name: str, x: Tensor) -> None:
    assert list(SAMPLERS[name](mixture, x, spaced(TABLE, 4), silence))


def test_ddim_is_euler_here(x: Tensor) -> None:
    assert torch.equal(
        end("ddim", mixture, x, spaced(TABLE, 8)), end("k_euler", mixture, x, spaced(TABLE, 8))
    )


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("lms", "k_lms"),
        ("euler_a", "k_euler_a"),
        ("dpmpp_2m", "k_dpmpp_2"),
        ("pndm", "plms"),
        ("klms", "k_lms"),
    ],
)
def test_other_spellings(alias: str, name: str) -> None:
    assert SAMPLERS.canonical(alias) == name


def test_the_default_comes_first_and_all_have_help() -> None:
    assert ALL[0] == "k_lms"
    for sampler in map(SAMPLERS.__getitem__, SAMPLERS):
        assert sampler.about.endswith(".")
        assert len(sampler.about) < 100
