"""Events to text or JSON: the only module that writes to the terminal."""

from __future__ import annotations

import json
import os
import pydoc
import shutil
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TextIO

from invoke_cli.repl.listings import listing
from invoke_cli.repl.model_table import model_lines
from invoke_cli.repl.objects import SCHEMA, Object, as_object
from invoke_cli.repl.progress import Bar, download_bar
from invoke_cli.repl.schedule_view import explained_lines, table_lines
from invoke_cli.repl.token_view import token_lines
from invoke_cli.repl.visible import visible
from invoke_cli.repl.wording import (
    failure_lines,
    fetching_line,
    plan_lines,
    saved_line,
    shown_lines,
    summary_line,
)
from invoke_cli.session.events import (
    Ask,
    Event,
    Explained,
    Failed,
    Fetching,
    Line,
    Notice,
    Planned,
    Progress,
    Saved,
    Scheduled,
    Shown,
    Summary,
    Tokens,
)
from invoke_cli.session.lists import Defaults, Listed, Remembered, Triggers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from invoke_cli.repl.easel import Easel

    Pixels = NDArray[np.uint8]


class OutputClosedError(Exception):
    """Nobody reads our output any more, as with `invoke-cli ... | head`."""


class Console(Protocol):
    """Where events go. talks: whether a person reads them, who can be asked something."""

    talks: bool

    def show(self, event: Event) -> None:
        """Tell of one event."""

    def heading(self, line_number: int, line: str) -> None:
        """Announce the next line of several."""

    def heading_over(self) -> None:
        """The several lines are over; what comes next is typed."""

    def page(self, text: str) -> None:
        """Show a long text of our own, such as help."""

    def settle(self) -> None:
        """A line is over: leave nothing half drawn."""


class TextConsole:
    """For people. Results go to `out`, notices and mistakes to `err`.

    Only a terminal gets a progress bar, a pager, and with an easel pictures. Without a fixed `width`
    the terminal is asked each time, for it may be resized.
    """

    talks = True

    def __init__(
        self,
        out: TextIO,
        err: TextIO,
        is_terminal: bool,
        width: int | None = None,
        *,
        dry_run: bool = False,
        easel: Easel | None = None,
    ) -> None:
        self._out = out
        self._err = err
        self._is_terminal = is_terminal
        self._width = width
        self._dry_run = dry_run
        self._easel = easel if is_terminal else None
        self._bar = Bar()
        self._bar_length = 0
        self._heading: int | None = None
        self._label = ""
        self._download = ""
        self._planned = 0
        self._made = 0
        self._failed: list[int] = []

    def show(self, event: Event) -> None:
        """Tell of one event."""
        if isinstance(event, Progress):
            self._draw_bar(event)
            return
        if isinstance(event, Fetching):
            self._draw_download(event)
            return
        self.settle()
        match event:
            case Planned():
                self._plan(event)
            case Saved():
                if self._easel is not None and event.rgb is not None:
                    _send(self._out, self._easel.result(event.rgb))
                self._write(self._out, saved_line(event, self._next_label(event)))
            case Explained():
                self._write(self._out, *explained_lines(event))
            case Scheduled():
                self._write(self._out, *table_lines(event))
            case Shown():
                if self._easel is not None and event.rgb is not None:
                    _send(self._out, self._easel.result(event.rgb))
                self._write(self._out, *shown_lines(event))
            case Tokens():
                self._write(self._out, *token_lines(event, self._columns()))
            case Notice():
                self._write(self._err, *_notice_lines(event.text))
            case Listed():
                self._write(self._out, *model_lines(event.models, self._columns()))
            case Triggers() | Remembered() | Defaults():
                self.page(listing(event))
            case Line():
                self._write(self._out, visible(event.text))
            case Ask():
                self._write(self._err, *_notice_lines(event.question))
            case Failed():
                self._fail(event)
            case Summary() if self._heading is not None:
                self._write(self._out, summary_line(event, self._failed, dry_run=self._dry_run))

    def heading(self, line_number: int, line: str) -> None:
        """Announce the next line of several."""
        self._heading = line_number
        self._write(self._out, f"line {line_number}: {visible(line)}")

    def heading_over(self) -> None:
        """The several lines are over; what comes next is typed."""
        self._heading, self._failed = None, []

    def page(self, text: str) -> None:
        """Show a text of our own, with a pager where it does not fit on the screen."""
        self.settle()
        if self._is_terminal and text.count("\n") + 1 >= shutil.get_terminal_size().lines:
            pydoc.pager(text)
        else:
            self._write(self._out, text.rstrip("\n"))

    def settle(self) -> None:
        """Take the progress bar and the preview away."""
        self._wipe_bar()
        if self._easel is not None and self._easel.is_open:
            _send(self._out, self._easel.wipe())

    def _wipe_bar(self) -> None:
        if self._bar_length:
            _send(self._out, "\r" + " " * self._bar_length + "\r")
            self._bar_length = 0
            self._bar.forget()

    def _plan(self, event: Planned) -> None:
        self._label, self._planned, self._made = str(event.line_number), len(event.pictures), 0
        self._bar = Bar()
        self._write(self._out, *plan_lines(event))
        if self._dry_run:
            self._write(self._out, *(f"  {visible(picture.line)}" for picture in event.pictures))

    def _next_label(self, event: Saved) -> str:
        """`3`, or `3.1`, `3.2` when the line makes several pictures."""
        if event.line_number is not None:
            return str(event.line_number)
        if event.kind != "picture":
            return self._label
        self._made += 1
        return f"{self._label}.{self._made}" if self._planned > 1 else self._label

    def _fail(self, event: Failed) -> None:
        self._failed.append(event.line_number)
        place = "" if self._heading is None else f" in line {event.line_number}"
        first, *rest = failure_lines(event.error, event.line, self._columns())
        self._write(self._err, f"error{place}: {first}", *rest)

    def _draw_bar(self, progress: Progress) -> None:
        if not self._is_terminal:
            return
        if self._easel is not None and progress.preview is not None:
            self._draw_preview(progress, progress.preview, self._easel)
        text = self._bar.text(progress, self._columns() or 0)
        if text is not None:
            _send(self._out, "\r" + text.ljust(self._bar_length))
            self._bar_length = len(text)

    def _draw_download(self, event: Fetching) -> None:
        """A bar on a terminal; elsewhere one sentence for each download."""
        if not self._is_terminal:
            if event.what != self._download:
                self._write(self._err, *_notice_lines(fetching_line(event)))
            self._download = event.what
            return
        text = download_bar(event, self._columns() or 0)
        _send(self._out, "\r" + text.ljust(self._bar_length))
        self._bar_length = len(text)

    def _draw_preview(self, progress: Progress, preview: Callable[[], Pixels], easel: Easel) -> None:
        """A look at the picture, above the bar, when there is time; after the last step the result comes."""
        step = progress.step
        easel.throttle.tick(begins=step.index == 0)
        if step.index + 1 == step.total:
            return
        with easel.throttle.turn() as is_time:
            if is_time:
                if not easel.is_open:
                    self._wipe_bar()
                _send(self._out, easel.preview(preview()))

    def _columns(self) -> int | None:
        """The width to fit into; None where no terminal sets one."""
        if self._width is not None:
            return self._width
        return shutil.get_terminal_size().columns if self._is_terminal else None

    def _write(self, stream: TextIO, *lines: str) -> None:
        _send(stream, "".join(f"{line}\n" for line in lines))


class JsonConsole:
    """For programs: one object a line on `out`, the first with the schema's number; the rest on `err`."""

    talks = False

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out = out
        self._err = err
        self._opening: Object = {"schema": SCHEMA}

    def show(self, event: Event) -> None:
        """Write one event as one line."""
        text = json.dumps({**self._opening, **as_object(event)}, allow_nan=False)
        self._opening = {}
        _send(self._out, text + "\n")

    def heading(self, line_number: int, line: str) -> None:
        """Nothing: every object that needs it carries the line's number."""

    def heading_over(self) -> None:
        """Nothing either."""

    def page(self, text: str) -> None:
        """Help is for people."""
        _send(self._err, text.rstrip("\n") + "\n")

    def settle(self) -> None:
        """Nothing is ever half drawn."""


def _notice_lines(text: str) -> list[str]:
    """The text's lines; all but the first are indented, so that none can pass for a line of another kind."""
    first, *rest = text.splitlines() or [""]
    return [visible(first), *(f"  {visible(line)}" for line in rest)]


def _send(stream: TextIO, text: str) -> None:
    """Write and flush, so that both streams keep their order and a reader sees each line at once."""
    encoding = stream.encoding or "utf-8"
    try:
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        _abandon(stream)
        raise OutputClosedError from None


def _abandon(stream: TextIO) -> None:
    """Point the stream nowhere, or Python complains about the closed pipe once more when it exits."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
