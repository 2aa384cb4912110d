"""Drawing the jobs of a planned line, one after another."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from invoke_cli import __version__
from invoke_cli.diffusion.shortage import is_out_of_memory
from invoke_cli.errors import OutputError
from invoke_cli.imaging.animation import animation
from invoke_cli.imaging.matrix import matrix
from invoke_cli.imaging.sheets import alike, grid, strip
from invoke_cli.language.defaults import as_json
from invoke_cli.models.wanted import Wanted
from invoke_cli.session.comparison import compared
from invoke_cli.session.events import Event, Notice, Progress, Saved
from invoke_cli.session.files import check_writable
from invoke_cli.session.intermediates import Frame, Intermediates, step_between
from invoke_cli.session.job import Job, Plan, known
from invoke_cli.session.starts import Start
from invoke_cli.session.sweep import pages
from invoke_cli.session.tokenizing import tokenized
from invoke_cli.session.writer import Later
from invoke_cli.wording import parts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from invoke_cli.diffusion.bundle import Bundle
    from invoke_cli.diffusion.generate import Picture
    from invoke_cli.diffusion.step import Step
    from invoke_cli.session.outputs import LineOutputs
    from invoke_cli.session.studio import Made, Studio
    from invoke_cli.session.turns import Turn, Turns

    Pixels = NDArray[np.uint8]

SCHEMA = 1


@dataclass(frozen=True, eq=False)
class Drawn:
    """A picture that was drawn and is being saved, with the frames kept on its way."""

    job: Job
    saving: Later
    rgb: Pixels
    frames: list[Frame]


def draw(
    plan: Plan, bundle: Bundle, outputs: LineOutputs, turns: Turns, studio: Studio
) -> Iterator[Event | Later]:
    """Draw each picture of the plan, then the sheet of all of them where one is asked for.

    turns: the jobs in turn, and what may be drawn along with them. studio: where that is done. Files come
    as `Later`, for somebody to write while the next picture is drawn.

    Raises InvokeError for what the user can mend. What was saved before stays.
    """
    from invoke_cli.models.shelf import fill_shelves

    if plan.request.log_tokenization:
        yield from _tokens(plan, bundle)
    for folder in dict.fromkeys(map(outputs.folder, plan.jobs)):
        check_writable(folder)
    drawn: list[Drawn] = []
    for index in range(len(plan.jobs)):
        turn = turns.of(index)
        yield from map(Notice, turn.start.notes)
        made = studio.stream(bundle, turn, plan.request.batch, turns.behind(index))
        drawn.append((yield from _draw_one(turn, made, plan, bundle, outputs, index)))
        turns.paths[index] = drawn[-1].saving.path
        fill_shelves((bundle.unet, bundle.vae))
    yield Later(partial(_sheets, plan, drawn, outputs))


def _sheets(plan: Plan, drawn: list[Drawn], outputs: LineOutputs) -> Iterator[Event]:
    """The sheets of a sweep, or else the grid where one is asked for."""
    if plan.request.individual:
        return
    if plan.strips:
        labels = [one.job.label for one in drawn]
        sheet = compared([one.frames for one in drawn], [one.rgb for one in drawn], labels)
        yield from _save_sheet("sheet", drawn, sheet, outputs)
    elif plan.axes:
        sheets = list(pages(plan.axes))
        for number, page in enumerate(sheets, start=1):
            shown = [drawn[index] for index in page.indexes]
            sheet = matrix(alike([one.rgb for one in shown]), page.columns, page.rows, page.title)
            yield from _save_sheet("sheet", shown, sheet, outputs, number if len(sheets) > 1 else None)
    elif plan.request.grid and len(drawn) > 1:
        yield from _save_sheet("grid", drawn, grid(alike([one.rgb for one in drawn])), outputs)


def _save_sheet(
    kind: str, drawn: Sequence[Drawn], sheet: Pixels, outputs: LineOutputs, page: int | None = None
) -> Iterator[Event]:
    jobs = [one.job for one in drawn]
    path = outputs.save_sheet(kind, jobs, sheet, page)
    yield Saved(path, jobs[0].facts().seed, jobs[0].line, 0.0, kind=kind, rgb=sheet)
    yield from map(Notice, outputs.log(path, f"{jobs[0].line} # {kind} of {len(jobs)}"))


def _draw_one(
    turn: Turn,
    made: Iterator[Made],
    plan: Plan,
    bundle: Bundle,
    outputs: LineOutputs,
    index: int,
) -> Generator[Event | Later, None, Drawn]:
    """Take what is made of one job, and have it saved with its intermediates."""
    from invoke_cli.diffusion.generate import Picture

    job, start = turn.job, turn.start
    every = step_between(job.asked, job.schedule.steps, compared=plan.strips)
    sparing = bundle.sparing(turn.recipe.thrift)
    kept = Intermediates(job, sparing, job.asked, every)
    for one in _within_memory(made, job):
        if isinstance(one, Picture):
            picture = replace(one, rgb=start.coloured(one.rgb))
        elif isinstance(one, Notice):
            yield one
        else:
            preview = partial(_looks, bundle, one)
            yield Progress(one[0], index, len(plan.jobs), preview, together=len(one))
            kept.take(one[0])
    yield from map(Notice, picture.notes)
    job = job.as_done(picture.recipe)
    # The pictures of a sweep are to be looked at together.
    shown = None if plan.axes and not plan.request.individual else picture.rgb
    frames = kept.frames(picture.rgb)
    saving = Later(
        partial(_save, job, picture, _facts(job, start, bundle, plan.wanted), frames, shown, outputs)
    )
    yield saving
    return Drawn(job, saving, picture.rgb, frames)


def _save(
    job: Job,
    picture: Picture,
    facts: dict[str, object],
    frames: list[Frame],
    shown: Pixels | None,
    outputs: LineOutputs,
) -> Iterator[Event]:
    """Write the picture of a job, and its frames where they were asked for."""
    path = outputs.save_picture(job, picture.rgb, job.line, facts)
    yield Saved(path, known(job.request.seed), job.line, picture.seconds, rgb=shown, said=job.said)
    yield from map(Notice, outputs.log(path, job.line))
    yield from _save_frames(job, path, frames, outputs)


def _save_frames(job: Job, path: Path, frames: list[Frame], outputs: LineOutputs) -> Iterator[Event]:
    """Files of the frames, where they were asked for and not only drawn for a comparison."""
    if not frames or step_between(job.asked, job.schedule.steps) == 0:
        return
    seed, line = known(job.request.seed), job.line
    sheet = strip([frame.rgb for frame in frames], [frame.label for frame in frames])
    path = outputs.save_intermediates(job, path, frames, sheet)
    yield Saved(path, seed, line, 0.0, kind="strip", rgb=sheet)
    animate = job.asked.animate
    if animate is not None:
        moving = animation([frame.rgb for frame in frames], animate)
        path = outputs.save_beside(path, f"steps.{animate}", moving)
        yield Saved(path, seed, line, 0.0, kind="animation")


def _looks(bundle: Bundle, steps: Sequence[Step]) -> Pixels:
    """What all pictures that are drawn together look like by now, side by side."""
    looks = [bundle.preview(step.clean) for step in steps]
    return looks[0] if len(looks) == 1 else grid(looks)


def _within_memory(stream: Iterator[Made], job: Job) -> Iterator[Made]:
    """The stream, with running out of memory told as a mistake that a smaller size mends."""
    try:
        yield from stream
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise OutputError(
            f"there is not enough memory for a picture of {job.width}x{job.height}",
            "draw it smaller with -W and -H",
        ) from error


def _facts(job: Job, start: Start, bundle: Bundle, wanted: Wanted) -> dict[str, object]:
    """What the file says besides its line. No times in it: the same line gives the same file again."""
    planned = job.facts()
    return {
        "schema": SCHEMA,
        "request": as_json(job.request),
        "width": planned.width,
        "height": planned.height,
        "steps_run": planned.steps_run,
        **({"first_pass": list(planned.first_pass)} if planned.first_pass is not None else {}),
        "evaluations": planned.evaluations,
        "first_sigma": planned.first_sigma,
        "model": {"name": bundle.name, "hash": bundle.hash},
        "device": bundle.device.type,
        "dtype": str(bundle.dtype).removeprefix("torch."),
        **({"compiled": True} if bundle.compiles else {}),
        "versions": _versions(),
        **({"adapters": wanted.facts()} if wanted != Wanted() else {}),
        **start.origin,
    }


@cache
def _versions() -> dict[str, str]:
    found = {"invoke-cli": __version__}
    for package in ("torch", "diffusers", "transformers"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # built by hand, without metadata
            found[package] = "unknown"
    return found


def _tokens(plan: Plan, bundle: Bundle) -> Iterator[Event]:
    """What -t shows of each text that is not the same as in the picture before."""
    shown = None
    for index, job in enumerate(plan.jobs):
        texts = (*parts(job.prompt.positive, "prompt"), *parts(job.prompt.negative, "negative"))
        if texts != shown:
            yield tokenized(texts, bundle.tokenizer, index)
        shown = texts
