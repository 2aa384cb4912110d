"""A walk through a UNet that does once what its own call does at every step, and once what it does twice.

What depends on the timestep alone and what depends on the prompt alone is prepared and can be kept; what
both halves of guidance have in common, which is all before the first cross-attention, is computed once.
The weights and the arithmetic are those of the network; only the order of sums differs.

Rombach et al. 2022 (arXiv 2112.10752) is the network; the names are those of `networks` and of diffusers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from invoke_cli.diffusion.host import onto
from invoke_cli.diffusion.kernels import Axes, Kernels
from invoke_cli.diffusion.parts import resnets, transformer_blocks
from invoke_cli.diffusion.trees import Tree

KeysAndValues = tuple[Tensor, Tensor]
"""Of one attention: each (B, heads, L, d)."""


class Steer(Protocol):
    """Something that changes what the places of a batch's last row but one look at."""

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, /, *, crossing: bool) -> Tensor | None:
        """What is taken for that row's result of an attention, (1, heads, N, d); None leaves it alone.

        q, k, v: (B, heads, ..., d). crossing: whether places look at words, not at one another.
        """


@dataclass(frozen=True, eq=False)
class Times(Tree):
    """A timestep as the residual blocks take it, in the order of the walk, each (1 or B, C).

    biases: with the bias of each block's first convolution; None where rows differ, and `shifts` are added.
    """

    shifts: Sequence[Tensor]
    biases: Sequence[Tensor] | None


@dataclass(frozen=True, eq=False)
class Texts(Tree):
    """Embeddings, (B, L, D), as the cross-attentions take them, in the order of the walk.

    told: what some networks add to the timestep, (B, E), or None.
    """

    embeddings: Tensor
    pairs: Sequence[KeysAndValues]
    told: Tensor | None


class Walk:
    """A UNet ready to be walked through. See `parts.knows` for which ones can be."""

    def __init__(self, unet: Any, kernels: Kernels, axes: Axes = (), steer: Steer | None = None) -> None:
        self._unet = unet
        self._kernels = kernels
        self._axes = tuple(axes)
        self._steer = steer
        self._resnets = tuple(resnets(unet))
        self._crossings = tuple(block.attn2 for block in transformer_blocks(unet))

    def texts(self, embeddings: Tensor, added: Mapping[str, Tensor]) -> Texts:
        """The prompt's part. embeddings: (B, L, D) in the network's dtype; added: see `Conditioning`."""
        kernels = self._kernels
        pairs = [
            (heads(kernels, each, each.to_k, embeddings), heads(kernels, each, each.to_v, embeddings))
            for each in self._crossings
        ]
        return Texts(embeddings, pairs, self._told(added) if added else None)

    def _told(self, added: Mapping[str, Tensor]) -> Tensor:
        """SDXL's pooled texts and sizes, embedded: (B, E)."""
        times = added["time_ids"]
        sizes = self._unet.add_time_proj(times.flatten()).reshape(len(times), -1)
        texts = added["text_embeds"]
        told: Tensor = self._unet.add_embedding(torch.cat([texts, sizes.to(texts.dtype)], dim=-1))
        return told

    def times(self, timestep: float, dtype: torch.dtype, told: Tensor | None, scale: Tensor | None) -> Times:
        """The timestep's part. told: see `Texts`. scale: an embedded guidance scale, (1, D), or None."""
        device = self._unet.conv_in.bias.device
        waves = onto(device, self._unet.time_proj(torch.tensor([timestep], dtype=torch.float32)).to(dtype))
        embedded = self._unet.time_embedding(waves, scale)
        embedded = functional.silu(embedded if told is None else embedded + told)
        shifts = [self._kernels.linear(each.time_emb_proj, embedded) for each in self._resnets]
        if len(embedded) > 1:
            return Times(shifts, None)
        pairs = zip(self._resnets, shifts, strict=True)
        return Times(shifts, [each.conv1.bias + shift[0] for each, shift in pairs])

    def __call__(self, z: Tensor, times: Times, texts: Texts) -> Tensor:
        """The prediction, (B, C, h, w), for as many rows as `texts` has, of which z has all or a divisor."""
        return self.with_features(z, times, texts)[0]

    def with_features(
        self, z: Tensor, times: Times, texts: Texts, deep: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """The prediction, and the features that the last block starts from, to be given back as `deep`.

        deep: such features of another timestep, which stand in for all that lies below the first block.
        Ma et al. 2023 (arXiv 2312.00858), DeepCache: an approximation, for they change little in a step.
        """
        once = _Pass(self._unet, self._kernels, self._axes, times, texts, self._steer)
        return once.run(z.contiguous(memory_format=torch.channels_last), deep)


class _Pass:
    """One walk from the noisy latents to the prediction."""

    def __init__(
        self, unet: Any, kernels: Kernels, axes: Axes, times: Times, texts: Texts, steer: Steer | None
    ) -> None:
        self._unet = unet
        self._steer = steer
        self._kernels = kernels
        self._axes = axes
        self._rows = len(texts.embeddings)
        self._shifts = iter(times.shifts)
        self._biases = None if times.biases is None else iter(times.biases)
        self._pairs = iter(texts.pairs)

    def run(self, z: Tensor, deep: Tensor | None) -> tuple[Tensor, Tensor]:
        """See Walk. Where timesteps differ between rows, the rows differ from the first block on."""
        z = z if self._biases is not None else self._widened(z)
        *inner, last = self._unet.up_blocks
        if deep is None:
            deep, skips = self._down(z)
            for block in inner:
                deep = self._up(block, deep, skips)
        else:
            skips = [self._conv(self._unet.conv_in, z)]
            self._along(self._unet.down_blocks[0], skips[-1], skips)
            self._pass_over((*self._unet.down_blocks[1:], self._unet.mid_block, *inner))
        return self._out(self._up(last, deep, skips)), deep

    def _pass_over(self, blocks: Sequence[Any]) -> None:
        """Leave out what was prepared for these blocks."""
        residual = sum(len(block.resnets) for block in blocks)
        attentions = [each for block in blocks for each in getattr(block, "attentions", None) or ()]
        crossing = sum(len(each.transformer_blocks) for each in attentions)
        prepared = self._shifts if self._biases is None else self._biases
        for iterator, count in ((prepared, residual), (self._pairs, crossing)):
            for _ in range(count):
                next(iterator)

    def _widened(self, x: Tensor) -> Tensor:
        """X for each side of guidance."""
        return x if len(x) == self._rows else x.repeat(self._rows // len(x), 1, 1, 1)

    def _down(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        unet = self._unet
        x = self._conv(unet.conv_in, x)
        skips = [x]
        for block in unet.down_blocks:
            x = self._along(block, x, skips)
            if block.downsamplers is not None:
                x = self._conv(block.downsamplers[0].conv, x)
                skips.append(x)
        middle = unet.mid_block
        x = self._resnet(middle.resnets[0], x)
        for index, resnet in enumerate(middle.resnets[1:]):
            x = self._resnet(resnet, self._attended(middle, index, x))
        return x, skips

    def _along(self, block: Any, x: Tensor, skips: list[Tensor]) -> Tensor:
        """X through a block on the way down, but for its halving; each of its results becomes a skip."""
        for index, resnet in enumerate(block.resnets):
            x = self._attended(block, index, self._resnet(resnet, x))
            skips.append(x)
        return x

    def _up(self, block: Any, x: Tensor, skips: list[Tensor]) -> Tensor:
        for index, resnet in enumerate(block.resnets):
            x = torch.cat([x, self._widened(skips.pop())], dim=1)
            x = self._attended(block, index, self._resnet(resnet, x))
        if block.upsamplers is None:
            return x
        larger = functional.interpolate(x, size=skips[-1].shape[-2:], mode="nearest")
        return self._conv(block.upsamplers[0].conv, larger)

    def _out(self, x: Tensor) -> Tensor:
        x = functional.silu(self._unet.conv_norm_out(x), inplace=True)
        return self._conv(self._unet.conv_out, x)

    def _conv(self, module: Any, x: Tensor, bias: Tensor | None = None) -> Tensor:
        return self._kernels.conv(module, x, self._axes, bias)

    def _resnet(self, resnet: Any, x: Tensor) -> Tensor:
        h = functional.silu(resnet.norm1(x), inplace=True)
        if self._biases is not None:
            h = self._conv(resnet.conv1, h, next(self._biases))
        else:
            h = self._conv(resnet.conv1, h).add_(next(self._shifts)[:, :, None, None])
        h = functional.silu(resnet.norm2(h), inplace=True)
        h = self._conv(resnet.conv2, h)
        return h.add_(x if resnet.conv_shortcut is None else self._conv(resnet.conv_shortcut, x))

    def _attended(self, block: Any, index: int, x: Tensor) -> Tensor:
        """X after the block's transformer of this index, where it has one."""
        transformers = getattr(block, "attentions", None)
        return x if transformers is None else self._transformer(transformers[index], x)

    def _transformer(self, transformer: Any, x: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        rows = transformer.norm(x).permute(0, 2, 3, 1).reshape(batch, height * width, channels)
        h = self._kernels.linear(transformer.proj_in, rows)
        for block in transformer.transformer_blocks:
            h = self._block(block, h)
        h = self._kernels.linear(transformer.proj_out, h)
        h = h.reshape(len(h), height, width, -1).permute(0, 3, 1, 2)
        return h + x if len(h) == len(x) else h + self._widened(x)

    def _block(self, block: Any, h: Tensor) -> Tensor:
        linear = self._kernels.linear
        normed = block.norm1(h)
        q, k, v = (
            heads(self._kernels, block.attn1, each, normed)
            for each in (block.attn1.to_q, block.attn1.to_k, block.attn1.to_v)
        )
        h = self._mixed(block.attn1, q, k, v, crossing=False).add_(h)
        q = heads(self._kernels, block.attn2, block.attn2.to_q, block.norm2(h))
        k, v = next(self._pairs)
        if len(q) != len(k):
            times = len(k) // len(q)
            q, h = q.repeat(times, 1, 1, 1), h.repeat(times, 1, 1)
        h = self._mixed(block.attn2, q, k, v, crossing=True).add_(h)
        return linear(block.ff.net[2], self._kernels.gated(block.ff.net[0].proj, block.norm3(h))).add_(h)

    def _mixed(self, attention: Any, q: Tensor, k: Tensor, v: Tensor, *, crossing: bool) -> Tensor:
        found = self._kernels.attend(q, k, v)
        row = None if self._steer is None else self._steer(q, k, v, crossing=crossing)
        if row is not None:
            found = torch.cat([found[:-2], row.transpose(1, 2), found[-1:]])
        return self._kernels.linear(attention.to_out[0], found.flatten(2))


def heads(kernels: Kernels, attention: Any, layer: Any, rows: Tensor) -> Tensor:
    """Rows, (B, L, D), through a layer of an attention, as (B, heads, L, d)."""
    projected = kernels.linear(layer, rows)
    return projected.reshape(*projected.shape[:-1], attention.heads, -1).transpose(1, 2)
