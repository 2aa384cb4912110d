"""What a line refers back to: the seeds and pictures of the command before it, and files by name."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from invoke_cli.errors import LineError, PictureError
from invoke_cli.imaging.files import nearest_files
from invoke_cli.language.codecs import PICTURE
from invoke_cli.language.request import Request
from invoke_cli.language.switches import table
from invoke_cli.paths import expanded

T = TypeVar("T")
BACK = re.compile(r"-\d+")


def look_back(index: int, made: Sequence[T], what: str, switch: str) -> T:
    """The `index`-th (-1 is the last) thing that the previous command made. Raises LineError."""
    if -len(made) <= index < 0:
        return made[index]
    if not made:
        raise LineError(f"there is no {what} to refer back to: nothing has been drawn yet", switch=switch)
    raise LineError(
        f"{index} is too far back: the command before made {len(made)}",
        "use -1" if len(made) == 1 else f"use -1 to -{len(made)}",
        switch=switch,
    )


def find_picture(text: str, made: Sequence[Path], outdir: Path, switch: str) -> str:
    """The path that was meant: as typed, in the output folder, or a back reference such as -1.

    Returned as text so that it can be written into a line again. Raises PictureError when nothing is there.
    """
    if BACK.fullmatch(text):
        return str(look_back(int(text), made, "picture", switch))
    typed = expanded(text)
    if os.path.exists(typed):
        return text
    if not typed.is_absolute() and os.path.exists(outdir / typed):
        return str(outdir / typed)
    raise PictureError(f"there is no picture {text}", nearest_files(typed) or _no_list(text), switch=switch)


def _no_list(text: str) -> str:
    """A hint for those who list several files as one lists several numbers."""
    several = "a folder or a pattern such as 'sketches/*.png' stands for several pictures, a list does not"
    return several if "," in text else ""


def may_refer(request: Request, folders: Sequence[Path]) -> bool:
    """Whether a line may want what is still being written: by a number, or as a picture in these folders.

    It may also do so where nothing is found under a name now.
    """
    if request.seed is not None and request.seed < 0:
        return True
    named = [getattr(request, switch.name) for switch in table() if switch.codec is PICTURE]
    places = [folder.absolute() for folder in folders]
    return any(_may_be_in(name, places) for name in named if name is not None)


def _may_be_in(name: object, places: Sequence[Path]) -> bool:
    if not isinstance(name, str) or BACK.fullmatch(name):
        return True
    path = expanded(name)
    return not path.is_file() or any(path.absolute().is_relative_to(place) for place in places)
