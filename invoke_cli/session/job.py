"""What planning works with: what it needs to know, and the jobs that come out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from invoke_cli.diffusion.recipe import Recipe
from invoke_cli.diffusion.samplers import SAMPLERS
from invoke_cli.diffusion.schedule import Schedule
from invoke_cli.diffusion.symmetry import parts
from invoke_cli.errors import InvokeError
from invoke_cli.language.grammar import write
from invoke_cli.language.prompts import Prompt
from invoke_cli.language.request import Request
from invoke_cli.language.wildcards import Lines
from invoke_cli.models.files import Facts
from invoke_cli.models.wanted import AdapterFolders, Wanted
from invoke_cli.session.events import PlannedPicture, Swept

T = TypeVar("T")

SweptValues = tuple[tuple[str, str, str], ...]
"""What tells a picture of a sweep from the others: a switch's name, its flag and its value as typed."""


def known(value: T | None) -> T:
    """The value of a field that the built-in defaults, or planning, have set for sure."""
    if value is None:
        raise ValueError("a field of a planned request is not set")
    return value


def no_wildcards(name: str) -> Sequence[str]:
    """The lines of a wildcard where there is no folder of them."""
    raise InvokeError(f"there is no wildcard {name!r}")


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a line's meaning depends on besides its text.

    defaults: every layer below the line, merged. seeds, pictures: what the command before made.
    predict: where the result of a job will probably be written. folders: where adapters are looked for.
    loras, vae: what the model's entry always adds. model: its name. guidance_share: as its entry says.
    wildcards: name -> the lines of its file. swept: the values that a sweep has now. planned: (width,
    height) of pictures that a dry run would have made by now, by path.
    """

    defaults: Request
    facts: Facts
    outdir: Path
    seeds: Sequence[int] = ()
    pictures: Sequence[Path] = ()
    new_seed: Callable[[], int]
    predict: Callable[[Job], Path]
    folders: AdapterFolders
    loras: Sequence[tuple[str, float]] = ()
    model: str = ""
    vae: str | None = None
    guidance_share: float = 1.0
    wildcards: Lines = no_wildcards
    swept: SweptValues = ()
    planned: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One picture: its pinned request, its size and schedule, and where its start comes from.

    asked: the merged request that it comes from, for what concerns files and not pixels.
    first_size, refining: with --hires_fix the size of the first pass, to which `schedule` then belongs, and
    the schedule of the second.
    after: the index of the job of the same line whose result is this one's init picture, or None.
    name_seed: the seed shown in the file's name; differs between the pictures of a line.
    swept: which values of a sweep it has; the others of the line differ.
    off: the switches that are off where a line does not turn them on.
    """

    request: Request
    asked: Request
    width: int
    height: int
    schedule: Schedule
    prompt: Prompt
    name_seed: int
    first_size: tuple[int, int] | None = None
    refining: Schedule | None = None
    after: int | None = None
    swept: SweptValues = ()
    off: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        """What tells it from the other pictures of a sweep: `-f 0.3 -C 5`."""
        return " ".join(f"{flag} {text}" for _, flag, text in self.swept)

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes along which the picture tiles."""
        return known(self.request.seamless_axes) if self.request.seamless else ()

    @property
    def mirrors(self) -> tuple[float, float]:
        """The shares of the steps after which left goes onto right, and top onto bottom; 0 is never."""
        across, down = self.request.h_symmetry_time_pct, self.request.v_symmetry_time_pct
        return (across if across is not None else 0.0, down if down is not None else 0.0)

    def as_done(self, recipe: Recipe) -> Job:
        """The job whose line says what memory was spared for its picture."""
        request = self.request
        if recipe.low_memory and request.low_memory is not True:
            request = replace(request, low_memory=True)
        if recipe.tiled and request.tiled_vae is not True:
            request = replace(request, tiled_vae=True)
        return self if request is self.request else replace(self, request=request)

    @property
    def levels(self) -> tuple[float, ...]:
        """The noise levels that steps end at, over all passes."""
        second = self.refining.sigmas[1:] if self.refining is not None else ()
        return (*self.schedule.sigmas[1:], *second)

    @cached_property
    def line(self) -> str:
        """The line that makes exactly this picture."""
        return write(self.request, full=True)

    @property
    def said(self) -> str:
        """The line without what is off anyway: it does the same as long as no default is changed."""
        off: dict[str, Any] = {name: None for name in self.off if getattr(self.request, name) == 0}
        return write(replace(self.request, **off), full=True)

    def facts(self) -> PlannedPicture:
        """What a front end shows of the job."""
        request = self.request
        sampler = known(request.sampler)
        passes = [self.schedule, *([self.refining] if self.refining is not None else [])]
        cuts = [[steps for steps, _ in parts(each.steps, self.mirrors)] for each in passes]
        first = (*self.first_size, self.schedule.steps) if self.first_size is not None else None
        return PlannedPicture(
            seed=known(request.seed),
            width=self.width,
            height=self.height,
            steps=self.schedule.full,
            steps_run=sum(each.steps for each in passes),
            evaluations=sum(SAMPLERS[sampler].evaluations_of(each) for each in cuts),
            first_sigma=self.schedule.sigmas[0],
            sampler=sampler,
            strength=request.strength if request.init_img is not None or first else None,
            from_picture=request.init_img is not None,
            first_pass=first,
            cfg_scale=known(request.cfg_scale),
            line=self.line,
        )


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The jobs of a line, the merged request they come from, and what the user should be told.

    wanted: what the line adds to the model. axes: the labels along each axis of a sweep, such as "-f 0.2",
    of which the first turns fastest from job to job; none for any other line. sweep: its lists.
    strips: whether their sheet shows the pictures on their way.
    """

    request: Request
    jobs: tuple[Job, ...]
    notices: tuple[str, ...]
    wanted: Wanted
    axes: tuple[tuple[str, ...], ...] = ()
    sweep: tuple[Swept, ...] = ()
    strips: bool = False
