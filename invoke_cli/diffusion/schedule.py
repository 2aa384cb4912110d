"""Noise levels: those the network was trained on, and those a run visits. NumPy only, float64.

A level is a sigma: x = clean latents + sigma * unit noise. The network's own timesteps are another
name for the same levels, 0 (nearly clean) to T-1 (nearly pure noise); `NoiseTable` translates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from invoke_cli.errors import ModelError

Floats = NDArray[np.float64]

RHO = 7.0
"""Karras et al. 2022 (arXiv 2206.00364), appendix D.1: larger values put more steps at small sigmas."""


class NoiseTable:
    """The noise levels of the T timesteps of training, with logarithmic interpolation between them.

    sigmas: (T,) float64, rising. trailing: runs end well above timestep 0, as distilled networks, which
    are trained for a few large steps, want it.
    """

    def __init__(self, betas: Floats, *, trailing: bool = False) -> None:
        self.trailing = trailing
        # float32 would lose five digits of 1 - alphas_bar at the small end
        alphas_bar = np.cumprod(1.0 - np.asarray(betas, dtype=np.float64))
        self.sigmas: Floats = np.sqrt((1.0 - alphas_bar) / alphas_bar)
        self._logs: Floats = np.log(self.sigmas)
        self._steps: Floats = np.arange(len(self.sigmas), dtype=np.float64)

    @property
    def zero_signal(self) -> bool:
        """Whether training went down to (nearly) no signal."""
        return bool(self.sigmas[-1] > 1 / math.sqrt(FAINTEST) - 1)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> NoiseTable:
        """The table that a diffusers scheduler configuration (scheduler_config.json) describes.

        A key that is missing has Stable Diffusion's value, so an empty mapping is Stable Diffusion 1.x.
        Raises ModelError for a beta schedule that nobody here knows.
        """
        trailing = config.get("timestep_spacing") == "trailing" or config.get("_class_name") == "LCMScheduler"
        if config.get("trained_betas") is not None:
            betas = np.asarray(config["trained_betas"], dtype=np.float64)
        else:
            start, end = config.get("beta_start", 0.00085), config.get("beta_end", 0.012)
            betas = _betas(config.get("beta_schedule", "scaled_linear"), start, end, _length(config))
        if config.get("rescale_betas_zero_snr"):
            betas = _to_zero_signal(betas)
        return cls(betas, trailing=trailing)

    def __len__(self) -> int:
        return len(self.sigmas)

    def sigma_of(self, t: float) -> float:
        """The noise level of timestep t, which may be fractional; clamped to 0..T-1."""
        return math.exp(float(np.interp(t, self._steps, self._logs)))

    def t_of(self, sigma: float) -> float:
        """The timestep of a noise level above 0: the inverse of `sigma_of`, fractional, in 0..T-1."""
        return float(np.interp(math.log(sigma), self._logs, self._steps))


FAINTEST = 2.0**-24
"""What is left of the signal's power at the last timestep of a model trained down to none, so that its
noise level, about 4096, is a number. The value is that of diffusers."""


def _to_zero_signal(betas: Floats) -> Floats:
    """The betas moved so that the last timestep has (nearly) no signal left and the first is as before.

    Lin et al. 2023 (arXiv 2305.08891), algorithm 1.
    """
    signal = np.sqrt(np.cumprod(1.0 - betas))
    moved = (signal - signal[-1]) * (signal[0] / (signal[0] - signal[-1]))
    power = np.maximum(moved**2, FAINTEST)
    found: Floats = 1.0 - power / np.concatenate(([1.0], power[:-1]))
    return found


def _length(config: Mapping[str, Any]) -> int:
    return int(config.get("num_train_timesteps", 1000))


def _betas(kind: str, start: float, end: float, count: int) -> Floats:
    """The variance added by each of `count` timesteps of training."""
    if kind == "linear":
        return np.linspace(start, end, count)
    if kind == "scaled_linear":
        return np.linspace(math.sqrt(start), math.sqrt(end), count) ** 2
    if kind == "squaredcos_cap_v2":  # Nichol & Dhariwal 2021 (arXiv 2102.09672), equation 17
        grid = np.arange(count + 1, dtype=np.float64) / count
        alphas_bar = np.cos((grid + 0.008) / 1.008 * math.pi / 2) ** 2
        betas: Floats = np.minimum(1.0 - alphas_bar[1:] / alphas_bar[:-1], 0.999)
        return betas
    raise ModelError(f"the model's scheduler asks for beta schedule {kind!r}, which is not supported")


@dataclass(frozen=True)
class Schedule:
    """The noise levels that a run visits.

    sigmas: falling, the last one is 0; one more than there are steps.
    full: the steps that were asked for, before strength cut them.
    """

    sigmas: tuple[float, ...]
    full: int

    @property
    def steps(self) -> int:
        """How many steps run."""
        return len(self.sigmas) - 1

    def done(self, sigma: float) -> float:
        """The part of all steps, from 0 to below 1, that lies behind a noise level; strength skips steps.

        A level between two steps' is nearer to the later one.
        """
        behind = sum(level > sigma for level in self.sigmas)
        return (self.full - self.steps + behind) / self.full

    def tail(self, strength: float) -> Schedule:
        """The last steps, as many as `steps_to_run` says: where an img2img run begins."""
        return Schedule(self.sigmas[-1 - steps_to_run(self.full, strength) :], self.full)


def steps_to_run(steps: int, strength: float) -> int:
    """How many of `steps` a strength (0..1) leaves: 10 x 0.7 is 7, and above 0 it is at least 1.

    The small term is there because 50 x 0.58 is 28.999... in floating point.
    """
    if strength == 0:
        return 0
    return min(max(1, math.floor(steps * strength + 1e-9)), steps)


def steps_to_ask(run: int, strength: float) -> int:
    """The fewest steps of which a strength (above 0, at most 1) leaves exactly `run` (1 and more).

    There always is such a number: one more step lengthens steps x strength by at most 1, so the
    rounded-down product passes over no whole number on its way up.
    """
    steps = max(1, math.floor((run - 1) / strength))  # never too many, though floating point rounds
    while steps_to_run(steps, strength) < run:
        steps += 1
    return steps


def spaced(table: NoiseTable, steps: int) -> Schedule:
    """Timesteps evenly from T-1 to 0 (a single step is at T-1), then sigma 0, as in k-diffusion.

    Trailing ones are T-1 and on in even steps towards -1: four of a thousand are 999, 749, 499, 249.
    """
    timesteps = np.linspace(len(table) - 1, 0, steps)
    if table.trailing:
        timesteps = np.linspace(len(table), 0, steps, endpoint=False) - 1
    return Schedule((*(table.sigma_of(float(t)) for t in timesteps), 0.0), steps)


def bent(table: NoiseTable, steps: int, strength: float) -> Schedule:
    """Like `spaced`, but with the level that `strength` names among its own: timestep strength x (T-1).

    Above it and below it timesteps stay even, and as many lie below as strength leaves to run: down to 0,
    or trailing, as in `spaced`.
    """
    run, top = steps_to_run(steps, strength), len(table) - 1
    above = np.linspace(top, strength * top, steps - run, endpoint=False)
    end = -1 if table.trailing else 0
    timesteps = (*above, *np.linspace(strength * top, end, run, endpoint=not table.trailing))
    return Schedule((*(table.sigma_of(float(t)) for t in timesteps), 0.0), steps)


def karras(start: float, end: float, steps: int) -> tuple[float, ...]:
    """`steps` sigmas from `start` down to `end`, evenly in sigma^(1/rho), then 0.

    Karras et al. 2022 (arXiv 2206.00364), equation 5. A single step is at `start`.
    """
    ramp = np.linspace(start ** (1 / RHO), end ** (1 / RHO), steps) ** RHO
    return (start, *(float(sigma) for sigma in ramp[1:]), 0.0)


def plan_schedule(
    table: NoiseTable, steps: int, strength: float, karras_max: int, exact: bool = False
) -> Schedule:
    """The schedule of a run: the one place that it comes from.

    steps: 1 and more. strength: 0..1, and 0 leaves no step. karras_max: Karras spacing when fewer
    steps than this are asked for; 0 is never. Karras spacing keeps the number of steps and the sigma
    at which the strength starts, and moves only the levels between: to cut a Karras list instead
    would change what strength means. exact: start at the very level that the strength names, where
    otherwise the run starts at the level of a step, which lies near it.
    """
    schedule = whole_schedule(table, steps, strength, exact).tail(strength)
    if steps >= karras_max or schedule.steps == 0:
        return schedule
    return Schedule(karras(schedule.sigmas[0], float(table.sigmas[0]), schedule.steps), steps)


def whole_schedule(table: NoiseTable, steps: int, strength: float, exact: bool = False) -> Schedule:
    """The schedule that strength cuts, before it is cut and before Karras spacing."""
    return bent(table, steps, strength) if exact else spaced(table, steps)
