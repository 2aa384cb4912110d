"""What a line refers back to: the seeds and pictures of the command before it, and files by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from invoke_cli.errors import LineError, PictureError
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
        f"use -1 to -{len(made)}",
        switch=switch,
    )


def find_picture(text: str, made: Sequence[Path], outdir: Path, switch: str) -> str:
    """The path that was meant: as typed, in the output folder, or a back reference such as -1.

    Returned as text so that it can be written into a line again. Raises PictureError when nothing is there.
    """
    if BACK.fullmatch(text):
        return str(look_back(int(text), made, "picture", switch))
    typed = expanded(text)
    if typed.exists():
        return text
    if not typed.is_absolute() and (outdir / typed).exists():
        return str(outdir / typed)
    raise PictureError(f"there is no picture {text}", nearest_hint(typed), switch=switch)


def nearest_hint(path: Path) -> str:
    """A sentence that names the file in the same folder that was probably meant, or says what is wrong."""
    import difflib

    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder {folder} either"
    close = difflib.get_close_matches(path.name, [item.name for item in folder.iterdir()], n=1)
    return f"did you mean {folder / close[0]}?" if close else ""
