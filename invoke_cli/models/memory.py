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
CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
CGROUP_USAGE = (
    (CGROUP_LIMITS[0], Path("/sys/fs/cgroup/memory.current")),
    (CGROUP_LIMITS[1], Path("/sys/fs/cgroup/memory/memory.usage_in_bytes")),
)
MEMORY_INFO = Path("/proc/meminfo")


def memory_of(device: torch.device) -> int:
    """The bytes of memory that the device's models live in, used or not."""
    import torch

    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    if device.type == "mps":
        return int(torch.mps.recommended_max_memory())
    return main_memory()


def free_memory(device: torch.device) -> int:
    """The bytes that the device could still give to this process, about."""
    import torch

    if device.type == "cuda":
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + kept
    if device.type == "mps":
        return max(0, memory_of(device) - int(torch.mps.driver_allocated_memory()))
    return min([_available(), *_unused()])


def _available() -> int:
    """What Linux calls available; half of the memory where nothing is said."""
    with suppress(OSError, ValueError, IndexError):
        rows = MEMORY_INFO.read_text().splitlines()
        return next(int(row.split()[1]) * 1024 for row in rows if row.startswith("MemAvailable"))
    return main_memory() // 2


def _unused() -> list[int]:
    """What a container's limits leave."""
    found = []
    for limit, usage in CGROUP_USAGE:
        with suppress(OSError, ValueError):  # ValueError: "max", which is no limit
            found.append(max(0, int(limit.read_text()) - int(usage.read_text())))
    return found


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
