"""Memory that the C library holds back after it was freed."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache


@cache
def _trim() -> Callable[[int], object] | None:
    if sys.platform != "linux":
        return None
    found: Callable[[int], object] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return found


def give_back() -> None:
    """Give freed memory back to the system, where the C library can do that; it takes milliseconds.

    What a step of a large network has worked with stays else beside what decoding works with.
    """
    trim = _trim()
    if trim is not None:
        trim(0)
