"""Figures as tables: plain for the terminal, Markdown for docs/performance.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from benchmarks.figures import OURS, Figure, is_ours
from benchmarks.runs import Run

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
    """Tables in columns: one for each part, and for each group of contestants within it."""
    return "\n\n".join(f"{place}\n{_columns(its)}" for place, its in _places(figures))


def _places(figures: Sequence[Figure]) -> Iterator[tuple[str, list[Figure]]]:
    for place, its in groupby(sorted(figures, key=_order), key=lambda figure: figure.place):
        yield place, list(its)


def _columns(figures: Sequence[Figure]) -> str:
    table = [HEADINGS, *(row for figure in figures for row in rows(figure))]
    widths = [max(len(row[column]) for row in table) for column in range(len(HEADINGS))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table)
    return "\n".join(line.rstrip() for line in lines)


def markdown(run: Run) -> str:
    """The part of docs/performance.md that a run fills in."""
    parts, part = [_machine(run)], ""
    for _, figures in _places(run.figures):
        one = figures[0]
        parts += [f"### {TITLES.get(one.part, one.part)}"] if one.part != part else []
        parts += [f"#### {one.group}"] if one.group else []
        parts += [f"{_conditions(figures)}\n\n{_table(figures)}".lstrip()]
        part = one.part
    if run.notes:
        parts.append("### Not measured\n\n" + "\n".join(f"- {note}" for note in run.notes))
    return "\n\n".join(parts) + "\n"


def _order(figure: Figure) -> tuple[int, str]:
    known = [*TITLES]
    return known.index(figure.part) if figure.part in known else len(known), figure.group


def _machine(run: Run) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in run.machine.items() if value is not None)
    return f"Measured on: {facts}."


def _conditions(figures: Sequence[Figure]) -> str:
    """How they were measured; pieces that were measured in several ways are told of in turn."""
    ways = dict.fromkeys(
        ", ".join(f"{name} {value}" for name, value in figure.conditions.items()) for figure in figures
    )
    told = "; then ".join(way for way in ways if way)
    return f"How: {told}." if told else ""


def _table(figures: Sequence[Figure]) -> str:
    lines = [HEADINGS, tuple("---" for _ in HEADINGS), *(row for figure in figures for row in rows(figure))]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
