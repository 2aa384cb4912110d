"""Ways to show pictures in a terminal, and which of them suits the terminal at hand.

To add one, write a class like those below and register it; the first that fits is taken.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from invoke_cli.registry import Registry
from invoke_cli.repl import graphics

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

AUTO = "auto"
SIXEL_TERMINALS = ("foot", "mlterm", "yaft", "contour")


@dataclass(frozen=True)
class Terminal:
    """What is known of a terminal without asking it, for its answer would come among the keys.

    tmux: what tmux, if it runs here, says of the terminal around it; "" where codes cannot pass through.
    """

    variables: Mapping[str, str]
    encoding: str = "utf-8"
    tmux: str = ""

    @property
    def kind(self) -> str:
        """The value of TERM."""
        return self.variables.get("TERM", "")

    @property
    def program(self) -> str:
        """The program that draws the terminal, where it names itself."""
        return self.variables.get("TERM_PROGRAM", "")

    @property
    def is_nested(self) -> bool:
        """Whether tmux or screen stands between us and the terminal."""
        return "TMUX" in self.variables or self.kind.startswith(("tmux", "screen"))


@dataclass(frozen=True)
class Box:
    """The cells that a picture takes, and how many pixels (width, height) each of them has."""

    columns: int
    rows: int
    cell: tuple[int, int]


class Viewer(Protocol):
    """A way to show pictures."""

    def fits(self, terminal: Terminal) -> bool:
        """Whether the terminal is known to understand it."""

    def draw(self, rgb: Pixels, box: Box, terminal: Terminal, image: int) -> str:
        """The text that fills the box, its corner at the cursor, with the picture, uint8 (H, W, 3).

        image: a number from 1 to 2^24-1; what is drawn under the same number again replaces it.
        """

    def forget(self, terminal: Terminal, image: int) -> str:
        """The text that takes a picture away, as far as erasing the cells under it does not."""


VIEWERS: Registry[Viewer] = Registry("viewer")


class _Kitty:
    """Kitty's graphics protocol; inside of tmux with its placeholders, for tmux knows of no pictures."""

    def fits(self, terminal: Terminal) -> bool:
        if terminal.is_nested:
            return "kitty" in terminal.tmux or "ghostty" in terminal.tmux
        named = terminal.kind in ("xterm-kitty", "xterm-ghostty") or terminal.program == "ghostty"
        return named or "KITTY_WINDOW_ID" in terminal.variables

    def draw(self, rgb: Pixels, box: Box, terminal: Terminal, image: int) -> str:
        if not terminal.is_nested:
            return "".join(graphics.kitty(rgb, box.columns, box.rows, image))
        codes = graphics.kitty(rgb, box.columns, box.rows, image, virtual=True)
        shown = graphics.placeholders(box.columns, box.rows, image)
        return "".join(map(graphics.through_tmux, codes)) + shown

    def forget(self, terminal: Terminal, image: int) -> str:
        code = graphics.kitty_forget(image)
        return graphics.through_tmux(code) if terminal.is_nested else code


class _Erasable:
    """What erasing the cells takes away."""

    def forget(self, terminal: Terminal, image: int) -> str:  # noqa: ARG002
        return ""


class _Iterm2(_Erasable):
    """iTerm2's inline images, which others have taken over. Inside of tmux they would land anywhere."""

    def fits(self, terminal: Terminal) -> bool:
        known = terminal.program in ("iTerm.app", "WezTerm", "mintty")
        return not terminal.is_nested and (known or terminal.variables.get("LC_TERMINAL") == "iTerm2")

    def draw(self, rgb: Pixels, box: Box, terminal: Terminal, image: int) -> str:  # noqa: ARG002
        code = graphics.iterm2(rgb, box.columns, box.rows)
        return graphics.through_tmux(code) if terminal.is_nested else code


class _Sixel(_Erasable):
    """Sixels, for the terminals whose TERM tells that they have them."""

    def fits(self, terminal: Terminal) -> bool:
        return terminal.kind.startswith(SIXEL_TERMINALS) or "sixel" in terminal.kind

    def draw(self, rgb: Pixels, box: Box, terminal: Terminal, image: int) -> str:  # noqa: ARG002
        return graphics.sixel(rgb, box.columns * box.cell[0], box.rows * box.cell[1])


class _Blocks(_Erasable):
    """Half blocks in colour, which nearly every terminal can show."""

    def fits(self, terminal: Terminal) -> bool:
        is_plain = terminal.kind in ("", "dumb") and "WT_SESSION" not in terminal.variables
        speaks = terminal.encoding.lower().replace("-", "") == "utf8"
        return speaks and not is_plain and not terminal.variables.get("NO_COLOR")

    def draw(self, rgb: Pixels, box: Box, terminal: Terminal, image: int) -> str:  # noqa: ARG002
        has_all = terminal.variables.get("COLORTERM") in ("truecolor", "24bit")
        true_colour = has_all or "WT_SESSION" in terminal.variables
        return graphics.half_blocks(rgb, box.columns, box.rows, true_colour=true_colour)


class _Nothing(_Erasable):
    """No pictures."""

    def fits(self, terminal: Terminal) -> bool:  # noqa: ARG002
        return True

    def draw(self, rgb: Pixels, box: Box, terminal: Terminal, image: int) -> str:  # noqa: ARG002
        return ""


VIEWERS.add("kitty")(_Kitty())
VIEWERS.add("iterm2")(_Iterm2())
VIEWERS.add("sixel")(_Sixel())
VIEWERS.add("blocks", "half-blocks", "half_blocks")(_Blocks())
VIEWERS.add("none", "off")(_Nothing())


def choose(name: str, terminal: Terminal) -> str:
    """The name of the viewer asked for, or with "auto" of the first that fits. Raises InvokeError."""
    if name != AUTO:
        return VIEWERS.canonical(name)
    return next(name for name, viewer in VIEWERS.items() if viewer.fits(terminal))


def this_terminal(encoding: str) -> Terminal:
    """The terminal that we run in; only tmux, which does not answer among the keys, is asked anything."""
    variables = dict(os.environ)
    return Terminal(variables, encoding, _ask_tmux() if "TMUX" in variables else "")


def _ask_tmux() -> str:
    """The terminal around tmux; "" where tmux lets nothing through to it."""
    question = "#{allow-passthrough} #{client_termname} #{client_termtype}"
    try:
        done = subprocess.run(
            ["tmux", "display-message", "-p", question],
            capture_output=True, text=True, timeout=1, check=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    passes, _, around = done.stdout.strip().partition(" ")
    return around if passes in ("on", "all") else ""
