"""Attention some queries at a time, where torch would else write all of its scores into memory."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend

from invoke_cli.diffusion.kernels import Axes, Kernels
from invoke_cli.diffusion.recent import MEGABYTE

SCORES = 64 * MEGABYTE
"""Bytes of the largest matrix of scores, in float32."""


class Sliced:
    """Kernels whose attention never has more than `most` bytes of scores.

    Each query has its own softmax over all keys, so that slices change no more than the rounding. Where
    torch's attention is one kernel, which keeps no scores, it is left alone.
    """

    def __init__(self, kernels: Kernels, most: int = SCORES) -> None:
        self._kernels = kernels
        self._most = most

    def conv(self, module: nn.Conv2d, x: Tensor, axes: Axes = (), bias: Tensor | None = None) -> Tensor:
        """See Kernels."""
        return self._kernels.conv(module, x, axes, bias)

    def linear(self, module: nn.Module, x: Tensor) -> Tensor:
        """See Kernels."""
        return self._kernels.linear(module, x)

    def gated(self, module: nn.Linear, x: Tensor) -> Tensor:
        """See Kernels."""
        return self._kernels.gated(module, x)

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """See Kernels."""
        per_query = k.shape[2] * torch.float32.itemsize
        if len(q) * q.shape[1] * q.shape[2] * per_query <= self._most or not writes_scores(q, k, v):
            return self._kernels.attend(q, k, v)
        batch, heads, length, _ = q.shape
        out = q.new_empty(batch, length, heads, v.shape[-1])
        queries = max(1, self._most // per_query)
        for row in range(batch):
            for head in range(heads):
                one = (slice(row, row + 1), slice(head, head + 1))
                for start in range(0, length, queries):
                    some = slice(start, start + queries)
                    out[row, some, head] = self._kernels.attend(q[one][:, :, some], k[one], v[one])[0, :, 0]
        return out


def writes_scores(q: Tensor, k: Tensor, v: Tensor) -> bool:
    """Whether torch's attention of these would write their scores into memory."""
    # there is no public way to ask; where this one is missing, or does not know the device, slices are safe
    choose = getattr(torch, "_fused_sdp_choice", None)
    if choose is None or q.device.type not in ("cpu", "cuda"):
        return True
    return bool(choose(q, k, v) == SDPBackend.MATH.value)
