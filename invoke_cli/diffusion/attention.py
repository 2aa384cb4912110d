"""Softmax attention on a CPU by oneDNN's products, some queries at a time.

The scores of so many queries stay in the cores' caches, and oneDNN multiplies faster than what torch's fused
kernel calls on some makers' CPUs. All functions take q (B, heads, L, d), k and v (B, heads, M, d) of one
dtype and return (B, L, heads, d).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from invoke_cli.diffusion.packed import NOTHING_ELSE
from invoke_cli.diffusion.recent import MEGABYTE

SCORES = 2 * MEGABYTE
"""Of so many queries at a time that their scores should fit into the cores' second-level caches."""
SAMPLED = 11
"""Every such key tells about where the highest score of a query lies; odd, so that columns differ by row."""
TOO_HIGH = 4
"""The mean weight of a query's keys above which the sampled ones have said too little of the others."""
FEW = 256
"""So few keys are worth exact scores."""


def by_rows(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """The attention of each query for itself; see `exactly` and `in_half_precision`."""
    is_exact = q.dtype != torch.bfloat16 or k.shape[2] < FEW
    return exactly(q, k, v) if is_exact else in_half_precision(q, k, v)


def exactly(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """With scores and softmax in float32; only the weights are rounded to the dtype of v."""
    batch, heads, length, width = q.shape
    out = q.new_empty(batch, length, heads, width)
    scaled = q.float() * (1 / math.sqrt(width))
    keys, values = k.float().contiguous(), v.transpose(-1, -2).contiguous()
    for one, head, some in _turns(q, k):
        weights = _product(scaled[one, head, some], keys[one, head]).softmax(-1)
        out[one, some, head] = _product(weights.to(values.dtype), values[one, head])
    return out


def in_half_precision(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """With scores and weights in bfloat16, which takes two thirds of the time; sums are float32 within.

    Softmax is the same whatever is taken off all scores of a query, and bfloat16 has as many digits of small
    numbers as of large ones. So what a few keys tell of a query's highest score is taken off within the
    product, as one more column, before anything is rounded; where the weight is, scores are near 0 then. The
    weights are powers of two, so that log2(e) is part of the scale, and one more value, 1, sums them up (cf.
    Dao 2023, arXiv 2307.08691). Queries whose weights are in sum so large that the few keys must have missed
    the highest score by far are attended to `exactly`, each for itself.
    """
    batch, heads, length, width = q.shape
    scaled = torch.mul(q, math.log2(math.e) / math.sqrt(width), out=q.new_empty(q.shape))
    few = k[:, :, ::SAMPLED].contiguous()
    keys = torch.cat((k, k.new_ones(1).expand(*k.shape[:3], 1)), dim=-1)
    values = torch.cat((v, v.new_ones(1).expand(*v.shape[:3], 1)), dim=-1).transpose(-1, -2).contiguous()
    sums = q.new_empty(batch, heads, length, width + 1)
    for one, head, some in _turns(q, k):
        rows = scaled[one, head, some]
        highest = _product(rows, few[one, head]).amax(-1, keepdim=True)
        weights = _product(torch.cat((rows, highest.neg_()), dim=-1), keys[one, head]).exp2_()
        sums[one, head, some] = _product(weights, values[one, head])
    weighted, totals = sums[..., :width], sums[..., width:]
    out = q.new_empty(batch, length, heads, width)
    torch.div(weighted, totals, out=out.transpose(1, 2))
    missed = ~(totals[..., 0] < TOO_HIGH * k.shape[2])  # so that no number counts as missed, too
    for one, head in missed.any(-1).nonzero().tolist():
        queries, this = missed[one, head].nonzero()[:, 0], (slice(one, one + 1), slice(head, head + 1))
        out[one, queries, head] = exactly(q[this][:, :, queries], k[this], v[this])[0, :, 0]
    return out


def _turns(q: Tensor, k: Tensor) -> list[tuple[int, int, slice]]:
    """A picture, a head and some of its queries at a time."""
    batch, heads, length, _ = q.shape
    queries = max(64, SCORES // (k.shape[2] * q.itemsize) // 64 * 64)
    return [
        (one, head, slice(start, start + queries))
        for one in range(batch)
        for head in range(heads)
        for start in range(0, length, queries)
    ]


def _product(rows: Tensor, weight: Tensor) -> Tensor:
    """Rows, (R, D), times the transpose of a weight, (C, D)."""
    found: Tensor = torch.ops.mkldnn._linear_pointwise(rows, weight, None, *NOTHING_ELSE)
    return found
