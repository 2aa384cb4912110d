"""The samplers against what is known exactly.

For Gaussian data the best denoiser and the end of every trajectory have closed forms; for a mixture of
Gaussians the denoiser has one, and a fine Runge-Kutta integration gives the end.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from invoke_cli.diffusion.samplers import SAMPLERS, ancestral_levels, lms_weights, slope
from invoke_cli.diffusion.schedule import NoiseTable, Schedule, karras, plan_schedule, spaced
from invoke_cli.diffusion.step import Denoiser

TABLE = NoiseTable.from_config({})
ALL = list(SAMPLERS)
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


def silence() -> Tensor:
    raise AssertionError("this sampler has no use for noise")


def end(name: str, denoise: Denoiser, x: Tensor, schedule: Schedule) -> Tensor:
    for step in SAMPLERS[name](denoise, x, schedule, silence):
        x = step.x
    return x


def relative(found: Tensor, exact: Tensor, origin: Tensor | float = 0.0) -> float:
    return float((found - exact).norm() / (exact - origin).norm())


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


@pytest.mark.parametrize(("steps", "strength"), [(50, 1.0), (50, 0.7), (50, 0.4), (100, 0.1)])
def test_ends_where_the_mixture_does(steps: int, strength: float) -> None:
    schedule = plan_schedule(TABLE, steps, strength, 0)
    x = torch.linspace(-2, 2, 41, dtype=torch.float64) * (1 + schedule.sigmas[0])
    exact = runge_kutta(mixture, x, schedule)
    found = {name: relative(end(name, mixture, x, schedule), exact) for name in EXACT}
    assert all(found[name] < MIXTURE_BOUNDS[name] for name in EXACT), found


# --- linear multistep -----------------------------------------------------------------------------------


def exact_weight(nodes: list[Fraction], j: int, to: Fraction) -> Fraction:
    """The integral of a Lagrange polynomial, in rational arithmetic."""
    polynomial = [Fraction(1)]  # coefficients, the constant first
    for k, other in enumerate(nodes):
        if k != j:
            scale = nodes[j] - other
            shifted = [Fraction(0), *polynomial]
            polynomial = [
                (up - other * keep) / scale
                for up, keep in zip(shifted, [*polynomial, Fraction(0)], strict=True)
            ]
    return sum(
        (c * (to ** (p + 1) - nodes[0] ** (p + 1)) / (p + 1) for p, c in enumerate(polynomial)), Fraction(0)
    )


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize(("steps", "strength"), [(10, 1.0), (10, 0.4), (50, 0.75), (3, 0.7)])
def test_lms_weights_are_exact(order: int, steps: int, strength: float) -> None:
    sigmas = plan_schedule(TABLE, steps, strength, 0).sigmas
    for index, weights in enumerate(lms_weights(sigmas, order)):
        nodes = [Fraction(s) for s in reversed(sigmas[max(0, index + 1 - order) : index + 1])]
        exact = [float(exact_weight(nodes, j, Fraction(sigmas[index + 1]))) for j in range(len(nodes))]
        assert len(weights) == min(index + 1, order)
        assert weights == pytest.approx(exact, abs=1e-13 * max(map(abs, exact)))


@pytest.mark.parametrize(("steps", "strength"), [(10, 0.4), (50, 0.75), (50, 0.1), (20, 1.0)])
def test_lms_weights_integrate_polynomials(steps: int, strength: float) -> None:
    sigmas = plan_schedule(TABLE, steps, strength, 0).sigmas
    for index, weights in enumerate(lms_weights(sigmas, 4)):
        now, to = sigmas[index : index + 2]
        nodes = sigmas[index::-1][: len(weights)]
        for power in range(len(weights)):
            found = sum(w * node**power for w, node in zip(weights, nodes, strict=True))
            assert found == pytest.approx((to ** (power + 1) - now ** (power + 1)) / (power + 1), rel=1e-9)


def test_lms_is_exact_where_the_slope_is_a_cubic() -> None:
    def cubic(sigma: float) -> float:
        return 1 - 2 * sigma + 0.5 * sigma**2 + 0.25 * sigma**3

    def integral(sigma: float) -> float:
        return sigma - sigma**2 + sigma**3 / 6 + sigma**4 / 16

    schedule = plan_schedule(TABLE, 10, 0.7, 0)
    x = doubles(0.7)
    steps = list(SAMPLERS["k_lms"](lambda x, s: x - s * cubic(s), x, schedule, silence))
    for before, step in pairwise(steps):
        if step.index >= 3:  # four slopes are held
            to = schedule.sigmas[step.index + 1]
            assert float(step.x - before.x) == pytest.approx(integral(to) - integral(step.sigma), rel=1e-11)


def stock_lms(denoise: Denoiser, x: Tensor, full: Schedule, strength: float) -> Tensor:
    """LMS as diffusers has it: the order comes from the place in the full schedule, not from history."""
    run = full.tail(strength)
    slopes: deque[Tensor] = deque(maxlen=4)
    for now, weights in zip(run.sigmas, lms_weights(full.sigmas, 4)[-run.steps :], strict=False):
        slopes.appendleft(slope(x, denoise(x, now), now))
        x = x + sum(w * d for w, d in zip(weights, slopes, strict=False))
    return x


@pytest.mark.parametrize(
    ("steps", "strength", "bound", "times"),
    [
        (10, 0.7, 0.034, 4),
        (10, 0.4, 0.041, 4),
        (50, 0.75, 7e-4, 40),
        (50, 0.4, 7e-4, 20),
        (50, 0.1, 1e-3, 40),
    ],
)
def test_truncated_lms_starts_with_what_it_has(
    steps: int, strength: float, bound: float, times: float
) -> None:
    full = spaced(TABLE, steps)
    ours = GAUSSIAN.error("k_lms", full.tail(strength))
    start = GAUSSIAN.at(full.tail(strength).sigmas[0])
    theirs = relative(stock_lms(GAUSSIAN.denoise, start, full, strength), GAUSSIAN.at(0), GAUSSIAN.mean)
    assert ours < bound
    assert theirs > times * ours


def test_stock_lms_is_right_at_full_strength() -> None:
    full = spaced(TABLE, 20)
    start = GAUSSIAN.at(full.sigmas[0])
    torch.testing.assert_close(
        end("k_lms", GAUSSIAN.denoise, start, full),
        stock_lms(GAUSSIAN.denoise, start, full, 1.0),
        rtol=1e-12,  # sums of the same terms
        atol=1e-12,
    )


# --- ancestral samplers ---------------------------------------------------------------------------------

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


# --- the contract that every sampler keeps --------------------------------------------------------------


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
