"""Comparisons: the strips of a sweep's pictures below one another on one sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from invoke_cli.imaging.sheets import Cell, table
from invoke_cli.session.intermediates import Frame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]


def compared(strips: Sequence[Sequence[Frame]], results: Sequence[Pixels], labels: Sequence[str]) -> Pixels:
    """The strips below one another, their results in one column, so that steps near the end stand in line.

    A picture without steps (strength 0) is a row of its result alone.
    """
    rows = [
        [(frame.rgb, _caption(frame)) for frame in strip] or [(result, "result")]
        for strip, result in zip(strips, results, strict=True)
    ]
    longest = max(map(len, rows))
    return table([_to_the_right(row, longest) for row in rows], labels)


def _to_the_right(row: list[Cell], length: int) -> list[Cell | None]:
    return [*[None] * (length - len(row)), *row]


def _caption(frame: Frame) -> str:
    """Short, for frames on a comparison are small."""
    return frame.title if frame.sigma is None or frame.done == 0 else f"sigma {frame.sigma:.3g}"
