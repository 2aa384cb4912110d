"""Training by the clock: a stage has minutes, not steps, and knows where it stands."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from training.parallel import World

Log = Callable[[str], None]


@dataclass
class Pacer:
    """Counts steps and training time, over interruptions, the same on every rank.

    minutes is the budget; spent is the training time before this start, in seconds.
    """

    world: World
    minutes: float
    step: int = 0
    spent: float = 0.0
    started: float = field(default_factory=time.monotonic)
    now: float = 0.0
    marks: dict[str, float] = field(default_factory=dict)

    def steps(self) -> Iterator[int]:
        """Step numbers, until the budget is used up."""
        self.started = time.monotonic()
        while self._tick() < 60 * self.minutes:
            yield self.step
            self.step += 1

    def _tick(self) -> float:
        """Agree on the training time so far, in seconds."""
        (self.now,) = self.world.agree(self.spent + time.monotonic() - self.started)
        return self.now

    @property
    def progress(self) -> float:
        """The part of the budget used, 0..1."""
        return min(1.0, self.now / (60 * self.minutes))

    def every(self, name: str, minutes: float) -> bool:
        """Whether `minutes` have passed since this last said yes to `name`."""
        last = self.marks.setdefault(name, self.now)
        if self.now - last < 60 * minutes:
            return False
        self.marks[name] = self.now
        return True

    def state(self) -> dict[str, float]:
        """For a checkpoint."""
        return {"step": self.step, "spent": self.now}

    def resume(self, state: dict[str, float]) -> None:
        """From a checkpoint."""
        self.step, self.spent = int(state["step"]), float(state["spent"])

    def chance(self) -> np.random.Generator:
        """Randomness of this rank's present step: nothing to save, the same after a restart."""
        return np.random.default_rng((self.step, self.world.rank))
