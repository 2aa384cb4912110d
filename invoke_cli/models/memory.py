"""How much memory there is for models."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

# Where a machine does not tell, it is taken for a small one.
UNKNOWN = 8 * 2**30
# How torch words it, on a GPU and on a CPU.
OUT_OF_MEMORY = ("out of memory", "can't allocate memory")
CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def is_out_of_memory(error: Exception) -> bool:
    """Whether the error says that memory did not suffice."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in OUT_OF_MEMORY)


def memory_of(device: torch.device) -> int:
    """The bytes of memory that the device's models live in, used or not."""
    import torch

    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    if device.type == "mps":
        return int(torch.mps.recommended_max_memory())
    return main_memory()


def main_memory() -> int:
    """The bytes of main memory that this process may use: the machine's, or less within a container."""
    return min([_physical(), *_allowed()])


def _physical() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # AttributeError: Windows
        return UNKNOWN


def _allowed() -> list[int]:
    found = []
    for path in CGROUP_LIMITS:
        with suppress(OSError, ValueError):  # ValueError: "max", which is no limit
            found.append(int(path.read_text()))
    return found
