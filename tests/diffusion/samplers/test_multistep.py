"""Linear multistep: weights against rational arithmetic, and a start with the history that there is."""

from __future__ import annotations

from collections import deque
from fractions import Fraction
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from invoke_cli.diffusion.samplers import SAMPLERS, lms_weights, slope
from invoke_cli.diffusion.schedule import Schedule, plan_schedule, spaced
from invoke_cli.diffusion.step import Denoiser
from tests.diffusion.samplers.conftest import GAUSSIAN, TABLE, doubles, end, relative, silence


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
