"""How many threads there is room for: the processors that this process may use, not those of the machine."""

from __future__ import annotations

import math
import os
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
SPINS = "20000"
"""Times that a thread of GNU OpenMP looks whether there is work again before it sleeps; by itself 300,000.

A thread that looks takes the processor from whoever has the work. Beside two busy programs on two
processors, 20 small pictures took 8.8 instead of 16 to 60 s, and alone not longer.
"""
ASKED = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")


def wait_calmly(environment: MutableMapping[str, str]) -> None:
    """Let threads that wait for one another soon sleep, unless the user has asked for something else.

    environment: of the process; OpenMP reads it when torch is imported.
    """
    if not any(name in environment for name in ASKED):
        environment["GOMP_SPINCOUNT"] = SPINS


def use_threads() -> None:
    """Let torch use no more threads than processors are there; more would wait for one another.

    Fewer, as OMP_NUM_THREADS may ask for, stay fewer.
    """
    import torch

    allowed = processors()
    if torch.get_num_threads() > allowed:
        torch.set_num_threads(allowed)


def processors(cgroup: Path = CGROUP) -> int:
    """The processors of this process: by its affinity, and by the share that a container leaves it."""
    count = os.cpu_count() or 1
    with suppress(AttributeError):  # not on macOS and Windows
        count = len(os.sched_getaffinity(0))
    return max(1, min(count, _share(cgroup)))


def _share(cgroup: Path) -> int:
    """Processors' worth of time within each period, rounded up; as good as endless without a limit."""
    with suppress(OSError, ValueError):  # ValueError: "max", which is no limit
        quota, period = map(int, (cgroup / "cpu.max").read_text(encoding="ascii").split())
        return math.ceil(quota / period)
    with suppress(OSError, ValueError):
        quota, period = (
            int((cgroup / "cpu" / f"cpu.cfs_{name}_us").read_text(encoding="ascii"))
            for name in ("quota", "period")
        )
        return math.ceil(quota / period) if quota > 0 else 2**16
    return 2**16
