"""The autoencoder of Stable Diffusion: pictures to latents and back. Called AutoencoderKL in diffusers.

Rombach et al. 2022 (arXiv 2112.10752), section 3.1. Kinds: with and without attention in the middle, with and
without the 1x1 convolutions around the latents.

Where faster kernels go in. The tree is diffusers', and each heavy operation is a module's own call or method
that can be put in another's place on the module, one for one, as `diffusion.kernels.hasten` does:

- convolutions are `nn.Conv2d`: `module.forward = partial(kernels.conv, module)`;
- the linear layers are in `encoder.mid_block.attentions` and `decoder.mid_block.attentions`, one each or
  none: `to_q`, `to_k`, `to_v`, `to_out[0]`, with `kernels.linear`;
- attention itself: `attention.attend = kernels.attend`, of one head as wide as the channels;
- group norms are `nn.GroupNorm`, each but that of the attention followed at once by SiLU in
  `ResnetBlock2D.forward` and in `_out`; one function for both would go there.

Or the whole decoder is walked through as the UNet is: `decoder.conv_in`, `mid_block.resnets` (two) and
`.attentions`, then of each of `up_blocks` its `resnets` and `upsamplers` (one or None), then `conv_norm_out`
and `conv_out`. The memory format is nowhere forced: a decoder given channels_last stays so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from invoke_cli.networks.base import Config, Fields, Network, whole_numbers
from invoke_cli.networks.layers import Attention, Downsample2D, ResnetBlock2D, Upsample2D

EPS = 1e-6
DOWN, UP = "DownEncoderBlock2D", "UpDecoderBlock2D"


def _fits(config: Config) -> bool:
    widths = config.block_out_channels
    return (
        isinstance(widths, list | tuple)
        and list(config.down_block_types) == [DOWN] * len(widths)
        and list(config.up_block_types) == [UP] * len(widths)
        and whole_numbers(widths, *(config[name] for name in COUNTS))
        and all(isinstance(config[name], bool) for name in SWITCHES)
    )


COUNTS = ("in_channels", "out_channels", "layers_per_block", "latent_channels", "norm_num_groups")
SWITCHES = ("use_quant_conv", "use_post_quant_conv", "mid_block_add_attention")
FIELDS = Fields(
    free={
        "in_channels": 3,
        "out_channels": 3,
        "down_block_types": (DOWN,),
        "up_block_types": (UP,),
        "block_out_channels": (64,),
        "layers_per_block": 1,
        "latent_channels": 4,
        "norm_num_groups": 32,
        "sample_size": 32,
        "scaling_factor": 0.18215,
        "shift_factor": None,
        "latents_mean": None,
        "latents_std": None,
        "force_upcast": True,
        "use_quant_conv": True,
        "use_post_quant_conv": True,
        "mid_block_add_attention": True,
    },
    fixed={"act_fn": "silu"},
    fits=_fits,
)


class Gaussian:
    """What is known of latents: a mean and a spread for each number, (B, C, h, w)."""

    def __init__(self, parameters: Tensor) -> None:
        self.mean, logvar = parameters.chunk(2, dim=1)
        self.logvar = logvar.clamp(-30.0, 20.0)
        self.std = torch.exp(0.5 * self.logvar)

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Latents drawn at random."""
        device = self.mean.device if generator is None else generator.device
        noise = torch.randn(self.mean.shape, generator=generator, device=device, dtype=self.mean.dtype)
        return self.mean + self.std * noise.to(self.mean.device)

    def mode(self) -> Tensor:
        """The likeliest latents."""
        return self.mean


@dataclass(frozen=True, eq=False)
class Encoded:
    """What `AutoencoderKL.encode` returns."""

    latent_dist: Gaussian


@dataclass(frozen=True, eq=False)
class Decoded:
    """What `AutoencoderKL.decode` returns: pictures, (B, 3, H, W) in about -1..1."""

    sample: Tensor


class _Block(nn.Module):
    """Residual blocks one after the other, then perhaps a change of size."""

    def __init__(self, given: int, made: int, layers: int, groups: int) -> None:
        super().__init__()
        self.resnets = nn.ModuleList(
            ResnetBlock2D(made if index else given, made, groups, EPS) for index in range(layers)
        )
        self.downsamplers: nn.ModuleList | None = None
        self.upsamplers: nn.ModuleList | None = None

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H', W')."""
        for resnet in self.resnets:
            x = resnet(x)
        for scaler in (*(self.downsamplers or ()), *(self.upsamplers or ())):
            x = scaler(x)
        return x


class DownEncoderBlock2D(_Block):
    """A block of the encoder."""

    def __init__(self, given: int, made: int, layers: int, groups: int, *, halves: bool) -> None:
        super().__init__(given, made, layers, groups)
        self.downsamplers = nn.ModuleList([Downsample2D(made, padding=0)]) if halves else None


class UpDecoderBlock2D(_Block):
    """A block of the decoder."""

    def __init__(self, given: int, made: int, layers: int, groups: int, *, doubles: bool) -> None:
        super().__init__(given, made, layers, groups)
        self.upsamplers = nn.ModuleList([Upsample2D(made)]) if doubles else None


class UNetMidBlock2D(nn.Module):
    """Two residual blocks with attention between them, or with nothing."""

    def __init__(self, channels: int, groups: int, *, attends: bool) -> None:
        super().__init__()
        attention = Attention(channels, 1, channels, groups=groups) if attends else None
        self.attentions = nn.ModuleList([attention])  # type: ignore[list-item]
        self.resnets = nn.ModuleList(ResnetBlock2D(channels, channels, groups, EPS) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w), which it keeps."""
        x = self.resnets[0](x)
        if self.attentions[0] is not None:
            x = self.attentions[0](x)
        return self.resnets[1](x)  # type: ignore[no-any-return]


class _Half(nn.Module):
    """What encoder and decoder share: their first convolution, their middle and their last layers."""

    def __init__(self, config: Config, given: int, widths: Sequence[int], made: int) -> None:
        super().__init__()
        groups, deepest = config.norm_num_groups, config.block_out_channels[-1]
        self.conv_in = nn.Conv2d(given, widths[0], 3, padding=1)
        self.mid_block = UNetMidBlock2D(deepest, groups, attends=config.mid_block_add_attention)
        self.conv_norm_out = nn.GroupNorm(groups, widths[-1], EPS)
        self.conv_out = nn.Conv2d(widths[-1], made, 3, padding=1)

    def _out(self, x: Tensor) -> Tensor:
        return self.conv_out(functional.silu(self.conv_norm_out(x), inplace=True))  # type: ignore[no-any-return]


class Encoder(_Half):
    """Pictures to the parameters of their latents."""

    def __init__(self, config: Config) -> None:
        widths = config.block_out_channels
        super().__init__(config, config.in_channels, widths, 2 * config.latent_channels)
        self.down_blocks = nn.ModuleList(
            DownEncoderBlock2D(
                given, made, config.layers_per_block, config.norm_num_groups, halves=at < len(widths)
            )
            for at, (given, made) in enumerate(pairwise((widths[0], *widths)), 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, 2 C, h, w)."""
        x = self.conv_in(x)
        for block in self.down_blocks:
            x = block(x)
        return self._out(self.mid_block(x))


class Decoder(_Half):
    """Latents to pictures."""

    def __init__(self, config: Config) -> None:
        widths = config.block_out_channels[::-1]
        super().__init__(config, config.latent_channels, widths, config.out_channels)
        self.up_blocks = nn.ModuleList(
            UpDecoderBlock2D(
                given, made, config.layers_per_block + 1, config.norm_num_groups, doubles=at < len(widths)
            )
            for at, (given, made) in enumerate(pairwise((widths[0], *widths)), 1)
        )

    def forward(self, z: Tensor) -> Tensor:
        """(B, C, h, w) to (B, 3, H, W)."""
        z = self.mid_block(self.conv_in(z))
        for block in self.up_blocks:
            z = block(z)
        return self._out(z)


class AutoencoderKL(Network):
    """The encoder and the decoder, with what stands between them and the latents."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.encoder, self.decoder = Encoder(config), Decoder(config)
        latent = config.latent_channels
        self.quant_conv = nn.Conv2d(2 * latent, 2 * latent, 1) if config.use_quant_conv else None
        self.post_quant_conv = nn.Conv2d(latent, latent, 1) if config.use_post_quant_conv else None

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> AutoencoderKL | None:
        """The autoencoder that a config.json describes; None for one that is not of the kinds known here."""
        plain = FIELDS.read(config)
        return None if plain is None else cls(plain)

    def encode(self, x: Tensor) -> Encoded:
        """x: (B, 3, H, W) in -1..1, in the network's dtype."""
        found = self.encoder(x)
        return Encoded(Gaussian(found if self.quant_conv is None else self.quant_conv(found)))

    def decode(self, z: Tensor) -> Decoded:
        """z: (B, C, h, w), not scaled, in the network's dtype."""
        return Decoded(self.decoder(z if self.post_quant_conv is None else self.post_quant_conv(z)))
