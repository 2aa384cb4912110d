"""Which optimiser moves which weight, and how fast at what time."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from training.muon import Muon

VECTORS = ("embedding", "conv_in", "conv_out")


@dataclass
class Optimisers:
    """Muon for the hidden matrices and AdamW for all else, moved together."""

    muon: Muon
    adam: AdamW

    @classmethod
    def of(cls, networks: Iterable[nn.Module], muon_rate: float, adam_rate: float) -> Optimisers:
        """Share out all parameters of `networks` that want a gradient.

        Embeddings and the first and last layers are not hidden matrices: AdamW has them.
        """
        named = [(n, p) for network in networks for n, p in network.named_parameters() if p.requires_grad]
        hidden = [p for n, p in named if p.ndim > 1 and not any(word in n for word in VECTORS)]
        rest = [p for n, p in named if p.ndim == 1 or any(word in n for word in VECTORS)]
        optimisers = cls(
            Muon(hidden, lr=muon_rate), AdamW(rest, lr=adam_rate, betas=(0.9, 0.99), weight_decay=0.0)
        )
        for group in (*optimisers.muon.param_groups, *optimisers.adam.param_groups):
            group["full_rate"] = group["lr"]
        return optimisers

    @property
    def both(self) -> tuple[Optimizer, Optimizer]:
        """The two, for what is done to each."""
        return self.muon, self.adam

    @property
    def params(self) -> list[Tensor]:
        """Every parameter that is moved."""
        return [p for opt in self.both for group in opt.param_groups for p in group["params"]]

    def step(self, pace: float, clip: float) -> None:
        """Clip the gradients' joint length, move at `pace` times the full rate, forget the gradients."""
        torch.nn.utils.clip_grad_norm_(self.params, clip)
        for opt in self.both:
            for group in opt.param_groups:
                group["lr"] = pace * group["full_rate"]
            opt.step()
            opt.zero_grad(set_to_none=True)

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"muon": self.muon.state_dict(), "adam": self.adam.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From a checkpoint."""
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])


def pace(progress: float, step: int, warmup: int, decay_from: float) -> float:
    """The learning rate's factor: a linear warm-up in steps, one, then a cosine down to zero.

    `progress` is the fraction of the time budget used, so the fall ends when the time does.
    """
    warm = min(1.0, (step + 1) / warmup)
    fall = min(1.0, max(0.0, progress - decay_from) / (1 - decay_from))
    return warm * 0.5 * (1 + math.cos(math.pi * fall))
