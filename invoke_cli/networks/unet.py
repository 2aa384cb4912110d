"""The UNet of Stable Diffusion 1.x, 2.x and XL. Called UNet2DConditionModel in diffusers.

Rombach et al. 2022 (arXiv 2112.10752) and Podell et al. 2023 (arXiv 2307.01952). Kinds: of 4 channels and of
more, as for inpainting; told sizes and a pooled text (XL and its refiner); told the guidance scale (latent
consistency). Drawing goes through `diffusion.walk`, which does the same in an order that saves work; a call
computes as diffusers' own does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from invoke_cli.networks.base import Config, Network
from invoke_cli.networks.unet_blocks import UNetMidBlock2DCrossAttn, down_blocks, up_blocks
from invoke_cli.networks.unet_config import FIELDS, embedding_width, levels

LONGEST = 10000
"""The longest wave of a timestep's embedding."""


@dataclass(frozen=True, eq=False)
class Predicted:
    """What a UNet returns: its prediction, (B, C, h, w)."""

    sample: Tensor


class Timesteps(nn.Module):
    """Numbers as waves of many lengths: Ho et al. 2020 (arXiv 2006.11239)."""

    def __init__(self, channels: int, config: Config) -> None:
        super().__init__()
        self.num_channels = channels
        self.flip_sin_to_cos = config.flip_sin_to_cos
        self.downscale_freq_shift = config.freq_shift

    def forward(self, numbers: Tensor) -> Tensor:
        """(N,) to (N, C) float32."""
        half = self.num_channels // 2
        falling = -math.log(LONGEST) * torch.arange(half, dtype=torch.float32, device=numbers.device)
        lengths = torch.exp(falling / (half - self.downscale_freq_shift))
        waves = numbers[:, None].float() * lengths[None]
        pair = (waves.cos(), waves.sin()) if self.flip_sin_to_cos else (waves.sin(), waves.cos())
        return functional.pad(torch.cat(pair, dim=-1), (0, self.num_channels % 2))


class TimestepEmbedding(nn.Module):
    """Waves to what residual blocks take. told: how wide an embedded guidance scale is, if there is one."""

    def __init__(self, waves: int, width: int, told: int | None = None) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(waves, width)
        self.cond_proj = None if told is None else nn.Linear(told, waves, bias=False)
        self.linear_2 = nn.Linear(width, width)

    def forward(self, waves: Tensor, told: Tensor | None = None) -> Tensor:
        """(B, C) and perhaps (B, told) to (B, E)."""
        if self.cond_proj is not None and told is not None:
            waves = waves + self.cond_proj(told)
        return self.linear_2(functional.silu(self.linear_1(waves)))  # type: ignore[no-any-return]


class UNet2DConditionModel(Network):
    """What is noise in noisy latents, told the timestep and a text."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        first, wide = config.block_out_channels[0], embedding_width(config)
        self.conv_in = nn.Conv2d(config.in_channels, first, 3, padding=1)
        self.time_proj = Timesteps(first, config)
        self.time_embedding = TimestepEmbedding(first, wide, config.time_cond_proj_dim)
        if config.addition_embed_type == "text_time":
            self.add_time_proj = Timesteps(config.addition_time_embed_dim, config)
            self.add_embedding = TimestepEmbedding(config.projection_class_embeddings_input_dim, wide)
        self.down_blocks, self.up_blocks = down_blocks(config), up_blocks(config)
        self.mid_block = UNetMidBlock2DCrossAttn(levels(config)[-1], config)
        self.conv_norm_out = nn.GroupNorm(config.norm_num_groups, first, config.norm_eps)
        self.conv_out = nn.Conv2d(first, config.out_channels, 3, padding=1)

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> UNet2DConditionModel | None:
        """The UNet that a config.json describes; None for one that is not of the kinds known here."""
        plain = FIELDS.read(config)
        return None if plain is None else cls(plain)

    def forward(
        self,
        sample: Tensor,
        timestep: Tensor,
        encoder_hidden_states: Tensor,
        timestep_cond: Tensor | None = None,
        added_cond_kwargs: Mapping[str, Tensor] | None = None,
    ) -> Predicted:
        """The prediction, (B, C, h, w).

        sample: (B, C', h, w). timestep: (1,) or (B,). encoder_hidden_states: the text, (B, L, D).
        timestep_cond: an embedded guidance scale. added_cond_kwargs: what XL is told besides, "text_embeds",
        (B, P), and "time_ids", (B, 5 or 6).
        """
        words = encoder_hidden_states
        told = self._told(len(sample), timestep, sample.dtype, timestep_cond, added_cond_kwargs)
        x = self.conv_in(sample)
        skips = [x]
        for block in self.down_blocks:
            x = block(x, told, words, skips)
        x = self.mid_block(x, told, words)
        for block in self.up_blocks:
            x = block(x, told, words, skips)
        return Predicted(self.conv_out(functional.silu(self.conv_norm_out(x))))

    def _told(
        self,
        rows: int,
        timestep: Tensor,
        dtype: torch.dtype,
        scale: Tensor | None,
        added: Mapping[str, Tensor] | None,
    ) -> Tensor:
        """(B, E), the timestep with what some networks add to it."""
        told: Tensor = self.time_embedding(self.time_proj(timestep.expand(rows)).to(dtype), scale)
        if self.config.addition_embed_type is None:
            return told
        if added is None:
            raise ValueError("this network has to be told a pooled text and sizes")
        texts, sizes = added["text_embeds"], self.add_time_proj(added["time_ids"].flatten())
        facts = torch.cat([texts, sizes.reshape(len(texts), -1)], dim=-1)
        return told + self.add_embedding(facts.to(told.dtype))  # type: ignore[no-any-return]
