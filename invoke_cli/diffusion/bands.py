"""An autoencoder run in bands of rows: of a large picture only a few rows at a time are worked on.

Tiles that are decoded apart and blended give another picture, for each would be normed by its own mean and
variance. Here each layer goes over the whole picture before the next begins, band by band with the rows
around it, and norms take the whole picture's statistics; so only the order of sums differs from the call of
the network, and no seam can be. What a layer reads and what it writes are whole, and all else is a band.

Rombach et al. 2022 (arXiv 2112.10752) is the network; the names are those of diffusers' AutoencoderKL.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from invoke_cli.diffusion.kernels import Kernels, Plain
from invoke_cli.diffusion.recent import MEGABYTE
from invoke_cli.diffusion.walk import heads

BAND = 8 * MEGABYTE
"""Bytes of the widest tensor of a band."""
WHOLE = 64 * MEGABYTE
"""A picture whose widest layer has fewer bytes is coded at once, as without bands."""

ONE_PASS = ("cpu", "cuda")
"""Devices whose norm of batches takes statistics in float32 whatever it norms."""
SMALLEST = 1e-12
"""Variance that is added so that nothing is divided by none."""

Change = Callable[[Tensor], Tensor]


class Bands:
    """The two halves of an autoencoder in bands. See `vae_parts.knows` for which ones can be.

    kernels: for convolutions and attention. axes: along which the picture tiles. band: see `BAND`.
    device: where layers work. store: where what they read and write waits, if not there.
    """

    def __init__(
        self,
        kernels: Kernels,
        device: torch.device,
        axes: Collection[str] = (),
        *,
        band: int = BAND,
        store: torch.device | None = None,
    ) -> None:
        self._kernels = kernels
        self._device = device
        self._across = tuple(axis for axis in axes if axis == "x")
        self._wraps = "y" in axes
        self._band = band
        self._store = device if store is None else store

    def decode(self, vae: Any, latents: Tensor) -> Tensor:
        """Latents (B, C, h, w), scaled as the network takes them, as pixels (B, 3, H, W)."""
        return _each(partial(self._decoded, vae), latents)

    def encode(self, vae: Any, pixels: Tensor) -> Tensor:
        """The posterior's mean, (B, C, h, w), of pixels (B, 3, H, W)."""
        return _each(partial(self._encoded, vae), pixels)

    def _decoded(self, vae: Any, latents: Tensor) -> Tensor:
        decoder = vae.decoder
        x = latents if vae.post_quant_conv is None else self._conv(vae.post_quant_conv, latents)
        x = self._middle(decoder.mid_block, self._conv(decoder.conv_in, x))
        for block in decoder.up_blocks:
            for resnet in block.resnets:
                x = self._resnet(resnet, x)
            if block.upsamplers is not None:
                x = self._larger(block.upsamplers[0].conv, x)
        return self._out(decoder, x)

    def _encoded(self, vae: Any, pixels: Tensor) -> Tensor:
        encoder = vae.encoder
        x = self._conv(encoder.conv_in, pixels)
        for block in encoder.down_blocks:
            for resnet in block.resnets:
                x = self._resnet(resnet, x)
            if block.downsamplers is not None:
                x = self._smaller(block.downsamplers[0].conv, x)
        x = self._out(encoder, self._middle(encoder.mid_block, x))
        x = x if vae.quant_conv is None else self._conv(vae.quant_conv, x)
        return x.chunk(2, dim=1)[0]

    def _middle(self, block: Any, x: Tensor) -> Tensor:
        x = self._resnet(block.resnets[0], x)
        for attention, resnet in zip(block.attentions, block.resnets[1:], strict=True):
            x = self._resnet(resnet, x if attention is None else self._attention(attention, x))
        return x

    def _out(self, half: Any, x: Tensor) -> Tensor:
        norm = self._normed(half.conv_norm_out, x)
        made = self._conv(half.conv_out, x, lambda rows: functional.silu(norm(rows), inplace=True))
        return made.to(self._device)

    def _resnet(self, resnet: Any, x: Tensor) -> Tensor:
        """The block's result, which takes the place of what it reads where it has as many channels."""
        norm = self._normed(resnet.norm1, x)
        h = self._conv(resnet.conv1, x, lambda rows: functional.silu(norm(rows), inplace=True))
        after = self._normed(resnet.norm2, h)
        shortcut = resnet.conv_shortcut

        def added(rows: Tensor, start: int, stop: int) -> Tensor:
            kept = x[:, :, start:stop].to(rows.device)
            return rows.add_(kept if shortcut is None else self._kernels.conv(shortcut, kept))

        into = x if shortcut is None else h
        return self._conv(
            resnet.conv2, h, lambda rows: functional.silu(after(rows), inplace=True), added, into
        )

    def _conv(
        self,
        module: Any,
        x: Tensor,
        change: Change = lambda rows: rows,
        added: Callable[[Tensor, int, int], Tensor] = lambda rows, _start, _stop: rows,
        into: Tensor | None = None,
    ) -> Tensor:
        """A convolution of stride 1. change: of the rows before it, but not of those beyond an edge.

        added: of its result, which is rows start..stop. into: where that goes, perhaps x itself.
        """
        height, (reach, _) = x.shape[2], module.padding
        first = x[:, :, :reach].clone() if self._wraps else x  # the last band wraps around to it

        def band(start: int, stop: int) -> Tensor:
            rows = self._padded(x, start - reach, stop + reach, first, change)
            y = self._kernels.conv(module, rows, self._across)
            return added(y[:, :, reach : y.shape[2] - reach], start, stop)

        size = self._height(height, max(module.in_channels, module.out_channels), x)
        return self._written(self._room(x, module, 1) if into is None else into, size, band)

    def _larger(self, module: Any, x: Tensor) -> Tensor:
        """Twice as large, and convolved."""

        def band(start: int, stop: int) -> Tensor:
            small = self._padded(x, start // 2 - 1, stop // 2 + 1, x[:, :, :1], lambda rows: rows)
            rows = functional.interpolate(small, scale_factor=2.0, mode="nearest")[:, :, 1:-1]
            return self._kernels.conv(module, rows, self._across)[:, :, 1:-1]

        # in rows of x, each of which becomes two of twice the width
        size = self._height(x.shape[2], 4 * max(module.in_channels, module.out_channels), x)
        return self._written(self._room(x, module, 2), 2 * size, band)

    def _smaller(self, module: Any, x: Tensor) -> Tensor:
        """Half as large: convolved with a row and a column more at the far edges."""

        def band(start: int, stop: int) -> Tensor:
            rows = self._padded(x, 2 * start, 2 * stop + 1, x[:, :, :1], lambda rows: rows)
            beyond = rows[..., :1] if self._across else torch.zeros_like(rows[..., :1])
            return self._kernels.conv(module, torch.cat([rows, beyond], dim=3))

        size = self._height(x.shape[2] // 2, 2 * module.in_channels, x)
        return self._written(self._room(x, module, 0.5), size, band)

    @staticmethod
    def _written(into: Tensor, size: int, band: Callable[[int, int], Tensor]) -> Tensor:
        """All bands of this height, each written after the next one is made, which may read its last rows."""
        height, waiting = into.shape[2], slice(0, 0)
        rows = into[:, :, waiting]
        for start in range(0, height, size):
            stop = min(start + size, height)
            made = band(start, stop)
            into[:, :, waiting] = rows
            waiting, rows = slice(start, stop), made
        into[:, :, waiting] = rows
        return into

    def _padded(self, x: Tensor, start: int, stop: int, first: Tensor, change: Change) -> Tensor:
        """Rows start..stop of x, changed; those beyond its edges are zeros, or the far side's."""
        height = x.shape[2]
        inside = x[:, :, max(start, 0) : min(stop, height)]
        above, below = max(0, -start), max(0, stop - height)
        if not self._wraps:
            return functional.pad(change(inside.to(self._device)), (0, 0, above, below))
        parts = [x[:, :, height - above :]] if above else []
        parts += [inside, *([first[:, :, :below]] if below else [])]
        return change(torch.cat(parts, dim=2).to(self._device))

    def _attention(self, attention: Any, x: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        rows = self._normed(attention.group_norm, x)(x.to(self._device))
        rows = rows.permute(0, 2, 3, 1).reshape(batch, height * width, channels)
        plain = Plain()  # a called network, too, has plain weights in its linear layers
        q, k, v = (
            heads(plain, attention, layer, rows) for layer in (attention.to_q, attention.to_k, attention.to_v)
        )
        found = plain.linear(attention.to_out[0], self._kernels.attend(q, k, v).flatten(2))
        found = found.reshape(batch, height, width, channels).permute(0, 3, 1, 2)
        return x.copy_(found + x.to(self._device))

    def _normed(self, norm: Any, x: Tensor) -> Change:
        """The norm as a function of some of x's rows, with the statistics of all of them."""
        width = x.shape[1] // norm.num_groups
        mean, variance = (each.repeat_interleave(width) for each in self._statistics(x, norm.num_groups))
        weight, bias = norm.weight.float(), norm.bias.float()
        if self._device.type in ONE_PASS:
            # that of batches does just this in one pass, in float32 whatever goes in and comes out
            return lambda rows: functional.batch_norm(rows, mean, variance, weight, bias, eps=norm.eps)
        scale = (variance + norm.eps).rsqrt() * weight
        shift = bias - mean * scale

        def change(rows: Tensor) -> Tensor:
            scaled = torch.addcmul(shift[:, None, None], rows.float(), scale[:, None, None])
            return scaled.to(rows.dtype)

        return change

    def _statistics(self, x: Tensor, groups: int) -> tuple[Tensor, Tensor]:
        """The mean and variance of each group of channels, (groups,) float32, from those of the bands."""
        channels, width = x.shape[1], x.shape[3]
        size, found, counts = self._height(x.shape[2], channels, x), [], []
        one, zero = (torch.full((channels,), value, device=self._device) for value in (1.0, 0.0))
        for start in range(0, x.shape[2], size):
            rows = x[:, :, start : start + size].to(self._device)
            rows = rows.contiguous(memory_format=torch.channels_last)  # as all layers' results are
            # on a CPU its statistics are float32 as the weights are; elsewhere as the rows are
            rows = rows if self._device.type == "cpu" else rows.float()
            places = rows.shape[2] * width
            _, mean, spread = torch.native_group_norm(rows, one, zero, 1, channels, places, groups, SMALLEST)
            found.append((mean[0], spread[0] ** -2 - SMALLEST))
            counts.append(rows.shape[2])
        shares = torch.tensor(counts, dtype=torch.float32, device=self._device)[:, None] / x.shape[2]
        means, variances = (torch.stack(each) for each in zip(*found, strict=True))
        mean = (means * shares).sum(0)
        return mean, ((variances + (means - mean) ** 2) * shares).sum(0)

    def _height(self, height: int, channels: int, x: Tensor) -> int:
        """Of a band: a divisor of all rows, where there is one not too small, for kernels suit one shape."""
        row = channels * x.shape[3] * x.element_size()
        most = min(height, max(1, self._band // row))
        fitting = next(size for size in range(most, 0, -1) if height % size == 0)
        return fitting if 2 * fitting >= most else most

    def _room(self, x: Tensor, module: Any, factor: float) -> Tensor:
        """For the result of a layer on x, so many times as large."""
        height, width = (int(side * factor) for side in x.shape[2:])
        return torch.empty(
            (1, module.out_channels, height, width),
            dtype=x.dtype,
            device=self._store,
            memory_format=torch.channels_last,
        )


def _each(run: Change, rows: Tensor) -> Tensor:
    """Each row on its own."""
    made = [run(rows[index : index + 1]) for index in range(len(rows))]
    return made[0] if len(made) == 1 else torch.cat(made)
