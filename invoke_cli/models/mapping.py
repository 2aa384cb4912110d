"""Parts of files mapped into memory.

Python's own mappings keep their file open, each with a descriptor of its own, of which a process commonly has
1,024: fewer than a large model has tensors.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
import weakref
from functools import cache
from typing import Any

_READABLE_AND_WRITABLE, _PRIVATE, _FAILED = 3, 2, ctypes.c_void_p(-1).value
"""Numbers that Linux, macOS and the BSDs have in common."""


def mapped(descriptor: int, start: int, length: int) -> Any:
    """The bytes of an open file from `start` on, as a buffer; writing to it changes memory alone.

    length: above 0, and within the file. The mapping lasts as long as the buffer, without the file being
    open. Raises OSError where there is no memory for it.
    """
    page = start // mmap.ALLOCATIONGRANULARITY * mmap.ALLOCATIONGRANULARITY
    whole = length + start - page
    if sys.platform == "win32":  # which counts no descriptors
        return memoryview(mmap.mmap(descriptor, whole, offset=page, access=mmap.ACCESS_COPY))[start - page :]
    system = _system()
    place = system.mmap(None, whole, _READABLE_AND_WRITABLE, _PRIVATE, descriptor, page)
    if place == _FAILED:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    buffer = (ctypes.c_ubyte * length).from_address(place + start - page)
    weakref.finalize(buffer, system.munmap, place, whole).atexit = False
    return buffer


@cache
def _system() -> ctypes.CDLL:
    system = ctypes.CDLL(None, use_errno=True)
    offset, size = ctypes.c_int64, ctypes.c_size_t
    system.mmap.argtypes = (ctypes.c_void_p, size, ctypes.c_int, ctypes.c_int, ctypes.c_int, offset)
    system.mmap.restype = ctypes.c_void_p
    system.munmap.argtypes = (ctypes.c_void_p, size)
    return system
