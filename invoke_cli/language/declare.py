"""How a switch is declared: as a field of `Request`, in one place, read by everything else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from invoke_cli.language.codecs import Codec, Lists

DRAWING = "Drawing"
IMG2IMG = "From a picture"
INPAINTING = "Inpainting and outpainting"
VARYING = "Variations"
ENLARGING = "Faces and enlarging"
FILES = "Files"


@dataclass(frozen=True)
class Switch:
    """A declared switch.

    name: the field of `Request`. flags: every spelling, the preferred one first; long names use underscores.
    shown: the built-in default, or None. pixels: whether it decides pixels, and so stands in full lines.
    shell: whether a default for it may come from the shell, the environment or the configuration.
    later: why the switch has no effect yet, as a sentence; "" when it works.
    alone: why it takes no list of values although values of its kind do, as a hint; "" elsewhere.
    """

    name: str
    flags: tuple[str, ...]
    codec: Codec[Any]
    group: str
    help: str
    shown: object = None
    pixels: bool = False
    shell: bool = False
    later: str = ""
    alone: str = ""

    @property
    def lists(self) -> bool:
        """Whether a list of values makes the line a sweep."""
        return self.codec.lists is not Lists.NONE and not self.alone

    @property
    def on_off(self) -> bool:
        """Whether the switch takes no value and has a `--no-` twin."""
        return self.codec.most == 0

    @property
    def long(self) -> str:
        """The long flag: `--init_img`."""
        return f"--{self.name}"


def switch(
    *flags: str,
    codec: Codec[Any],
    group: str,
    help: str,
    shown: object = None,
    pixels: bool = False,
    shell: bool = False,
    later: str = "",
    alone: str = "",
    unset: object = None,
) -> Any:
    """Declare a field of `Request` as a switch; the arguments are those of `Switch`.

    Returns a dataclass field with the default `unset`, typed `Any` so that any annotation takes it.
    """
    declared = {
        "flags": flags,
        "codec": codec,
        "group": group,
        "help": help,
        "shown": shown,
        "pixels": pixels,
        "shell": shell,
        "later": later,
        "alone": alone,
    }
    return field(default=unset, metadata={"switch": declared})
