"""One line, run to its end whatever happens, and everything about it shown."""

from __future__ import annotations

import logging
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from traceback import format_exception_only
from typing import TYPE_CHECKING, cast

from invoke_cli.errors import InvokeError
from invoke_cli.repl import commands
from invoke_cli.repl.console import Console, OutputClosedError
from invoke_cli.repl.terminal import Interrupts, quiet_keys
from invoke_cli.repl.visible import visible
from invoke_cli.repl.wording import counted
from invoke_cli.session.events import Ask, Event, Failed, Fetching, Line, Notice, Progress, Saved
from invoke_cli.session.lookahead import Following, nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from invoke_cli.session.session import Session

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Heading:
    """The place, among the events, where those of a line begin."""

    line_number: int
    line: str
    told: bool


Shown = Event | commands.Page | commands.Replay | Heading


@dataclass
class Outcome:
    """How a line ended. line: what it wants in the prompt. replay: the lines that it wants to be run.

    fetching: what it was downloading last, where nothing else happened since.
    """

    pictures: int = 0
    failed: bool = False
    stopped: bool = False
    line: str = ""
    replay: commands.Replay | None = None
    fetching: str = ""


@dataclass
class Runner:
    """Runs lines of one session on one console. `history` is what `!history` lists.

    `person` takes yes or no from whoever sits at the keyboard; without it the answer is `--yes`, or no.
    edits: whether there is a prompt that a line can be put into; without one it is shown. forget: empties
    the history. replaying: the files whose lines are being run.
    """

    session: Session
    console: Console
    history: Sequence[str] = ()
    person: Callable[[], bool] | None = None
    _last: Outcome = field(default_factory=Outcome)
    edits: bool = False
    forget: Callable[[], None] | None = None
    replaying: tuple[Path, ...] = ()

    def replays(self, replay: commands.Replay) -> Runner:
        """A runner for the lines of a file, which edit nothing."""
        return replace(self, edits=False, replaying=(*self.replaying, replay.path))

    def run(
        self,
        line: str,
        line_number: int,
        *,
        heading: bool = False,
        settles: bool = True,
        following: Following = nothing,
    ) -> Outcome:
        """Run a line; mistakes, bugs and Ctrl-C are shown and told by the outcome.

        heading: announce the line, once all is told of the line before. settles: wait for the line's last
        files; else `settle`, or the next line, adds what becomes of them to this outcome. following: see
        `Session.run`.
        Only OutputClosedError is raised, for then nothing can be shown any more.
        """
        outcome = Outcome()
        if commands.is_command(line):
            self.settle()  # it may look at files
        told = self._events(line, line_number, settles, following)
        events = _headed(Heading(line_number, line, heading), told)
        self._guard(lambda: self.session.behind(events), outcome, line, line_number)
        self._last = outcome
        if outcome.stopped:
            self.settle()
            self.console.show(Notice(_kept(outcome)))
        return outcome

    def settle(self) -> None:
        """Wait for the files of the last line, and tell what became of them."""
        self._guard(lambda: self.session.settle(), self._last, "", 0)

    def _guard(
        self, events: Callable[[], Iterator[Shown]], outcome: Outcome, line: str, line_number: int
    ) -> None:
        try:
            with quiet_keys(sys.stdin), Interrupts() as interrupts:
                self._show_all(events(), outcome, interrupts)
        except KeyboardInterrupt:
            outcome.stopped = True
        except OutputClosedError:
            raise
        except Exception as error:
            _log.exception("line %d failed: %s", line_number, line)
            self._show(Failed(line_number, line, _bug(error)), outcome)
        self.console.settle()

    def _events(
        self, line: str, line_number: int, settles: bool, following: Following
    ) -> Iterator[Event | commands.Page | commands.Replay]:
        if commands.is_command(line):
            return commands.answer(line, line_number, self._context())
        return self.session.run(line, line_number, settles=settles, following=following)

    def _context(self) -> commands.Context:
        return commands.Context(
            self.session,
            self.history,
            shutil.get_terminal_size().columns,
            forget=self.forget,
            replaying=self.replaying,
        )

    def _show_all(self, events: Iterator[Shown], outcome: Outcome, interrupts: Interrupts) -> None:
        """Show every event. A run that is stopped is closed here, not when it is collected.

        Both kinds of events come from generators, though a session's type promises only an iterator.
        """
        counted = self._last  # until the line's own heading, all is about the line before
        with closing(cast("Generator[Shown, bool | None]", events)) as run:
            answer: bool | None = None
            with suppress(StopIteration):
                while True:
                    event = run.send(answer)
                    interrupts.patient = isinstance(event, Progress)
                    if isinstance(event, Heading):
                        counted, answer = outcome, None
                        self._announce(event)
                    else:
                        answer = self._taken(event, counted)
                    if interrupts.asked:
                        break
            if interrupts.asked:
                raise KeyboardInterrupt

    def _announce(self, heading: Heading) -> None:
        if heading.told:
            self.console.heading(heading.line_number, heading.line)

    def _taken(self, event: Event | commands.Page | commands.Replay, outcome: Outcome) -> bool | None:
        """Show the event, and give back the answer where it is a question."""
        if isinstance(event, Ask):
            return self._answered(event, outcome)
        self._show(event, outcome)
        return None

    def _answered(self, event: Ask, outcome: Outcome) -> bool | None:
        if event.needed and self.person is None and not self.session.settings.yes:
            return None
        for each in event.about:
            self._show(each, outcome)
        self.console.show(event)
        if self.person is not None:
            return self.person()
        answer = self.session.settings.yes
        self.console.show(Notice("yes, because of --yes" if answer else "no; --yes would answer yes"))
        return answer

    def _show(self, event: Event | commands.Page | commands.Replay, outcome: Outcome) -> None:
        if isinstance(event, commands.Page):
            self.console.page(event.text)
            return
        if isinstance(event, commands.Replay):
            outcome.replay = event
            return
        if isinstance(event, Line) and self.edits:
            outcome.line = event.text
            return
        outcome.failed |= isinstance(event, Failed)
        outcome.fetching = _fetched(event)
        outcome.pictures += isinstance(event, Saved) and event.kind == "picture"
        self.console.show(event)


def _headed(
    heading: Heading, events: Iterator[Event | commands.Page | commands.Replay]
) -> Generator[Shown, bool | None, None]:
    yield heading
    yield from events


def _fetched(event: Event) -> str:
    """What is being fetched; nothing once it is here whole and loads, which nothing stops."""
    return event.what if isinstance(event, Fetching) and event.done < event.total else ""


def _kept(outcome: Outcome) -> str:
    pictures = outcome.pictures
    kept = f"; {counted(pictures, 'finished picture')} {'is' if pictures == 1 else 'are'} kept"
    if outcome.fetching:
        stopped = (
            f"stopped, and so is fetching {visible(outcome.fetching)}; files that are here whole are kept"
        )
    else:
        stopped = "stopped"
    return stopped + (kept if pictures else "")


def _bug(error: Exception) -> InvokeError:
    """A sentence for what is not the user's mistake, and where its traceback is."""
    reason = "".join(format_exception_only(error)).strip().partition("\n")[0]
    where = _log_file()
    hint = f"the details are in {where}" if where else ""
    return InvokeError(f"something went wrong inside invoke-cli ({reason})", hint)


def _log_file() -> str:
    """The file that this module's log records end up in; empty when there is none."""
    logger: logging.Logger | None = _log
    while logger is not None:
        for handler in logger.handlers:
            if isinstance(handler, logging.FileHandler):
                return handler.baseFilename
        logger = logger.parent
    return ""
