"""What strength and steps do to a schedule, in numbers. Nothing is drawn, and no picture is opened."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from invoke_cli.diffusion.samplers import SAMPLERS
from invoke_cli.diffusion.schedule import NoiseTable, steps_to_ask, steps_to_run, whole_schedule
from invoke_cli.errors import LineError, PictureError
from invoke_cli.language.defaults import merge
from invoke_cli.language.grammar import Reading, check
from invoke_cli.language.request import Request
from invoke_cli.session.events import Explained, Level, Notice
from invoke_cli.session.job import known
from invoke_cli.session.resolve import sampler_named
from invoke_cli.session.step_counts import MOST_STEPS, schedule_of, strength_of, with_steps

GOOD_STEPS = 20  # from about here on, k_lms ends within a few percent of a much finer run
ANY_PICTURE = "any picture"

Files = Callable[[str], Sequence[str] | None]
"""The files that a folder or a pattern stands for, or None for one picture; see `inits.several`."""


def explanations(
    reading: Reading,
    defaults: Request,
    table: NoiseTable,
    line_number: int,
    png: Path | None,
    files: Files,
) -> Iterator[Explained | Notice]:
    """Explain what a line runs, or each line that its lists stand for; with a plot in the file `png`.

    Raises LineError for what cannot be run, OutputError for a plot that cannot be written.
    """
    from invoke_cli.session.schedule_plot import plotted

    if reading.axes and png is not None:
        raise LineError("a plot shows one line", "give each switch one value, or leave --png out")
    for single in reading.singles():  # all of them first: a line with a mistake is refused as a whole
        _check(single, defaults)
    for single in reading.singles():
        if single.swept:
            yield Notice(" ".join(f"{flag} {text}" for _, flag, text in single.swept) + ":")
        explained = explain(single.request, defaults, table, reading.line, line_number)
        explained = replace(explained, pictures=_counted(single.request.init_img, files))
        yield explained if png is None else plotted(explained, png)


def explain(typed: Request, defaults: Request, table: NoiseTable, line: str, line_number: int) -> Explained:
    """Explain what a line runs. Raises LineError for what cannot be run."""
    request = _settled(typed, defaults)
    levels = levels_of(request, table)
    run, sampler = sum(level.runs for level in levels), known(request.sampler)
    evaluations = SAMPLERS[sampler].evaluations(run)
    return Explained(
        line_number=line_number,
        line=line,
        levels=levels,
        sampler=sampler,
        evaluations=evaluations,
        strength=request.strength if request.init_img is not None else None,
        exact_strength=request.exact_strength is True and request.init_img is not None,
        same_strengths=same_strengths(request),
        same_steps=same_steps(run, known(request.steps), strength_of(request)),
        work=_work(sampler, run, evaluations, strength_of(request)),
        advice=_advice(request, counted=typed.steps_run is not None),
    )


def _check(single: Reading, defaults: Request) -> None:
    """Raises LineError at the very value, in a list, that cannot be run."""
    try:
        check(single.request)
        _settled(single.request, defaults)
    except LineError as error:
        error.span = single.locate(error)
        raise


def _counted(init_img: str | None, files: Files) -> int | None:
    """How many files -I stands for; None where it is one picture, or there is none."""
    try:
        found = files(init_img) if init_img is not None else None
    except PictureError:  # they may come later, as the one picture of other lines
        return 0
    return None if found is None else len(found)


def _settled(typed: Request, defaults: Request) -> Request:
    """The merged request with its sampler's own name and its number of steps."""
    merged = merge(defaults, typed)
    if merged.init_img is None and (typed.strength is not None or typed.exact_strength is True):
        # The schedule is the same for every picture, so to ask about -f none need be named.
        merged = replace(merged, init_img=ANY_PICTURE)
    return with_steps(replace(merged, sampler=sampler_named(merged.sampler)), typed)


def levels_of(request: Request, table: NoiseTable) -> tuple[Level, ...]:
    """Every level of the schedule: those that strength skips, then those that run."""
    steps, strength = known(request.steps), strength_of(request)
    exact = request.exact_strength is True and request.init_img is not None
    running = schedule_of(request, table).sigmas[:-1]
    skipped = whole_schedule(table, steps, strength, exact).sigmas[: steps - len(running)]
    return tuple(
        Level(step, table.t_of(sigma), sigma, signal_to_noise(sigma), step > len(skipped))
        for step, sigma in enumerate((*skipped, *running), start=1)
    )


def signal_to_noise(sigma: float) -> float:
    """Decibels between latents of unit variance and the noise of a level (above 0) put on them."""
    return -20 * math.log10(sigma)


def same_strengths(request: Request) -> tuple[float, ...]:
    """The strengths of two decimals that begin at the same step as the request's, from low to high.

    Strengths 0 and 1, which look at no noise and at no picture, stand for themselves alone.
    """
    strength, steps = strength_of(request), known(request.steps)
    if request.init_img is None:
        return ()
    if strength in (0, 1) or request.exact_strength:
        return (strength,)
    run = steps_to_run(steps, strength)
    return tuple(percent / 100 for percent in range(1, 100) if steps_to_run(steps, percent / 100) == run)


def same_steps(run: int, steps: int, strength: float) -> tuple[int, int]:
    """The fewest and the most steps of which the strength leaves as many as run now."""
    if strength in (0, 1):
        return steps, steps
    # Asked by the quotient first: a tiny strength would make a number without end.
    most = MOST_STEPS if run / strength > MOST_STEPS else steps_to_ask(run + 1, strength) - 1
    return steps_to_ask(run, strength), min(most, MOST_STEPS)


def _work(sampler: str, run: int, evaluations: int, strength: float) -> str:
    """What a sampler of two stages costs, as a sentence; nothing for the others."""
    if run < 2 or evaluations < 1.5 * run:
        return ""
    plain = f"{sampler} evaluates the model {evaluations} times in {run} steps"
    if evaluations / strength > MOST_STEPS:
        return plain
    return f"{plain}; in that time k_lms runs {evaluations} (-s{steps_to_ask(evaluations, strength)})"


def _advice(request: Request, *, counted: bool) -> str:
    """One sentence. counted: whether the number of steps was already asked for as one to run."""
    steps, strength = known(request.steps), strength_of(request)
    if request.hires_fix is True and strength != 0:
        return _of_two_passes(request, steps)
    if request.init_img is None:
        return "every step runs; with a picture to start from (-I), -f says how many do"
    if strength == 0:
        return "strength 0 gives your image back; raise -f to change it"
    if strength == 1:
        return "strength 1 ignores your image; lower -f to keep some of it"
    if counted:
        return f"without --steps_run, -s{steps} is the same"
    wanted = max(steps, GOOD_STEPS)
    if wanted / strength > MOST_STEPS:
        return "at so low a strength no number of steps changes much; raise -f"
    asked = steps_to_ask(wanted, strength)
    return f"to run {wanted} steps at {strength:g} use -s{asked} or --steps_run {wanted}"


def _of_two_passes(request: Request, steps: int) -> str:
    """To which pass of --hires_fix, where the picture is large enough for two, the schedule belongs."""
    if request.init_img is None:
        strength = known(request.strength)
        left = steps_to_run(steps, strength)
        return (
            f"this is the small pass of --hires_fix; on its enlargement -f {strength:g} leaves {left} steps"
        )
    if request.init_img == ANY_PICTURE:
        return (
            f"this is the pass on the enlargement of --hires_fix; the small one before it runs {steps} steps"
        )
    return "both passes of --hires_fix run so, the small one and that on its enlargement"
