"""A schedule as lines of plain text: a table, and a plot with what is to be said about it.

All of a fixed width and in ASCII, so that it reads the same in a terminal, a pipe and a mail.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from invoke_cli.repl.visible import visible
from invoke_cli.session.events import Explained, Level, Scheduled

WIDTH, HEIGHT = 61, 13  # characters inside the axes
TICKS = (100, 30, 10, 3, 1, 0.3, 0.1, 0.03, 0.01)
SKIPPED, RUN, ENTRY = ".", "*", ":"


def table_lines(event: Scheduled) -> Iterator[str]:
    """One line for each level; the last column counts those that run."""
    skipped = sum(not level.runs for level in event.levels)
    run = len(event.levels) - skipped
    yield " step  timestep     sigma  SNR (dB)  runs"
    for level in event.levels:
        which = f"{level.step - skipped} of {run}" if level.runs else "-"
        yield f"{level.step:5}{level.timestep:10.2f}{level.sigma:10.4f}{level.snr_db:10.1f}  {which}"


def explained_lines(event: Explained) -> Iterator[str]:
    """The plot, and below it the facts and the advice."""
    yield _headline(event)
    yield ""
    yield from _plot(event.levels)
    yield ""
    yield from _facts(event)
    yield f"advice: {event.advice}"
    if event.path is not None:
        yield f"plot: {visible(str(event.path))}"


def _headline(event: Explained) -> str:
    run, steps = len(event.running), len(event.levels)
    calls = f"{event.evaluations} model evaluation{'' if event.evaluations == 1 else 's'}"
    return f"{run} of {steps} step{'' if steps == 1 else 's'}, {visible(event.sampler)}, {calls}"


def _facts(event: Explained) -> Iterator[str]:
    run = len(event.running)
    if event.pictures is not None:
        yield _pictures(event.pictures)
    if event.strength is not None and 0 < event.strength < 1:
        yield from _start(event.running[0])
        yield f"the same run: {_strengths(event)}"
        first, last = event.same_steps
        counts = f"-s{first}" if first == last else f"-s{first} to -s{last}"
        yield f"exactly {run} step{'' if run == 1 else 's'} at strength {event.strength:g}: {counts}"
    if event.work:
        yield f"work: {event.work}"


def _pictures(count: int) -> str:
    """For how many init pictures all this holds."""
    if count == 0:
        return "pictures: -I stands for none yet"
    return f"pictures: -I stands for {count}, and each runs so" if count > 1 else "pictures: -I stands for 1"


def _start(first: Level) -> Iterator[str]:
    """What the model sees first; for latents of unit variance the image's share is 1 / (1 + sigma^2)."""
    share = 100 / (1 + first.sigma**2)
    yield (
        f"start: step {first.step}, timestep {first.timestep:.1f}, sigma {first.sigma:.3g}: "
        f"{first.snr_db:+.1f} dB signal to noise"
    )
    yield f"left of your image in what the model sees first: {share:.2g} % of the variance"


def _strengths(event: Explained) -> str:
    if event.exact_strength:
        return "no other strength (--exact_strength)"
    if not event.same_strengths:  # finer than two decimals
        return f"strength {event.strength:g} and its near neighbours"
    low, high = event.same_strengths[0], event.same_strengths[-1]
    return f"strength {low:.2f} alone" if low == high else f"strengths {low:.2f} to {high:.2f}"


def _plot(levels: Sequence[Level]) -> Iterator[str]:
    """Sigma on a logarithmic axis over the steps, and a dotted line where strength enters."""
    high, low = levels[0].sigma, min(levels[-1].sigma, levels[0].sigma / 2)
    rows = [[" "] * WIDTH for _ in range(HEIGHT)]
    entry = next((level for level in levels if level.runs), None)
    if entry is not None and entry.step > 1:
        for row in rows:
            row[_column(entry.step, len(levels))] = ENTRY
    for level in levels:
        row = rows[_row(level.sigma, low, high)]
        row[_column(level.step, len(levels))] = RUN if level.runs else SKIPPED
    labels = {_row(tick, low, high): f"{tick:g}" for tick in TICKS if low <= tick <= high}
    yield "  sigma"
    yield from (f"{labels.get(index, ''):>7} |{''.join(row).rstrip()}" for index, row in enumerate(rows))
    yield " " * 8 + "+" + "-" * WIDTH
    yield from _steps_axis(len(levels), entry)


def _steps_axis(count: int, entry: Level | None) -> Iterator[str]:
    """The numbers below the plot, and what its signs mean."""
    axis = [" "] * (WIDTH + 8)
    for step in dict.fromkeys((1, entry.step if entry is not None else 1, count)):
        at = _column(step, count)
        if not "".join(axis[max(0, at - 1) : at + len(str(step)) + 1]).strip():
            axis[at : at + len(str(step))] = str(step)
    yield "   step  " + "".join(axis).rstrip()
    signs = [f"{RUN} runs"] if entry is not None else []
    signs += [f"{SKIPPED} skipped"] if entry is None or entry.step > 1 else []
    signs += [f"{ENTRY} strength enters"] if entry is not None and entry.step > 1 else []
    yield " " * 9 + "   ".join(signs)


def _row(sigma: float, low: float, high: float) -> int:
    return round((HEIGHT - 1) * math.log(high / sigma) / math.log(high / low))


def _column(step: int, count: int) -> int:
    return (step - 1) * (WIDTH - 1) // max(1, count - 1)
