"""Checkpoints that a power cut cannot tear, and weights averaged over time."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


def save(path: Path, state: dict[str, Any]) -> None:
    """Write `state` beside `path`, then rename: readers see the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)


def load(path: Path) -> dict[str, Any] | None:
    """The state at `path`, on the CPU, or None where there is none yet."""
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


class Average(nn.Module):
    """An exponential moving average of a network's weights, with a short memory at first."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        """Start from `network` as it is; `decay` is per step once the memory is full."""
        super().__init__()
        self.network = copy.deepcopy(network).requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Take in the weights after step number `step`, counted from 0."""
        decay = min(self.decay, (1 + step) / (10 + step))
        mine: list[Tensor] = list(self.network.parameters())
        torch._foreach_lerp_(mine, [p.detach() for p in network.parameters()], 1 - decay)
