"""The pictures of a planned line in turn: each is prepared once, when its turn comes or ahead of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from invoke_cli.diffusion.recent import Recent
from invoke_cli.diffusion.recipe import Recipe
from invoke_cli.session.job import Job, Plan, known
from invoke_cli.session.starts import Start, Starts

if TYPE_CHECKING:
    from invoke_cli.imaging.init_image import Frame

N = TypeVar("N", int, float)


class Turn:
    """A job whose turn it is, or will be."""

    def __init__(self, job: Job, starts: Starts) -> None:
        self.job = job
        self._starts = starts

    @cached_property
    def start(self) -> Start:
        """What it starts from. Raises PictureError, naming the switch."""
        return self._starts.of(self.job)

    @cached_property
    def recipe(self) -> Recipe:
        """The same object each time, so that others may know it by it. Raises PictureError."""
        return recipe_of(self.job, self.start.frame)


class Turns:
    """The turns of a plan. paths: where those that are done have been written, by their index; may wait.

    following: the turns of lines behind this one that could be drawn along with it.
    memory: the init pictures of earlier lines, brought to size.
    """

    def __init__(self, plan: Plan, memory: Recent[Start] | None = None) -> None:
        self.paths: dict[int, Callable[[], Path]] = {}
        self.following: Callable[[], Iterator[Turn]] = lambda: iter(())
        self._jobs = plan.jobs
        self._starts = Starts(memory)
        self._turns: dict[int, Turn] = {}

    def of(self, index: int) -> Turn:
        """The turn of a job, whose predecessor, where it has one, must be done."""
        if index not in self._turns:
            self._turns[index] = Turn(self._job(index), self._starts)
        return self._turns[index]

    def _job(self, index: int) -> Job:
        job = self._jobs[index]
        if job.after is None:
            return job
        return replace(job, request=replace(job.request, init_img=str(self.paths[job.after]())))

    def behind(self, index: int) -> Iterator[Turn]:
        """The turns after this one, of this line and then of others, up to one that has to wait."""
        for later in range(index + 1, len(self._jobs)):
            after = self._jobs[later].after
            if after is not None and after not in self.paths:
                return
            yield self.of(later)
        yield from self.following()


def recipe_of(job: Job, frame: Frame | None) -> Recipe:
    """The job in the core's words."""
    request = job.request
    return Recipe(
        positive=job.prompt.positive,
        negative=job.prompt.negative,
        width=job.width,
        height=job.height,
        steps=known(request.steps),
        strength=known(request.strength) if frame is not None or job.first_size is not None else 1.0,
        first=job.first_size,
        exact_strength=request.exact_strength is True,
        sampler=known(request.sampler),
        scale=known(request.cfg_scale),
        guidance=(_given(request.guidance_above, 0.0), _given(request.guidance_below, math.inf)),
        reuse=_given(request.reuse_features, 1),
        low_memory=request.low_memory is True,
        tiled=request.tiled_vae is True,
        away=request.low_memory is True,
        seed=known(request.seed),
        blend=request.with_variations if request.with_variations is not None else (),
        karras_max=known(request.karras_max),
        threshold=known(request.threshold),
        perlin=known(request.perlin),
        seamless=job.axes,
        mirrors=job.mirrors,
        rgb=frame.rgb if frame is not None else None,
        mask=frame.mask if frame is not None else None,
    )


def _given(value: N | None, otherwise: N) -> N:
    return otherwise if value is None else value
