"""Files written in the background, one after another, while the next picture is being drawn."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from invoke_cli.errors import InvokeError
from invoke_cli.session.events import Ask, Event, Failed, Saved

THREAD = "write"
"""The name of the thread; a program that ends early should wait for it."""

MOST_WAITING = 4
MOST_HELD = 256

E = TypeVar("E")


@dataclass(frozen=True, eq=False)
class Owner:
    """The line that files belong to, and the folder that they go to; the same line again is another one."""

    line_number: int
    line: str
    outdir: Path


@dataclass(eq=False)
class Later:
    """Files to be written when it is their turn, by a generator that tells of each that it has written."""

    work: Callable[[], Iterable[Event]]
    _events: list[Event] = field(default_factory=list)
    _error: BaseException | None = None
    _done: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Write. What goes wrong is kept for whoever asks."""
        try:
            for event in self.work():
                self._events.append(event)
        except BaseException as error:
            self._error = error
        finally:
            self._done.set()

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to be written of it."""
        return self._done.is_set()

    def told(self) -> tuple[tuple[Event, ...], BaseException | None]:
        """Waits until it is written; the events of what was, and what kept the rest from being."""
        self._done.wait()
        return tuple(self._events), self._error

    def path(self) -> Path:
        """Waits for the first file, and says where it is. Raises what kept it from being written."""
        events, error = self.told()
        for event in events:
            if isinstance(event, Saved):
                return event.path
        raise error if error is not None else ValueError("nothing was to be written")


@dataclass(eq=False)
class _Entry:
    owner: Owner
    later: Later
    is_noted: bool = False


class Writer:
    """Runs every `Later` in the order they came; what became of them is told in that order, too.

    note: called once with every event of theirs, before anybody else sees it.
    At most `most` of them wait to be written; then whoever brings more waits as well.
    """

    def __init__(self, note: Callable[[Owner, Event], None], most: int = MOST_WAITING) -> None:
        self._note = note
        self._most = most
        self._untold: deque[_Entry] = deque()
        self._queue: deque[Later] = deque()
        self._lock = threading.Lock()
        self._is_running = False
        self._failed: Owner | None = None

    @property
    def owners(self) -> tuple[Owner, ...]:
        """The lines whose files are not all written and told of."""
        return tuple(dict.fromkeys(entry.owner for entry in self._untold))

    def through(self, events: Iterable[Event | Later], owner: Owner) -> Iterator[Event]:
        """The events of a line, with those of its files between them as soon as these are written.

        Raises what kept a file of this line from being written.
        """
        for event in events:
            if not isinstance(event, Later):
                yield from self._finished(owner)
                yield event
                continue
            self._begin(event, owner)
            while len(self._untold) > self._most and self._untold[0].owner == owner:
                yield from self._told(self._untold.popleft(), owner)
            yield from self._finished(owner)

    def behind(self, events: Generator[E, bool | None, None]) -> Generator[E | Event, bool | None, None]:
        """The events of a line, after those of files that lines before it left to be written.

        The line goes on meanwhile, and what it tells is held back.
        """
        earlier, held = deque(self._untold), deque[E]()
        answer: bool | None = None
        while True:
            try:
                event = events.send(answer)
            except StopIteration:
                break
            answer = None
            must = isinstance(event, Ask) or len(held) >= MOST_HELD
            yield from self._first(earlier, wait=must)
            held.append(event)
            if not earlier:
                while held:
                    answer = yield held.popleft()
        yield from self._first(earlier, wait=True)
        yield from held

    def settle(self) -> Iterator[Event]:
        """Waits for all files, and tells what became of them; mistakes come as `Failed`, one for a line."""
        while self._untold:
            yield from self._told(self._untold.popleft(), None)

    def finish(self) -> None:
        """Waits for all files, and notes them; they are still to be told of."""
        for entry in self._untold:
            self._noted(entry)

    def _begin(self, later: Later, owner: Owner) -> None:
        self._untold.append(_Entry(owner, later))
        with self._lock:
            self._queue.append(later)
            if self._is_running:
                return
            self._is_running = True
        # No daemon: what was drawn is written even if the program ends now.
        threading.Thread(target=self._work, name=THREAD).start()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._is_running = False
                    return
                later = self._queue.popleft()
            later.run()

    def _finished(self, owner: Owner) -> Iterator[Event]:
        """What is written by now of the owner's files; files of earlier lines are told of by `behind`."""
        while self._untold and self._untold[0].owner == owner and self._untold[0].later.is_done:
            yield from self._told(self._untold.popleft(), owner)

    def _first(self, earlier: deque[_Entry], *, wait: bool) -> Iterator[Event]:
        """What is written by now of the entries, or of all when there is time to `wait`."""
        while earlier and (wait or earlier[0].later.is_done):
            entry = earlier.popleft()
            self._untold.remove(entry)
            yield from self._told(entry, None)

    def _told(self, entry: _Entry, raising_for: Owner | None) -> Iterator[Event]:
        error = self._noted(entry)
        yield from entry.later.told()[0]
        if error is None:
            return
        is_new, self._failed = entry.owner != self._failed, entry.owner
        if entry.owner == raising_for or not isinstance(error, InvokeError):
            raise error
        if is_new:
            yield Failed(entry.owner.line_number, entry.owner.line, error)

    def _noted(self, entry: _Entry) -> BaseException | None:
        events, error = entry.later.told()
        if not entry.is_noted:
            entry.is_noted = True
            for event in events:
                self._note(entry.owner, event)
        return error
