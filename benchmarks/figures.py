"""Measured figures, and the arithmetic on them: medians, ratios, and what has become worse.

Times are only ever compared within one run, as ratios; between runs the ratios are compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

OURS = "ours"
BATCHED = "ours, --batch auto"
"""Pictures of a line at once, as peers draw them; the same as OURS for a single one."""
TOLERANCE = 0.15


@dataclass(frozen=True)
class Figure:
    """One measure of one case, for everybody who took part.

    part: "start", "demo", "full", "cuda" or "loading". case: what was drawn or done. measure: of what.
    unit: "s", "ms" or "GB"; less is better. samples: every measurement, by contestant.
    missing: why a contestant has none. floor: what the hardware would need at the least, where known.
    """

    part: str
    case: str
    measure: str
    unit: str
    samples: Mapping[str, Sequence[float]]
    missing: Mapping[str, str] = field(default_factory=dict)
    floor: Mapping[str, float] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells this figure from the others of a run."""
        return self.part, self.case, self.measure

    def value(self, who: str) -> float | None:
        """The median of a contestant's measurements; None where there is none."""
        return median(self.samples[who]) if self.samples.get(who) else None

    def ratios(self) -> dict[tuple[str, str], float]:
        """How many times as much a peer needs as we do, by (ours, peer); above 1 we are ahead.

        The median over rounds of the rounds' own ratios, for both ran under the same load there.
        """
        mine = [who for who in self.samples if is_ours(who)]
        peers = [who for who in self.samples if not is_ours(who)]
        return {
            (who, peer): ratio
            for who in mine
            for peer in peers
            if (ratio := ratio_of(self.samples[peer], self.samples[who])) is not None
        }

    def share(self, who: str) -> float | None:
        """Which share of the floor's speed a contestant reaches."""
        value, floor = self.value(who), self.floor.get(who)
        return None if value is None or floor is None or value <= 0 else floor / value


def is_ours(who: str) -> bool:
    """Whether the contestant is this program, in one of its settings."""
    return who == OURS or who.startswith(f"{OURS}, ")


def ratio_of(above: Sequence[float], below: Sequence[float]) -> float | None:
    """The median of the ratios, round by round; of the medians where the rounds do not match."""
    if not above or not below:
        return None
    if len(above) == len(below):
        pairs = list(zip(above, below, strict=True))
    else:
        pairs = [(median(above), median(below))]
    if any(under <= 0 for _, under in pairs):
        return None
    return median(over / under for over, under in pairs)


@dataclass(frozen=True)
class Change:
    """A ratio to a peer, in a run and in the one that it is compared with."""

    key: tuple[str, str, str]
    ours: str
    peer: str
    before: float
    now: float

    @property
    def factor(self) -> float:
        """Below 1 we have lost ground."""
        return self.now / self.before


def changes(now: Sequence[Figure], before: Sequence[Figure]) -> Iterator[Change]:
    """The ratios that both runs have."""
    known = {figure.key: figure.ratios() for figure in before}
    for figure in now:
        for (ours, peer), ratio in figure.ratios().items():
            past = known.get(figure.key, {}).get((ours, peer))
            if past is not None and past > 0:
                yield Change(figure.key, ours, peer, past, ratio)


def regressions(
    now: Sequence[Figure], before: Sequence[Figure], tolerance: float = TOLERANCE
) -> list[Change]:
    """The ratios that fell by more than the tolerance, a share of what they were."""
    return [change for change in changes(now, before) if change.factor < 1 - tolerance]


@dataclass(frozen=True)
class Run:
    """All of a run: what it ran on, and its figures. notes: parts that were left out, and why."""

    machine: Mapping[str, Any]
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()

    def written(self) -> str:
        """As JSON; the ratios are in it for people, and are not read again."""
        figures = [
            {**asdict(figure), "ratios": {f"{a} : {b}": round(r, 3) for (a, b), r in figure.ratios().items()}}
            for figure in self.figures
        ]
        whole = {"machine": dict(self.machine), "notes": list(self.notes), "figures": figures}
        return json.dumps(whole, indent=1) + "\n"

    @classmethod
    def read(cls, path: Path) -> Run:
        """A run from its JSON."""
        found = json.loads(path.read_text(encoding="utf-8"))
        for figure in found["figures"]:
            figure.pop("ratios", None)
        figures = tuple(Figure(**figure) for figure in found["figures"])
        return cls(found["machine"], figures, tuple(found["notes"]))

    def joined(self, other: Run) -> Run:
        """Both runs' figures, of the same machine; of those that both have, the other's."""
        replaced = {figure.key for figure in other.figures}
        kept = tuple(figure for figure in self.figures if figure.key not in replaced)
        notes = tuple(dict.fromkeys((*self.notes, *other.notes)))
        return Run({**self.machine, **other.machine}, (*kept, *other.figures), notes)
