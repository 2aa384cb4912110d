"""A run held against an earlier one: by the ratios to peers, never by seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.figures import Figure
from benchmarks.runs import Run, differing

TOLERANCE = 0.15


@dataclass(frozen=True)
class Change:
    """A ratio to a peer, in a run and in the one that it is compared with."""

    what: tuple[str, str, str]
    ours: str
    peer: str
    before: float
    now: float

    @property
    def factor(self) -> float:
        """Below 1 we have lost ground."""
        return self.now / self.before


def changes(now: Sequence[Figure], before: Sequence[Figure]) -> Iterator[Change]:
    """The ratios that both runs have, in whatever groups; those of --quick only with their like."""
    known = {
        (figure.what, figure.is_quick, pair): ratio
        for figure in before
        for pair, ratio in figure.ratios().items()
    }
    for figure in now:
        for pair, ratio in figure.ratios().items():
            past = known.get((figure.what, figure.is_quick, pair))
            if past is not None and past > 0:
                yield Change(figure.what, *pair, past, ratio)


def regressions(found: Sequence[Change], tolerance: float = TOLERANCE) -> list[Change]:
    """The ratios that fell by more than the tolerance, a share of what they were."""
    return [change for change in found if change.factor < 1 - tolerance]


def remarks(now: Run, before: Run) -> Iterator[str]:
    """What a reader must know who compares the two."""
    difference = differing(before.machine, now.machine)
    if difference:
        yield f"the earlier run was on another machine, where ratios may differ: {difference}"
    if _mixed(now.figures, before.figures):
        yield "figures of --quick are compared with none of a full run: they are single measurements"
    here, there = (dict.fromkeys(figure.place for figure in run.figures) for run in (now, before))
    for places, where in (
        ([place for place in here if place not in there], "this run"),
        ([place for place in there if place not in here], "the earlier run"),
    ):
        if places:
            yield f"only in {where}: {', '.join(places)}"


def _mixed(now: Sequence[Figure], before: Sequence[Figure]) -> bool:
    """Whether something was measured quickly in one run and properly in the other."""
    known = {figure.what: figure.is_quick for figure in before}
    return any(known.get(figure.what, figure.is_quick) != figure.is_quick for figure in now)


def told(now: Run, before: Run, tolerance: float) -> tuple[str, int]:
    """What became of the ratios, worst first, with the verdict; and an exit status.

    The status is 0, 1 where a ratio fell by more than the tolerance, or 2 where there is nothing to compare.
    """
    found = sorted(changes(now.figures, before.figures), key=lambda change: change.factor)
    lost = regressions(found, tolerance)
    lines = [*remarks(now, before), *(_line(change, change in lost) for change in found)]
    if not found:
        return "\n".join([*lines, "the two runs have no ratio in common: nothing is compared"]), 2
    verdict = f"{len(lost)} of {len(found)} ratios fell by more than {tolerance:.0%}"
    return "\n".join([*lines, verdict]), int(bool(lost))


def _line(change: Change, is_lost: bool) -> str:
    worse = "WORSE " if is_lost else ""
    return (
        f"{worse}{', '.join(change.what)}: {change.ours} against {change.peer} "
        f"{change.before:.2f} x before, {change.now:.2f} x now"
    )
