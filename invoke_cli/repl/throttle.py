"""Time for extras: how much of it is left when they may cost only a share of the work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SHARE = 0.02
FIRST_GUESS = 0.01  # seconds, before anything was measured


class Throttle:
    """Keeps what extras cost, all of them together, to a share of the time that the work takes.

    Only the time between two ticks of one piece of work counts as worked. An extra is expected to cost
    as much as the one before did.
    """

    def __init__(self, share: float = SHARE, clock: Callable[[], float] = time.perf_counter) -> None:
        self._share = share
        self._clock = clock
        self._worked = 0.0
        self._spent = 0.0
        self._expected = FIRST_GUESS
        self._last: float | None = None

    def tick(self, *, begins: bool = False) -> None:
        """The work goes on; `begins`: another piece of it."""
        now = self._clock()
        if self._last is not None and not begins:
            self._worked += now - self._last
        self._last = now

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Whether there is time for an extra now; if so, the block is measured as one."""
        is_time = self._spent + self._expected <= self._share * self._worked
        before = self._clock()
        yield is_time
        if is_time:
            self._expected = self._clock() - before
            self._spent += self._expected
