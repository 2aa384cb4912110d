"""Muon: momentum whose update is made orthogonal, for weight matrices.

The update of a matrix is its momentum with every singular value moved to about one,
by five rounds of a quintic Newton-Schulz iteration (K. Jordan and others, "Muon: an
optimizer for hidden layers in neural networks", 2024). Convolution kernels count as
matrices of (out, in x height x width). The update's size is matched to AdamW's, so
that the two share a learning rate (Liu and others, 2025, arXiv:2502.16982, eq. 4).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from training.precision import in_hardware

QUINTIC = (3.4445, -4.7750, 2.0315)
ROUNDS = 5


def orthogonalise(matrices: Tensor) -> Tensor:
    """Move all singular values of each matrix to about 1.

    matrices: (N, rows, columns). Returns the same shape, in bfloat16 where the device has that in
    hardware: the iteration is stable in that precision.
    """
    x = matrices.bfloat16() if in_hardware(matrices.device) else matrices.float()
    tall = x.size(1) > x.size(2)
    if tall:
        x = x.mT
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    a, b, c = QUINTIC
    for _ in range(ROUNDS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


class Muon(Optimizer):
    """Muon with Nesterov momentum, for parameters of two or more dimensions."""

    def __init__(
        self, params: Iterable[Tensor], lr: float, momentum: float = 0.95, decay: float = 0.0
    ) -> None:
        """Take `params`, all of two or more dimensions; `decay` is decoupled weight decay."""
        super().__init__(params, {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]  # noqa: ARG002
        """Move every parameter once; matrices of one shape are orthogonalised together."""
        for group in self.param_groups:
            alike: dict[tuple[int, int], list[Tensor]] = defaultdict(list)
            for p in group["params"]:
                if p.grad is not None:
                    alike[(p.size(0), p[0].numel())].append(p)
            for shape, members in alike.items():
                self._move(shape, members, group["lr"], group["momentum"], group["decay"])

    def _move(
        self, shape: tuple[int, int], members: list[Tensor], lr: float, beta: float, decay: float
    ) -> None:
        """One step for all `members`, which are (rows, columns) = `shape` when flattened."""
        momenta = [self.state[p].setdefault("momentum", torch.zeros_like(p)) for p in members]
        grads = [p.grad for p in members if p.grad is not None]
        torch._foreach_lerp_(momenta, grads, 1 - beta)
        nesterov = torch._foreach_lerp(grads, momenta, beta)
        updates = orthogonalise(torch.stack([n.reshape(shape) for n in nesterov]))
        scale = 0.2 * max(shape) ** 0.5
        if decay:
            torch._foreach_mul_(members, 1 - lr * decay)
        for p, update in zip(members, updates, strict=True):
            p.add_(update.view_as(p).to(p.dtype), alpha=-lr * scale)
