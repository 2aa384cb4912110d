"""Lines with lists of values: all their combinations as one plan, and the sheets that show them together."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TypeVar

from invoke_cli.errors import InvokeError, LineError, PromptError
from invoke_cli.language.grammar import Reading, check
from invoke_cli.language.sweeps import Axis
from invoke_cli.session.events import Ask, Event, Notice, Swept
from invoke_cli.session.job import Context, Job, Plan
from invoke_cli.session.plan import plan
from invoke_cli.session.references import look_back
from invoke_cli.session.sameness import Sameness, repeated, with_axes

T = TypeVar("T")
NUMBERS = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True)
class Page:
    """One sheet of a sweep: where its pictures are in the plan, row by row, and what to write beside them."""

    indexes: tuple[int, ...]
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    title: str


def plan_line(reading: Reading, context: Context, *, strips: bool = False) -> Plan:
    """The plan of a line, or of all the different combinations of its lists.

    strips: as in Plan. All pictures of a sweep have one seed, unless seeds are what it sweeps.
    Raises InvokeError with its place.
    """
    if not reading.axes:
        check(reading.request)
        return plan(reading.request, context)
    seed = context.new_seed()
    context = replace(context, new_seed=lambda: seed)
    reading = replace(reading, axes=tuple(_looked_back(axis, context) for axis in reading.axes))
    plans = _plan_singles(reading, context)
    same = Sameness(reading.axes, plans)
    if same.kept != reading.axes:
        reading = with_axes(reading, same.kept)
        plans = _plan_singles(reading, context)
    joined = _joined(plans, reading.axes)
    notices = (*joined.notices, *same.notices(), *repeated(joined.jobs))
    return replace(joined, notices=notices, sweep=_swept(same.kept), strips=strips)


def _swept(axes: Sequence[Axis]) -> tuple[Swept, ...]:
    """The lists of a line as front ends see them."""
    return tuple(Swept(axis.switch.name, axis.switch.flags[0], axis.values, axis.texts) for axis in axes)


def agreed(planned: Plan, telling: tuple[Event, ...], limit: int) -> Generator[Event, bool | None, bool]:
    """Tell what is planned, and ask before a sweep draws very many pictures.

    Raises LineError, and has told nothing, where nobody answers.
    """
    count = len(planned.jobs)
    if not planned.axes or count <= limit:
        yield from telling
        return True
    answer = yield Ask(f"draw {count} pictures?", needed=True, about=telling)
    if answer is None:
        raise LineError(
            f"a line with lists draws at most {limit} pictures unasked, not {count}",
            f"--yes or --sweep_limit {count} allows it",
        )
    if not answer:
        yield Notice("nothing is drawn")
    return answer


def pages(axes: Sequence[Sequence[str]]) -> Iterator[Page]:
    """The sheets for labels along each axis: the first from left to right, the second downwards.

    Every combination of the others has a sheet of its own.
    """
    columns, rows, *others = (*axes, ("",), ("",)) if len(axes) < 2 else axes
    size = len(columns) * len(rows)
    for number in range(prod(map(len, others))):
        indexes = tuple(range(number * size, (number + 1) * size))
        yield Page(indexes, tuple(columns), tuple(rows), _title(others, number))


def _title(axes: Sequence[Sequence[str]], number: int) -> str:
    """The labels of the `number`-th combination of these axes."""
    labels = []
    for axis in axes:
        number, index = divmod(number, len(axis))
        labels.append(axis[index])
    return "  ".join(label for label in labels if label)


def _looked_back(axis: Axis, context: Context) -> Axis:
    """The axis with seeds in place of negative numbers, which count back through those made before."""
    if axis.switch.name != "seed":
        return axis
    values = []
    for value, span in zip(axis.values, axis.spans, strict=True):
        try:
            values.append(look_back(value, context.seeds, "seed", "seed") if value < 0 else value)
        except LineError as error:
            error.span = span
            raise
    return replace(axis, values=tuple(values))


def _plan_singles(reading: Reading, context: Context) -> list[Plan]:
    return [_plan_single(single, context) for single in reading.singles()]


def _plan_single(single: Reading, context: Context) -> Plan:
    """The plan of one combination; its mistakes are at the value in the list that they belong to."""
    try:
        check(single.request)
        return plan(single.request, replace(context, swept=single.swept))
    except PromptError:  # is placed by the line's own reading
        raise
    except InvokeError as error:
        error.span = single.locate(error)
        raise


def _joined(plans: Sequence[Plan], axes: Sequence[Axis]) -> Plan:
    """One plan of them all. Several pictures for each combination, as -n makes, are one more axis."""
    each = len(plans[0].jobs)
    if any(len(plan.jobs) != each for plan in plans):
        raise LineError("not every value of these lists stands for as many pictures")
    if any(plan.wanted != plans[0].wanted for plan in plans):
        raise LineError(
            "wildcards cannot choose other LoRAs or triggers for each value of a list",
            "draw the pictures with a line for each",
        )
    turns = [[plan.jobs[turn] for plan in plans] for turn in range(each)]
    jobs = tuple(_moved(job, place, len(plans)) for turn in turns for place, job in enumerate(turn))
    labels = tuple(tuple(f"{axis.switch.flags[0]} {text}" for text in axis.texts) for axis in axes)
    notices = tuple(_different(notice for plan in plans for notice in plan.notices))
    return replace(
        plans[0],
        jobs=jobs,
        notices=notices,
        axes=(*labels, *([_turn_labels(turns)] if each > 1 and labels else [])),
    )


def _different(notices: Iterable[str]) -> Iterable[str]:
    """One notice of each kind; many values would say the same of other numbers."""
    kinds: dict[str, str] = {}
    for notice in notices:
        kinds.setdefault(NUMBERS.sub("", notice), notice)
    return kinds.values()


def _moved(job: Job, place: int, width: int) -> Job:
    """The job at its place among those of other plans, which take turns."""
    return job if job.after is None else replace(job, after=job.after * width + place)


def _turn_labels(turns: Sequence[Sequence[Job]]) -> tuple[str, ...]:
    """What all pictures of a turn share and no other turn has: a seed, an init picture; else a number."""
    for name, flag in (("seed", "-S"), ("init_img", "-I"), ("name_seed", "-V")):
        shared = [_same([_trait(job, name) for job in turn]) for turn in turns]
        if None not in shared and len(set(shared)) == len(shared):
            return tuple(f"{flag} {value}" for value in shared)
    return tuple(f"picture {number}" for number in range(1, len(turns) + 1))


def _trait(job: Job, name: str) -> object:
    return job.name_seed if name == "name_seed" else getattr(job.request, name)


def _same(values: Sequence[T]) -> T | None:
    return values[0] if all(value == values[0] for value in values) else None
