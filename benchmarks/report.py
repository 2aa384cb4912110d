"""Figures as tables: plain for the terminal, Markdown for docs/performance.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from benchmarks.figures import OURS, Change, Figure, Run, is_ours

TITLES = {
    "start": "Starting",
    "demo": "The demo model",
    "full": "Full size: the shapes of Stable Diffusion 1.5, random weights",
    "cuda": "Full size on a GPU",
    "loading": "Loading a full-size checkpoint",
}
HEADINGS = ("what", "measure", "who", "value", "against ours", "of the floor")


def rows(figure: Figure) -> Iterator[tuple[str, ...]]:
    """A row for each contestant, ours first; those that are missing say why."""
    for who in sorted(figure.samples, key=_ours_first):
        share = figure.share(who)
        value = figure.value(who)
        yield (
            figure.case,
            figure.measure,
            who,
            "" if value is None else f"{number(value)} {figure.unit}",
            _against_ours(figure, who),
            "" if share is None else f"{share:.0%}",
        )
    for who, reason in figure.missing.items():
        yield figure.case, figure.measure, who, f"not measured: {reason}", "", ""


def _ours_first(who: str) -> tuple[bool, bool, str]:
    return not is_ours(who), who != OURS, who


def _against_ours(figure: Figure, peer: str) -> str:
    """A peer's ratio to us, and to each other setting of ours that took part."""
    ratios = {mine: ratio for (mine, who), ratio in figure.ratios().items() if who == peer}
    cells = [
        f"{ratio:.2f} x" if mine == OURS else f"{mine.removeprefix(f'{OURS}, ')}: {ratio:.2f} x"
        for mine, ratio in sorted(ratios.items(), key=lambda pair: _ours_first(pair[0]))
    ]
    return ", ".join(cells)


def number(value: float) -> str:
    """Three digits that count."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def plain(figures: Sequence[Figure]) -> str:
    """A table in columns."""
    table = [HEADINGS, *(row for figure in figures for row in rows(figure))]
    widths = [max(len(row[column]) for row in table) for column in range(len(HEADINGS))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table)
    return "\n".join(line.rstrip() for line in lines)


def markdown(run: Run) -> str:
    """The part of docs/performance.md that a run fills in."""
    parts = [_machine(run)]
    for part, figures in groupby(sorted(run.figures, key=_order), key=lambda figure: figure.part):
        parts.append(f"### {TITLES.get(part, part)}\n\n{_table(list(figures))}")
    if run.notes:
        parts.append("### Not measured\n\n" + "\n".join(f"- {note}" for note in run.notes))
    return "\n\n".join(parts) + "\n"


def _order(figure: Figure) -> int:
    return [*TITLES].index(figure.part) if figure.part in TITLES else len(TITLES)


def _machine(run: Run) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in run.machine.items() if value is not None)
    return f"Measured on: {facts}."


def _table(figures: Sequence[Figure]) -> str:
    lines = [HEADINGS, tuple("---" for _ in HEADINGS), *(row for figure in figures for row in rows(figure))]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def compared(found: Sequence[Change], lost: Sequence[Change], tolerance: float) -> str:
    """What became of the ratios, worst first, and the verdict."""
    lines = [
        f"{'WORSE ' if change in lost else ''}{', '.join(change.key)}: {change.ours} against {change.peer} "
        f"{change.before:.2f} x before, {change.now:.2f} x now"
        for change in sorted(found, key=lambda change: change.factor)
    ]
    verdict = f"{len(lost)} of {len(found)} ratios fell by more than {tolerance:.0%}"
    return "\n".join([*lines, verdict])
