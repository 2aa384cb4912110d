"""A carrier between two places of one machine, in which what is used in the wrong place is found out."""

from __future__ import annotations

import torch
from torch import Tensor

from invoke_cli.diffusion.residence import Arrival


class Porter:
    """Its main memory holds float64, with which nothing in float32 can be computed.

    A copy is not there before somebody has waited for it, and what it drives out is not a number at once.
    brought: the shapes of what came to the device, in order. started, arrived: those of single layers.
    """

    def __init__(self) -> None:
        self.away = False
        self.brought: list[torch.Size] = []
        self.started: list[torch.Size] = []
        self.arrived: list[torch.Size] = []

    def is_home(self, weight: Tensor, /) -> bool:
        return weight.dtype == torch.float64

    def home(self, weight: Tensor, /) -> Tensor:
        return weight.double() if weight.is_floating_point() else weight

    def bring(self, weight: Tensor, /) -> Tensor:
        self.brought.append(weight.shape)
        return weight.float()

    def room(self, count: int, like: Tensor, /) -> Tensor:
        assert like.dtype == torch.float64
        return torch.full((count,), torch.nan)

    def start(self, weight: Tensor, into: Tensor, /) -> Arrival:
        self.started.append(weight.shape)
        into.fill_(torch.nan)

        def arrive() -> None:
            self.arrived.append(weight.shape)
            into.copy_(weight)

        return arrive
