"""The loops: read a line, run it, show what happens."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from invoke_cli.errors import BatchError
from invoke_cli.repl.commands import Replay, is_command
from invoke_cli.repl.console import Console, OutputClosedError
from invoke_cli.repl.runner import Outcome, Runner
from invoke_cli.repl.terminal import quiet_keys
from invoke_cli.session.batch import Lines, NumberedLine
from invoke_cli.session.events import Failed, Notice, Summary

if TYPE_CHECKING:
    from invoke_cli.repl.editor import Editor
    from invoke_cli.session.session import Session

OK, FAILED, INTERRUPTED = 0, 1, 130

_COMMENT_MARKS = ("#", "//")
_HISTORY_NAME = ".invoke_history"


def run_once(session: Session, console: Console, line: str) -> int:
    """Run a line given on the command line; return the exit status."""
    return run_lines(session, console, [(1, line)], headings=False)


def run_lines(
    session: Session,
    console: Console,
    lines: Iterable[NumberedLine],
    *,
    headings: bool = True,
    overlaps: bool = False,
) -> int:
    """Run every line in order, until the end, `q` or Ctrl-C; return the exit status.

    A line that fails does not keep the others from running. overlaps: a line may begin while the last file
    of the one before is still being written; not where somebody waits for that before they send another.
    """
    batch = _Batch(Runner(session, console), headings, overlaps)
    try:
        batch.run(lines)
        console.show(batch.summary())
    except OutputClosedError:
        return FAILED
    return batch.status()


@dataclass
class _Batch:
    """What became of the lines so far. Of the last one that may still change."""

    runner: Runner
    headings: bool
    overlaps: bool = False
    ahead: Callable[[], Iterator[str | BatchError]] | None = None
    started: float = field(default_factory=time.monotonic)
    outcomes: list[Outcome] = field(default_factory=list)
    skipped: int = 0
    interrupted: bool = False

    def run(self, lines: Iterable[NumberedLine]) -> None:
        outer, self.ahead = self.ahead, lines.ahead if isinstance(lines, Lines) else None
        try:
            for line_number, line in lines:
                if self.stopped or (isinstance(line, str) and _leaves(line)):
                    break
                self._take(line_number, line)
        except KeyboardInterrupt:  # while waiting for the next line of a pipe
            self.interrupted = True
        finally:
            self.ahead = outer
        self.runner.settle()

    def _take(self, line_number: int, line: str | BatchError) -> None:
        if isinstance(line, BatchError):
            self.runner.settle()
            self.outcomes.append(Outcome(failed=True))
            if self.headings:
                self.runner.console.heading(line_number, "(unreadable)")
            self.runner.console.show(Failed(line_number, "", line))
        elif _is_skipped(line):
            self.skipped += 1
        else:
            settles = not self.overlaps
            outcome = self.runner.run(
                line, line_number, heading=self.headings, settles=settles, following=self._following
            )
            self.outcomes.append(outcome)
            if outcome.replay is not None:
                self._replay(outcome.replay)

    def _following(self) -> Iterator[str]:
        """The lines that come next, up to one that does something else than draw."""
        for line in self.ahead() if self.ahead is not None else ():
            if isinstance(line, BatchError) or _leaves(line) or is_command(line):
                return
            if not _is_skipped(line):
                yield line

    def _replay(self, replay: Replay) -> None:
        """Run the lines of another file as if they stood here; a `q` among them only leaves that file."""
        outer, self.runner = self.runner, self.runner.replays(replay)
        try:
            self.run(replay.lines)
        finally:
            self.runner = outer

    @property
    def stopped(self) -> bool:
        return self.interrupted or any(outcome.stopped for outcome in self.outcomes)

    def summary(self) -> Summary:
        """A line that was stopped is neither done nor at fault."""
        seconds = time.monotonic() - self.started
        ok = sum(not (outcome.failed or outcome.stopped) for outcome in self.outcomes)
        pictures = sum(outcome.pictures for outcome in self.outcomes)
        return Summary(ok, self._failed(), self.skipped, pictures, seconds)

    def _failed(self) -> int:
        return sum(outcome.failed for outcome in self.outcomes)

    def status(self) -> int:
        if self.stopped:
            return INTERRUPTED
        return FAILED if self._failed() else OK


def run_repl(session: Session, console: Console, history: Path | None = None) -> int:
    """Ask for lines and run them until `q` or Ctrl-D; return the exit status.

    The model begins to load as soon as the prompt is on the screen. `history` is the file of lines
    typed before; it lies beside the pictures unless given.
    """
    from invoke_cli.repl.editor import Editor  # prompt_toolkit: for the prompt alone

    editor = Editor(session, history or session.outdir / _HISTORY_NAME)
    try:
        console.show(Notice("-h for help, q or Ctrl-D to leave"))
        with quiet_keys(sys.stdin):  # also between a run and the next prompt
            person = editor.confirm if console.talks else None
            past = editor.history
            runner = Runner(session, console, past.lines, person, edits=True, forget=past.clear)
            _converse(editor, runner)
    except OutputClosedError:
        return FAILED
    return OK


def _converse(editor: Editor, runner: Runner) -> None:
    while True:
        for notice in editor.history.take_notices():
            runner.console.show(notice)
        try:
            line = editor.read()
            if _leaves(line):
                return
            if not _is_skipped(line):
                _obey(line, editor, runner)
        except KeyboardInterrupt:
            runner.console.show(Notice("q or Ctrl-D leaves"))
        except EOFError:
            return


def _obey(line: str, editor: Editor, runner: Runner) -> None:
    """Run a typed line under its number in the history. Ctrl-C also drops what was pasted after it.

    A line that it wants in the prompt is there when the prompt comes next.
    """
    outcome = runner.run(line, len(editor.history.lines))
    if outcome.line:
        editor.draft = outcome.line
    if outcome.replay is not None:
        _replay(outcome.replay, runner)
    if outcome.stopped and (dropped := editor.drop_pasted()):
        runner.console.show(Notice(f"pasted lines not run: {dropped}"))


def _replay(replay: Replay, runner: Runner) -> None:
    """Run the lines of a file at the prompt, and tell at their end what became of them."""
    batch = _Batch(runner.replays(replay), headings=True)
    batch.run(replay.lines)
    runner.console.show(batch.summary())
    runner.console.heading_over()


def _leaves(line: str) -> bool:
    return line.strip() == "q"


def _is_skipped(line: str) -> bool:
    text = line.strip()
    return not text or text.startswith(_COMMENT_MARKS)
