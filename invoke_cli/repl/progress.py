"""One line that says how far a picture is. It only makes text; the console writes it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from invoke_cli.repl.wording import fetching_line, whole_duration
from invoke_cli.session.events import Fetching, Progress

_REDRAW_SECONDS = 0.1
_WIDEST_BAR = 30


class Bar:
    """The progress of one picture. The time left that it shows never grows."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._picture = -1
        self._drawn = -math.inf
        self._first = (0.0, 0)
        self._left = math.inf

    def text(self, progress: Progress, width: int) -> str | None:
        """What to show now in `width` columns, or None when it was redrawn a moment ago."""
        now = self._clock()
        done = progress.step.index + 1
        if progress.picture != self._picture:
            self._begin(progress.picture, now, done)
        if now - self._drawn < _REDRAW_SECONDS and done < progress.step.total:
            return None
        self._drawn = now
        return self._line(progress, done, self._time_left(now, done, progress.step.total), width)

    def forget(self) -> None:
        """The line was wiped away: show it again at the next step, however soon that is."""
        self._drawn = -math.inf

    def _begin(self, picture: int, now: float, done: int) -> None:
        self._picture = picture
        self._drawn = -math.inf
        self._first = (now, done)
        self._left = math.inf

    def _time_left(self, now: float, done: int, total: int) -> float:
        """Seconds at the pace since the first step, which alone may include warming up."""
        since, first = self._first
        if done > first:
            self._left = min(self._left, (now - since) / (done - first) * (total - done))
        return self._left

    def _line(self, progress: Progress, done: int, left: float, width: int) -> str:
        total = progress.step.total
        head = f"picture {progress.picture + 1} of {progress.pictures}: " if progress.pictures > 1 else ""
        head += f"step {done} of {total}"
        head += f" of {progress.together} pictures at once" if progress.together > 1 else ""
        tail = "" if math.isinf(left) else f" {whole_duration(math.ceil(left))} left"
        return _barred(head, done, total, tail, width)


def download_bar(event: Fetching, width: int) -> str:
    """How far a download is, in `width` columns."""
    share = f" {100 * event.done // event.total} %" if event.total else ""
    return _barred(fetching_line(event), event.done, max(event.total, 1), share, width)


def _barred(head: str, done: int, total: int, tail: str, width: int) -> str:
    """Both texts with as much of a bar between them as there is room for."""
    room = min(_WIDEST_BAR, width - len(head) - len(tail) - 4)
    filled = room * done // total
    bar = f" [{'#' * filled}{'-' * (room - filled)}]" if room > 0 else ""
    return (head + bar + tail)[: width - 1]
