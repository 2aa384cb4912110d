"""The size at which an init picture is drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass

Size = tuple[int, int]


@dataclass(frozen=True)
class Target:
    """A size to draw at, in pixels, multiples of the grid; `notes` say how it came about."""

    width: int
    height: int
    notes: tuple[str, ...] = ()


LONGEST = 2
"""How many times the native size the longer side of a fitted picture may be."""


def target_size(
    size: Size, *, fit: bool, box: Size | None, native: int, grow: bool = True, grid: int = 8
) -> Target:
    """The size at which a picture of `size` is drawn, its aspect kept within one grid step.

    fit: as large as fits into `box`, be the picture smaller or larger; without a box, the shorter side
    becomes `native`, for below that a model draws badly, but the longer one at most twice that.
    Otherwise its own size, each side rounded to the nearest multiple of `grid`; but a picture
    smaller than `native` in both directions is enlarged until its longer side is `native`,
    unless `grow` is False. No side is ever less than one grid step.
    """
    if fit and box is None:
        return _said(size, _around(size, native, grid), f"to suit the model's native {native}x{native}")
    if fit and box is not None:
        return _said(size, _inside(size, box, grid), f"to fit into {_x(box)}")
    if grow and max(size) < native:
        grown = _inside(size, (native, native), grid)
        return _said(size, grown, f"since the model's native size is {native}x{native}")
    own = (_round(size[0], grid), _round(size[1], grid))
    target = _said(size, own, f"since sides are multiples of {grid}")
    large = own[0] * own[1] > 4 * native * native
    return Target(*own, (*target.notes, _large(own, native))) if large else target


def native_size(size: Size, native: int, grid: int = 8) -> Size | None:
    """A size of the same shape with about the model's native area; None unless that is smaller."""
    scale = native / math.sqrt(size[0] * size[1])
    small = (_round(size[0] * scale, grid), _round(size[1] * scale, grid))
    return small if scale < 1 and small != size else None


def _inside(size: Size, box: Size, grid: int) -> Size:
    """The largest size on the grid inside `box` whose aspect is nearest to that of `size`."""
    width, height = size
    wide, high = (max(grid, side // grid * grid) for side in box)
    if width * high >= height * wide:  # the width meets the box first
        return wide, min(high, _round(height * wide / width, grid))
    return min(wide, _round(width * high / height, grid)), high


def _around(size: Size, native: int, grid: int) -> Size:
    """The size on the grid whose shorter side is `native`, or whose longer one is `LONGEST` times that."""
    long = min(_round(native * max(size) / min(size), grid), LONGEST * native)
    box, chosen = None, (long, native) if size[0] >= size[1] else (native, long)
    while box != chosen:  # until fitting into the very size gives it again, as files that say it need
        box, chosen = chosen, _inside(size, chosen, grid)
    return chosen


def _round(length: float, grid: int) -> int:
    """The nearest multiple of `grid`, a half upwards, at least one step."""
    return max(grid, int(length / grid + 0.5) * grid)


def _said(size: Size, chosen: Size, why: str) -> Target:
    note = f"the init picture is {_x(size)}; it is drawn at {_x(chosen)} {why}"
    return Target(*chosen, () if chosen == size else (note,))


def _large(size: Size, native: int) -> str:
    return (
        f"{_x(size)} is far more than the model's native {native}x{native}: drawing it takes long "
        "and shapes may repeat; --fit brings it into the -W x -H box"
    )


def _x(size: Size) -> str:
    return f"{size[0]}x{size[1]}"
