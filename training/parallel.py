"""Several processes that train one model: gradients are averaged once per step.

On a CPU, two single-threaded processes finish a step sooner than one process with two
threads as soon as anything else runs on the machine: they meet once per step, not
once per operator.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.multiprocessing.spawn import spawn as start_processes


@dataclass(frozen=True)
class World:
    """The place of this process among its equals, and the device it computes on."""

    rank: int
    size: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this process writes the files and the log."""
        return self.rank == 0

    def average_gradients(self, params: Sequence[Tensor]) -> None:
        """Replace every gradient by its mean over all ranks; sent as one flat bfloat16 vector."""
        if self.size == 1:
            return
        grads = [p.grad for p in params if p.grad is not None]
        flat = torch.cat([g.flatten().bfloat16() for g in grads])
        dist.all_reduce(flat)
        flat /= self.size
        for grad, part in zip(grads, torch.split(flat, [g.numel() for g in grads]), strict=True):
            grad.copy_(part.view_as(grad))

    def meet(self) -> None:
        """Wait until every rank is here."""
        if self.size > 1:
            dist.barrier()

    def agree(self, *values: float) -> list[float]:
        """The first rank's `values`, on every rank: decisions about time must not differ."""
        box = torch.tensor(values, dtype=torch.float64)
        if self.size > 1:
            dist.broadcast(box, 0)
        return [float(v) for v in box]


def launch(ranks: int, device: str, work: Callable[..., None], *args: Any) -> None:
    """Run ``work(world, *args)`` in `ranks` processes, or right here when there is only one."""
    if ranks == 1:
        torch.set_float32_matmul_precision("high")
        work(World(0, 1, torch.device(device)), *args)
        return
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as folder:
        given = (ranks, Path(folder) / "rendezvous", device, work, args)
        start_processes(_enter, given, ranks)  # type: ignore[no-untyped-call]


def _enter(
    rank: int, ranks: int, meeting: Path, device: str, work: Callable[..., None], args: tuple[Any, ...]
) -> None:
    """Join the group, work, leave."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=meeting.as_uri(), rank=rank, world_size=ranks)
    try:
        work(World(rank, ranks, torch.device(device)), *args)
    finally:
        dist.destroy_process_group()
