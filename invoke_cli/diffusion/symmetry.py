"""Pictures with mirrored halves: a walk that is interrupted once, mirrors its latents, and goes on."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from invoke_cli.diffusion.schedule import Schedule
from invoke_cli.diffusion.step import Denoiser, NoiseSource, Step

if TYPE_CHECKING:
    from torch import Tensor

    from invoke_cli.diffusion.samplers import Walk

Shares = tuple[float, float]
"""(across, down): the share of the steps after which left goes onto right, top onto bottom; 0 is never."""


def mirrored(walk: Walk, shares: Shares) -> Walk:
    """The walk, with the latents mirrored once the shares of its steps are done.

    Samplers that look back start anew there, as they do where strength cuts a schedule: what they
    remember belongs to latents that are no more. The steps seen from outside stay one run.
    """
    if shares == (0, 0):
        return walk

    def walking(denoise: Denoiser, x: Tensor, schedule: Schedule, noise: NoiseSource) -> Iterator[Step]:
        done = 0
        for count, axes in parts(schedule.steps, shares):
            part = Schedule(schedule.sigmas[done : done + count + 1], schedule.full)
            for step in walk(denoise, x, part, noise):
                x = mirror(step.x, axes) if step.index + 1 == count else step.x
                yield replace(step, index=done + step.index, total=schedule.steps, x=x)
            done += count

    return walking


def parts(steps: int, shares: Shares) -> list[tuple[int, str]]:
    """How a run of `steps` is cut up: the steps of each part, and the axes mirrored at its end.

    0.0001 is after the first step, 1 after the last. The small term is there because 0.29 x 100 is
    28.999... in floating point.
    """
    moments: dict[int, str] = {}
    for share, axis in zip(shares, "xy", strict=True):
        if share > 0 and steps > 0:
            moment = min(max(1, math.ceil(share * steps - 1e-9)), steps)
            moments[moment] = moments.get(moment, "") + axis
    ends = sorted({*moments, steps})
    starts = [0, *ends]
    return [(end - start, moments.get(end, "")) for start, end in zip(starts, ends, strict=False) if end]


def mirror(x: Tensor, axes: Collection[str]) -> Tensor:
    """Latents, (B, C, h, w), with the left half mirrored onto the right ("x"), the top onto the bottom ("y").

    A column or row in the very middle stays.
    """
    import torch

    for axis, dim in (("x", -1), ("y", -2)):
        if axis in axes:
            length = x.shape[dim]
            first = x.narrow(dim, 0, length - length // 2)
            x = torch.cat([first, first.narrow(dim, 0, length // 2).flip(dim)], dim)
    return x
