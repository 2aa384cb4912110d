"""Attention that is steered in networks that are called, by processors that stay for one call alone.

See `Steer`; networks that are walked through need nothing put into them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from invoke_cli.diffusion.walk import Steer


@contextmanager
def steered(network: Any, steer: Steer | None) -> Iterator[None]:
    """Within this block the network's attention is steered; None steers nothing.

    Afterwards, whatever happens, the network is what it was.
    """
    layers = [] if steer is None else list(_layers(network))
    own = [layer.processor for layer in layers]
    try:
        for layer, processor in zip(layers, own, strict=True):
            layer.processor = _Processor(processor, steer)
        yield
    finally:
        for layer, processor in zip(layers, own, strict=True):
            layer.processor = processor


def _layers(network: Any) -> Iterator[Any]:
    """The attentions of the network's transformers."""
    for block in network.modules():
        if hasattr(block, "attn1") and hasattr(block, "attn2"):
            yield from (layer for layer in (block.attn1, block.attn2) if layer is not None)


class _Processor:
    """Stands in for an attention's own processor: lets it do its work, and puts the steered row into it."""

    def __init__(self, own: Any, steer: Any) -> None:
        self._own = own
        self._steer = steer

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        temb: Tensor | None = None,
    ) -> Tensor:
        """The arguments are those of diffusers' processors. hidden_states: (B, N, C)."""
        result: Tensor = self._own(attn, hidden_states, encoder_hidden_states, attention_mask, temb)
        crossing = encoder_hidden_states is not None
        rows = hidden_states[-2:]
        seen = rows if encoder_hidden_states is None else encoder_hidden_states[-2:]
        q, k, v = (
            _heads(attn, layer(each))
            for layer, each in ((attn.to_q, rows), (attn.to_k, seen), (attn.to_v, seen))
        )
        row = self._steer(q, k, v, crossing=crossing)
        if row is None:
            return result
        projected = attn.to_out[0](row.transpose(1, 2).flatten(2)) / attn.rescale_output_factor
        return torch.cat([result[:-2], projected, result[-1:]])


def _heads(attention: Any, projected: Tensor) -> Tensor:
    """(B, N, heads * d) -> (B, heads, N, d)."""
    batch, places, _ = projected.shape
    return projected.view(batch, places, attention.heads, -1).transpose(1, 2)
