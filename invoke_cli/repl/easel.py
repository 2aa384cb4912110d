"""Pictures between the lines of a terminal: a preview that changes in place, and results that stay.

It only makes text; the console writes it.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from invoke_cli.repl.throttle import Throttle
from invoke_cli.repl.viewers import AUTO, VIEWERS, Box, Terminal, Viewer, choose, this_terminal

if sys.platform != "win32":
    import fcntl
    import struct
    import termios

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

PREVIEW_ROWS, RESULT_ROWS = 12, 24
# Where the terminal does not say. Rather too small: a picture that is too large would cover text.
USUAL_CELL = (8, 16)
_LIVE = 1  # the number of the preview's picture; results have numbers of their own


@dataclass(frozen=True)
class Screen:
    """The size of a terminal in cells, and of one cell in pixels (width, height)."""

    columns: int
    lines: int
    cell: tuple[int, int] = USUAL_CELL


def this_screen() -> Screen:
    """The size of the terminal that we run in, as its driver knows it."""
    columns, lines = shutil.get_terminal_size()
    return Screen(columns, lines, _cell_size())


def _cell_size() -> tuple[int, int]:
    if sys.platform == "win32":
        return USUAL_CELL
    try:
        answer = fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, bytes(8))
    except (OSError, ValueError):
        return USUAL_CELL
    rows, columns, width, height = struct.unpack("HHHH", answer)
    return (width // columns, height // rows) if width and height and rows and columns else USUAL_CELL


def easel_for(viewer: str, stream: TextIO) -> Easel | None:
    """The easel for a stream, None where it shows no pictures. Raises InvokeError for an unknown viewer."""
    asked = viewer if viewer == AUTO else VIEWERS.canonical(viewer)
    if asked == "none" or not stream.isatty():
        return None
    terminal = this_terminal(stream.encoding or "")
    name = choose(asked, terminal)
    return None if name == "none" else Easel(name, terminal)


class Easel:
    """Where a console shows pictures, with the viewer of that name."""

    def __init__(
        self,
        viewer: str,
        terminal: Terminal,
        screen: Callable[[], Screen] = this_screen,
        throttle: Throttle | None = None,
    ) -> None:
        self._viewer: Viewer = VIEWERS[viewer]
        self._terminal = terminal
        self._screen = screen
        self.throttle = throttle if throttle is not None else Throttle()
        self._rows = 0
        # Another program in the same window should not replace our pictures by accident.
        self._image = (os.getpid() & 0xFFF) << 12 | _LIVE
        self._results = 0

    def preview(self, rgb: Pixels) -> str:
        """Show the preview, in the place of the one before, above the line that the cursor is in.

        The first one needs an empty line, which it moves down; later ones leave the cursor where it is.
        """
        box = self._box(rgb, PREVIEW_ROWS)
        if box is None or self._rows not in (0, box.rows):
            return ""
        opening = "" if self._rows else "\r" + "\n" * box.rows
        self._rows = box.rows
        return opening + self._placed(rgb, box, self._image)

    @property
    def is_open(self) -> bool:
        """Whether a preview stands on the screen."""
        return self._rows > 0

    def wipe(self) -> str:
        """Take the preview away, and leave the cursor where it began; its line must be empty."""
        if not self._rows:
            return ""
        rows, self._rows = self._rows, 0
        return self._viewer.forget(self._terminal, self._image) + f"\x1b[{rows}A\r\x1b[J"

    def result(self, rgb: Pixels) -> str:
        """Show a picture that stays, from an empty line on; the cursor comes to the line below it."""
        box = self._box(rgb, RESULT_ROWS)
        if box is None:
            return ""
        self._results += 1
        number = self._image + self._results % 0xFFF
        return "\n" * box.rows + self._placed(rgb, box, number)

    def _placed(self, rgb: Pixels, box: Box, image: int) -> str:
        """The picture drawn over the lines above the cursor, which comes back to where it was."""
        # Where the cursor stands after a picture differs from terminal to terminal; so it is kept.
        return f"\x1b7\x1b[{box.rows}A\r{self._viewer.draw(rgb, box, self._terminal, image)}\x1b8"

    def _box(self, rgb: Pixels, most_rows: int) -> Box | None:
        """As many cells as fit, in the picture's shape; None on a screen too small to show anything."""
        screen = self._screen()
        columns, rows = screen.columns - 1, min(most_rows, screen.lines - 3)
        if columns < 2 or rows < 1:
            return None
        height, width, _ = rgb.shape
        wide, high = screen.cell
        scale = min(columns * wide / width, rows * high / height)
        size = round(width * scale / wide), round(height * scale / high)
        return Box(max(1, size[0]), max(1, size[1]), screen.cell)
