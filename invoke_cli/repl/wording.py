"""What the terminal says about an event, as lines of plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from invoke_cli.errors import InvokeError
from invoke_cli.repl.visible import marked, visible
from invoke_cli.session.events import Fetching, Planned, PlannedPicture, Saved, Shown, Summary

_LISTED = 20


def plan_lines(plan: Planned) -> Iterator[str]:
    """What a line will do, before it does it: one sentence for each kind of picture in it."""
    if plan.sweep:
        yield _sweep_sentence(plan)
    kinds: dict[tuple[object, ...], list[PlannedPicture]] = {}
    for picture in plan.pictures:
        kinds.setdefault(_kind(picture), []).append(picture)
    yield from map(_plan_sentence, list(kinds.values())[:_LISTED])
    if len(kinds) > _LISTED:
        yield f"and {len(kinds) - _LISTED} more kinds"


def _sweep_sentence(plan: Planned) -> str:
    """As "6 pictures: -f 0.3, 0.5, 0.7 x -C 5, 10"."""
    lists = " x ".join(f"{each.flag} {_some(each.texts)}" for each in plan.sweep)
    return visible(f"{counted(len(plan.pictures), 'picture')}: {lists}")


def _some(texts: Sequence[str]) -> str:
    """The texts with commas between; of many only the first ones and the last."""
    if len(texts) <= _LISTED:
        return ", ".join(texts)
    return f"{', '.join(texts[: _LISTED - 2])} ... {texts[-1]}"


def _kind(picture: PlannedPicture) -> tuple[object, ...]:
    return (
        picture.width,
        picture.height,
        picture.steps,
        picture.steps_run,
        picture.evaluations,
        picture.first_sigma,
        picture.sampler,
        picture.strength,
        picture.first_pass,
    )


def _plan_sentence(pictures: Sequence[PlannedPicture]) -> str:
    one = pictures[0]
    count = f"{len(pictures)} pictures, each " if len(pictures) > 1 else ""
    different = dict.fromkeys(str(picture.seed) for picture in pictures)
    seeds = listed(list(different))
    plural = "s" if len(different) > 1 else ""
    size = f"{one.width}x{one.height}"
    return f"{count}{_start_of(one)}; {size}, {visible(one.sampler)}, seed{plural} {seeds}"


def _start_of(picture: PlannedPicture) -> str:
    """Where a picture starts from: noise, the user's image, or nothing at all to do."""
    steps = _steps(picture)
    if picture.first_pass is not None:
        return _two_passes(picture, *picture.first_pass)
    if picture.strength is None:
        return f"{steps} from noise, starting at sigma {picture.first_sigma:.2f}"
    if picture.steps_run == 0:
        return f"{steps}: strength 0 gives your image back"
    if picture.strength == 1:
        return f"{steps} from noise (strength 1 ignores your image)"
    return f"{steps} from your image, starting at sigma {picture.first_sigma:.2f}"


def _two_passes(picture: PlannedPicture, width: int, height: int, first: int) -> str:
    """What --hires_fix does: a small picture, then what strength leaves of the steps on its enlargement."""
    start = "your image" if picture.from_picture and picture.strength != 1 else "noise"
    second = f"{picture.steps_run - first} of {picture.steps}"
    calls = "" if picture.evaluations == picture.steps_run else f" ({picture.evaluations} model evaluations)"
    return (
        f"{counted(first, 'step')} from {start} at {width}x{height}, then {second} on its enlargement{calls}"
    )


def _steps(picture: PlannedPicture) -> str:
    """As "7 of 10 steps"; a sampler that looks more than once a step also says how often."""
    whole = picture.strength is None and picture.steps_run == picture.steps
    steps = counted(picture.steps, "step") if whole else f"{picture.steps_run} of {picture.steps} steps"
    if picture.evaluations == picture.steps_run:
        return steps
    return f"{steps} ({picture.evaluations} model evaluations)"


def saved_line(event: Saved, label: str) -> str:
    """`[3] path: line` for a picture, `[3] grid: path` for what is made out of pictures."""
    path = visible(str(event.path))
    if event.kind != "picture":
        return f"[{label}] {event.kind}: {path}"
    return f"[{label}] {path}: {visible(event.said if event.said else event.line)}"


def shown_lines(event: Shown) -> Iterator[str]:
    """A picture's path and size, who drew it with what, the line that makes it, and what to say of that."""
    width, height = event.size
    made = f", drawn by {event.program}" if event.program else ""
    made += f" with the model {event.model}" if event.model else ""
    yield visible(f"{event.path}: {width}x{height}{made}")
    if event.line:
        yield f"  {visible(event.line)}"
    yield from (f"  {visible(note)}" for note in event.notes)


def failure_lines(error: InvokeError, line: str, width: int | None) -> Iterator[str]:
    """The mistake; the line with a mark under the place, where that is known; the hint."""
    yield visible(error.message)
    if error.span is not None:
        room = None if width is None else width - 2
        yield from (f"  {text}" for text in marked(line, error.span, room))
    if error.hint:
        yield f"  {visible(error.hint)}"


def fetching_line(event: Fetching) -> str:
    """As "fetching org/name from the hub, 4.3 GB"."""
    size = f", {size_words(event.total)}" if event.total else ""
    return f"fetching {visible(event.what)} from the hub{size}"


def summary_line(summary: Summary, failed_lines: Sequence[int], *, dry_run: bool = False) -> str:
    """As "12 pictures from 10 lines in 34 s, 1 line failed: line 7"."""
    lines = counted(summary.ok + summary.failed, "line")
    drawn = f"{counted(summary.pictures, 'picture')} from {lines} in {duration(summary.seconds)}"
    text = f"{lines} checked" if dry_run else drawn
    if not summary.failed:
        return text
    plural = "s" if len(failed_lines) > 1 else ""
    which = listed([str(number) for number in failed_lines])
    return f"{text}, {counted(summary.failed, 'line')} failed: line{plural} {which}"


def listed(things: Sequence[str]) -> str:
    """The things with commas between, and how many more there are when they are many."""
    rest = len(things) - _LISTED
    shown = ", ".join(things[:_LISTED])
    return f"{shown} and {rest} more" if rest > 0 else shown


def counted(count: int, noun: str) -> str:
    """As "1 line", "2 lines"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def size_words(size: int | None) -> str:
    """Bytes as "1.9 GB" or "12 MB"; nothing where there are none to tell of."""
    if size is None:
        return ""
    megabytes = size / 2**20
    return f"{megabytes / 1024:.1f} GB" if megabytes >= 1000 else f"{max(megabytes, 0.1):.3g} MB"


def duration(seconds: float) -> str:
    """As "0.4 s", "34 s", "2 min 5 s"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    return whole_duration(seconds)


def whole_duration(seconds: float) -> str:
    """The same without tenths, for what changes while one looks at it."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s"
