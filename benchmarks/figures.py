"""Measured figures, and the arithmetic on them: medians, ratios, shares of the floor.

Times are only ever compared within one group of contestants of one run, as ratios.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

OURS = "ours"
FP32 = "ours, fp32"
COMPILING = "ours, --compile"
BATCHED = "ours, --batch auto"
"""Pictures of a line at once, as peers draw them; the same as OURS for a single one."""


@dataclass(frozen=True)
class Figure:
    """One measure of one case, for everybody who took turns in it.

    part: "start", "demo", "full", "cuda" or "loading". case: what was drawn or done. measure: of what.
    unit: "s", "ms" or "GB"; less is better. samples: every measurement, by contestant.
    missing: why a contestant has none. floor: what the hardware would need at the least, where known.
    group: who was measured beside whom, where a part has several such groups; see `group_of`.
    conditions: how it was measured, such as "quick" and "load".
    """

    part: str
    case: str
    measure: str
    unit: str
    samples: Mapping[str, Sequence[float]]
    missing: Mapping[str, str] = field(default_factory=dict)
    floor: Mapping[str, float] = field(default_factory=dict)
    group: str = ""
    conditions: Mapping[str, Any] = field(default_factory=dict)

    @property
    def what(self) -> tuple[str, str, str]:
        """What was measured, whoever took part."""
        return self.part, self.case, self.measure

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells this figure from the others of a run."""
        return *self.what, self.group

    @property
    def place(self) -> str:
        """The part, and the group where it has several: `full (ours | diffusers)`."""
        return f"{self.part} ({self.group})" if self.group else self.part

    @property
    def is_quick(self) -> bool:
        """Whether it only shows that the bench works."""
        return self.conditions.get("quick") is True

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


def group_of(contestants: Sequence[str]) -> str:
    """The name of a group: `ours | diffusers`."""
    return " | ".join(contestants)


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
