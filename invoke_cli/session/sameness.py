"""Values of a sweep that come out as one run. Equal runs give equal pictures, so each is drawn once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from invoke_cli.diffusion.symmetry import parts
from invoke_cli.language.declare import FILES
from invoke_cli.language.grammar import Reading
from invoke_cli.language.request import Request
from invoke_cli.language.sweeps import Axis, combinations
from invoke_cli.language.switches import table
from invoke_cli.session.job import Job, Plan

TOLD = 5  # values that are left out, by name; the others are counted

# What a run has of these is in its schedules.
_SCHEDULED: dict[str, Any] = dict.fromkeys(
    ("steps", "karras_max", "exact_strength", "h_symmetry_time_pct", "v_symmetry_time_pct")
)


@dataclass(frozen=True)
class Sameness:
    """Which runs of a sweep are the same. plans: those of all combinations of the axes, in their order."""

    axes: Sequence[Axis]
    plans: Sequence[Plan]

    @cached_property
    def kept(self) -> tuple[Axis, ...]:
        """The axes without the values that change nothing, whatever the others are."""
        return tuple(map(self._reduced, range(len(self.axes))))

    def notices(self) -> Iterator[str]:
        """What to say of the values that are left out, a sentence for each axis."""
        for place, axis in enumerate(self.axes):
            texts, flag = axis.texts, axis.switch.flags[0]
            pairs = [(texts[index], texts[first]) for index, first in enumerate(self._firsts[place])]
            left = [f"{flag} {text} as {like}" for text, like in pairs if text != like]
            more = f" and {len(left) - TOLD} more" if len(left) > TOLD else ""
            if left:
                yield f"the same run, drawn once: {', '.join(left[:TOLD])}{more}"

    def _reduced(self, place: int) -> Axis:
        axis, firsts = self.axes[place], self._firsts[place]
        chosen = [index for index, first in enumerate(firsts) if index == first]
        values, spans = (tuple(each[index] for index in chosen) for each in (axis.values, axis.spans))
        return replace(axis, values=values, spans=spans)

    @cached_property
    def _firsts(self) -> tuple[tuple[int, ...], ...]:
        """For each axis and each of its values, the index of the first value that does the same."""
        done: list[list[list[Hashable]]] = [[[] for _ in axis.values] for axis in self.axes]
        for plan, indexes in zip(self.plans, combinations(self.axes), strict=True):
            key = tuple(run_key(job, plan.jobs) for job in plan.jobs)
            for values, index in zip(done, indexes, strict=True):
                values[index].append(key)
        return tuple(_first_places(map(tuple, values)) for values in done)


def _first_places(things: Iterable[Hashable]) -> tuple[int, ...]:
    """For each of them, the place of the first one that is equal."""
    places: dict[Hashable, int] = {}
    return tuple(places.setdefault(thing, place) for place, thing in enumerate(things))


def run_key(job: Job, jobs: Sequence[Job]) -> Hashable:
    """Equal for jobs of one line only where both draw the same picture and write the same files of it.

    jobs: those of its plan, where the one is that it starts from.
    """
    before = None if job.after is None else run_key(jobs[job.after], jobs)
    request = replace(job.request, **_SCHEDULED, strength=_end(job.request))
    if before is not None:
        request = replace(request, init_img=None)  # named after its values
    passes = [each for each in (job.schedule, job.refining) if each is not None]
    cuts = tuple(tuple(parts(each.steps, job.mirrors)) for each in passes)
    files = tuple(getattr(job.asked, switch.name) for switch in table() if switch.group == FILES)
    return request, tuple(passes), cuts, files, before


def _end(request: Request) -> float | None:
    """The strength where it does more than to cut the schedule: 0 keeps the picture, 1 ignores it."""
    return request.strength if request.strength in (0, 1) else None


def with_axes(reading: Reading, axes: Sequence[Axis]) -> Reading:
    """The reading with these axes; those of one value are as if it had been typed alone."""
    alone = {axis.switch.name: axis.values[0] for axis in axes if len(axis.values) == 1}
    several = tuple(axis for axis in axes if len(axis.values) > 1)
    return replace(reading, request=replace(reading.request, **alone), axes=several)


def repeated(jobs: Sequence[Job]) -> Iterator[str]:
    """What to say of runs that come out like others for some of the combinations only."""
    firsts: dict[Hashable, Job] = {}
    like = [(job, firsts.setdefault(run_key(job, jobs), job)) for job in jobs]
    same = [(job, first) for job, first in like if job is not first]
    if same:
        job, first = same[0]
        count = f"{len(same)} of {len(jobs)} pictures"
        yield f"{count} will be like others: {job.label} runs as {first.label}"
