"""The terminal while a line runs: what Ctrl-C does, and keys that are typed ahead."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import TextIO

if sys.platform != "win32":
    import termios


class Interrupts:
    """Ctrl-C while a line runs.

    While a picture is being drawn (`patient`), the first one only sets `asked`, so that the run
    ends between two steps and no file is left half described; the second one insists. At any other
    time, as while waiting for the model, it raises KeyboardInterrupt where the program stands.
    """

    def __init__(self) -> None:
        self.asked = False
        self.patient = False

    def __enter__(self) -> Interrupts:
        self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self.asked or not self.patient:
            raise KeyboardInterrupt
        self.asked = True


@contextmanager
def quiet_keys(stream: TextIO | None) -> Iterator[None]:
    """Keys typed meanwhile are not echoed into the progress bar; they wait for the next prompt.

    Only the echo is turned off. TCSADRAIN, not TCSAFLUSH, which would throw away what was typed.
    """
    if sys.platform == "win32" or stream is None or stream.closed or not stream.isatty():
        yield
        return
    before = termios.tcgetattr(stream)
    quiet = [*before]
    quiet[3] &= ~termios.ECHO
    termios.tcsetattr(stream, termios.TCSADRAIN, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(stream, termios.TCSADRAIN, before)
