"""The samplers: ways to walk a schedule from noise to a picture.

Each is a generator over (denoise, x, schedule, noise) that yields a `Step` per step and knows nothing
of networks, guidance, masks or strength. All solve, or follow with fresh noise added, the
probability flow ODE dx/dsigma = (x - clean(x, sigma)) / sigma of Karras et al. 2022 (arXiv 2206.00364).
Latents are never changed in place; coefficients are Python floats. Where a step is one evaluation and a sum,
the sum is a `Move`, which on a GPU is captured together with the network.

UniPC and third-order DPM-Solver++ are left out on purpose: measured against a fine solution they win at
guidance scale 1 and are unstable at 7.5 below forty evaluations, where k_lms and k_dpmpp_2 are not.
"""
# ruff: noqa: ARG001 - every sampler takes the same four arguments, whether it draws noise or not

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from invoke_cli.diffusion.moves import along, multistep, slope, toward, toward_guess, weighted
from invoke_cli.diffusion.step import Denoiser, NoiseSource, Step, moved
from invoke_cli.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

    from invoke_cli.diffusion.schedule import Schedule

Walk: TypeAlias = "Callable[[Denoiser, Tensor, Schedule, NoiseSource], Iterator[Step]]"
"""x: (B, C, h, w) float32 at the level schedule.sigmas[0]; the last step's x is clean."""


@dataclass(frozen=True)
class Sampler:
    """A walk, and what a planner should know before it starts.

    evaluations: from steps run to calls of the denoiser.
    ancestral: adds fresh noise on the way, so more steps lead to another picture, not a finer one.
    fewest: with fewer steps than this the result is unusable under guidance.
    """

    walk: Walk
    evaluations: Callable[[int], int]
    ancestral: bool
    fewest: int

    def evaluations_of(self, parts: Sequence[int]) -> int:
        """Calls of the denoiser when the sampler starts anew for each part of a run, of so many steps each.

        Only the last part ends at sigma 0, where some samplers save a call.
        """
        *others, last = parts or (0,)
        return sum(self.evaluations(steps + 1) - 1 for steps in others) + self.evaluations(last)

    @property
    def about(self) -> str:
        """One sentence for the help."""
        return (self.walk.__doc__ or "").partition("\n")[0]

    def __call__(
        self, denoise: Denoiser, x: Tensor, schedule: Schedule, noise: NoiseSource
    ) -> Iterator[Step]:
        """Walk; see `Walk`."""
        return self.walk(denoise, x, schedule, noise)


SAMPLERS: Registry[Sampler] = Registry("sampler")


def once(steps: int) -> int:
    """One evaluation a step."""
    return steps


def twice(steps: int) -> int:
    """Two evaluations a step; the last one, to sigma 0, needs only one."""
    return max(0, 2 * steps - 1)


def once_and_start(steps: int) -> int:
    """One evaluation a step, and one more to get going, where there is a second step."""
    return steps + 1 if steps > 1 else steps


def sampler(
    evaluations: Callable[[int], int] = once, *, ancestral: bool = False, fewest: int = 1
) -> Callable[[Walk], Sampler]:
    """A decorator that makes a `Sampler` of a walk; the first line of its docstring is its help."""
    return lambda walk: Sampler(walk, evaluations, ancestral, fewest)


@SAMPLERS.add("k_lms", "lms", "klms")
@sampler()
def lms(
    denoise: Denoiser, x: Tensor, schedule: Schedule, noise: NoiseSource, order: int = 4
) -> Iterator[Step]:
    """Linear multistep: a cubic through the last four slopes, integrated exactly.

    The order grows with the history held, not with the step's index, so a schedule cut short by
    strength starts with an Euler step. Orders above 4 are not integrated exactly.
    """
    weights = lms_weights(schedule.sigmas, order)
    # what is not held yet is nothing times nothing, so that all steps are the same sum
    slopes = deque([x.new_zeros(x.shape)] * (order - 1), maxlen=order - 1)
    for index, now in enumerate(schedule.sigmas[:-1]):
        held = weights[index] + (0.0,) * (order - len(weights[index]))
        clean, x, here = moved(denoise, x, now, multistep, now, held, tuple(slopes))
        slopes.appendleft(here)
        yield Step(index, schedule.steps, now, x, clean)


def lms_weights(sigmas: Sequence[float], order: int) -> list[tuple[float, ...]]:
    """For each step the weights of the slopes held, the newest first."""
    return [
        _step_weights(sigmas[max(0, index + 1 - order) : index + 1][::-1], to)
        for index, to in enumerate(sigmas[1:])
    ]


def _step_weights(nodes: Sequence[float], to: float) -> tuple[float, ...]:
    """The integral from nodes[0] to `to` of each Lagrange polynomial over `nodes`.

    Two Gauss-Legendre points are exact for cubics, that is for up to four nodes.
    """
    middle, half = (nodes[0] + to) / 2, (to - nodes[0]) / 2
    points = (middle - half / math.sqrt(3), middle + half / math.sqrt(3))
    return tuple(half * sum(_lagrange(nodes, j, point) for point in points) for j in range(len(nodes)))


def _lagrange(nodes: Sequence[float], j: int, at: float) -> float:
    """The polynomial that is 1 at nodes[j] and 0 at the other nodes."""
    return math.prod((at - other) / (nodes[j] - other) for k, other in enumerate(nodes) if k != j)


@SAMPLERS.add("k_euler", "euler")
@sampler()
def euler(denoise: Denoiser, x: Tensor, schedule: Schedule, noise: NoiseSource) -> Iterator[Step]:
    """Euler: a straight line at each step; simple, and soft at few steps."""
    for index, (now, to) in enumerate(pairwise(schedule.sigmas)):
        clean, x = moved(denoise, x, now, along, now, to - now)
        yield Step(index, schedule.steps, now, x, clean)


@SAMPLERS.add("k_euler_a", "euler_a", "k_euler_ancestral")
@sampler(ancestral=True)
def euler_a(denoise: Denoiser, x: Tensor, schedule: Schedule, noise: NoiseSource) -> Iterator[Step]:
    """Euler with fresh noise at each step: lively, and another picture for another step count."""
    for index, (now, to) in enumerate(pairwise(schedule.sigmas)):
        down, up = ancestral_levels(now, to)
        clean, straight = moved(denoise, x, now, along, now, down - now)
        x = renewed(straight, noise, up)
        yield Step(index, schedule.steps, now, x, clean)


def ancestral_levels(now: float, to: float) -> tuple[float, float]:
    """(down, up): go down to the level `down`, then fresh noise of level `up` leads back up to `to`.

    The closed form of DDPM's posterior; down^2 + up^2 = to^2.
    """
    return to * to / now, to * math.sqrt(1 - (to / now) ** 2)


def renewed(x: Tensor, noise: NoiseSource, up: float) -> Tensor:
    """X with fresh noise of level `up`; the last step, to sigma 0, draws none."""
    return x + noise() * up if up > 0 else x


@SAMPLERS.add("k_heun", "heun")
@sampler(twice, fewest=4)
def heun(denoise: Denoiser, x: Tensor, schedule: Schedule, noise: NoiseSource) -> Iterator[Step]:
    """Heun: the mean of the slopes at a step's two ends; two evaluations a step.

    Karras et al. 2022, algorithm 1.
    """
    for index, (now, to) in enumerate(pairwise(schedule.sigmas)):
        clean = denoise(x, now)
        here = slope(x, clean, now)
        ahead = x + here * (to - now)
        x = ahead if to == 0 else x + (here + slope(ahead, denoise(ahead, to), to)) * ((to - now) / 2)
        yield Step(index, schedule.steps, now, x, clean)


@SAMPLERS.add("k_dpm_2", "dpm_2")
@sampler(twice, fewest=4)
def dpm_2(denoise: Denoiser, x: Tensor, schedule: Schedule, noise: NoiseSource) -> Iterator[Step]:
    """Midpoint: the slope halfway, by the logarithm of sigma; two evaluations a step."""
    for index, (now, to) in enumerate(pairwise(schedule.sigmas)):
        clean = denoise(x, now)
        x = midpoint(denoise, x, slope(x, clean, now), now, to)
        yield Step(index, schedule.steps, now, x, clean)


@SAMPLERS.add("k_dpm_2_a", "dpm_2_a", "k_dpm_2_ancestral")
@sampler(twice, ancestral=True, fewest=4)
def dpm_2_a(denoise: Denoiser, x: Tensor, schedule: Schedule, noise: NoiseSource) -> Iterator[Step]:
    """Midpoint with fresh noise at each step; two evaluations a step."""
    for index, (now, to) in enumerate(pairwise(schedule.sigmas)):
        down, up = ancestral_levels(now, to)
        clean = denoise(x, now)
        x = renewed(midpoint(denoise, x, slope(x, clean, now), now, down), noise, up)
        yield Step(index, schedule.steps, now, x, clean)


def midpoint(denoise: Denoiser, x: Tensor, here: Tensor, now: float, to: float) -> Tensor:
    """X at `to`, by the slope at the geometric mean of the two levels; to 0 by the slope `here`."""
    if to == 0:
        return x + here * (to - now)
    between = math.sqrt(now * to)
    halfway = x + here * (between - now)
    return x + slope(halfway, denoise(halfway, between), between) * (to - now)


@SAMPLERS.add("k_dpmpp_2", "dpmpp_2", "k_dpmpp_2m", "dpmpp_2m")
@sampler()
def dpmpp_2m(denoise: Denoiser, x: Tensor, schedule: Schedule, noise: NoiseSource) -> Iterator[Step]:
    """DPM-Solver++(2M): a line through the last two clean estimates; best below twenty steps.

    Lu et al. 2022 (arXiv 2211.01095), algorithm 2. Its first and last steps use one estimate alone.
    """
    before, last = math.inf, x  # looked at from the second step on
    for index, (now, to) in enumerate(pairwise(schedule.sigmas)):
        reach = math.log(now / to) / math.log(before / now) / 2 if index > 0 and to > 0 else 0.0
        clean, x = moved(denoise, x, now, toward_guess, last, reach, to / now)
        before, last = now, clean
        yield Step(index, schedule.steps, now, x, clean)


@SAMPLERS.add("k_dpmpp_2_a", "dpmpp_2_a", "k_dpmpp_2s_a", "dpmpp_2s_a")
@sampler(twice, ancestral=True)
def dpmpp_2s_a(denoise: Denoiser, x: Tensor, schedule: Schedule, noise: NoiseSource) -> Iterator[Step]:
    """DPM-Solver++(2S) with fresh noise at each step; two evaluations a step.

    Lu et al. 2022 (arXiv 2211.01095), algorithm 1 with r = 1/2.
    """
    for index, (now, to) in enumerate(pairwise(schedule.sigmas)):
        down, up = ancestral_levels(now, to)
        clean = guess = denoise(x, now)
        if down > 0:
            between = math.sqrt(now * down)
            guess = denoise(toward(x, clean, between / now), between)
        x = renewed(toward(x, guess, down / now), noise, up)
        yield Step(index, schedule.steps, now, x, clean)


@SAMPLERS.add("lcm")
@sampler(ancestral=True)
def lcm(denoise: Denoiser, x: Tensor, schedule: Schedule, noise: NoiseSource) -> Iterator[Step]:
    """Latent consistency: what the network believes, with fresh noise; for LCM and Turbo models.

    Song et al. 2023 (arXiv 2303.01469), algorithm 1; Luo et al. 2023 (arXiv 2310.04378), algorithm 3. Their
    boundary terms weigh less than 1e-5 at every level that such a model was trained for.
    """
    for index, (now, to) in enumerate(pairwise(schedule.sigmas)):
        clean = denoise(x, now)
        x = renewed(clean, noise, to)
        yield Step(index, schedule.steps, now, x, clean)


@SAMPLERS.add("ddim")
@sampler()
def ddim(denoise: Denoiser, x: Tensor, schedule: Schedule, noise: NoiseSource) -> Iterator[Step]:
    """DDIM without added noise, which for these latents is the very step of k_euler.

    Song et al. 2021 (arXiv 2010.02502), equation 13: its x / sqrt(alpha) is our x.
    """
    return euler(denoise, x, schedule, noise)


ADAMS_BASHFORTH = {
    1: (1.0,),
    2: (3 / 2, -1 / 2),
    3: (23 / 12, -16 / 12, 5 / 12),
    4: (55 / 24, -59 / 24, 37 / 24, -9 / 24),
}
"""Weights of the slopes at equal distances, the newest first, by how many are held."""


@SAMPLERS.add("plms", "pndm")
@sampler(once_and_start, fewest=3)
def plms(denoise: Denoiser, x: Tensor, schedule: Schedule, noise: NoiseSource) -> Iterator[Step]:
    """Pseudo linear multistep: four slopes weighted as if evenly spaced; two evaluations at the start.

    Liu et al. 2022 (arXiv 2202.09778), section 3.3; the start is Heun's step. History begins with the
    first step that runs, wherever strength puts that.
    """
    slopes: deque[Tensor] = deque(maxlen=4)
    for index, (now, to) in enumerate(pairwise(schedule.sigmas)):
        clean = denoise(x, now)
        slopes.appendleft(slope(x, clean, now))
        mean = weighted(ADAMS_BASHFORTH[len(slopes)], tuple(slopes))
        if index == 0 and to > 0:
            ahead = x + slopes[0] * (to - now)
            mean = (slopes[0] + slope(ahead, denoise(ahead, to), to)) / 2
        x = x + mean * (to - now)
        yield Step(index, schedule.steps, now, x, clean)
