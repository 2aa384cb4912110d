"""The blocks of a UNet: residual ones and transformers, on the way down to smaller pictures and up again."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from invoke_cli.networks.base import Config
from invoke_cli.networks.layers import Downsample2D, ResnetBlock2D, Upsample2D
from invoke_cli.networks.transformer import Transformer2DModel
from invoke_cli.networks.unet_config import CROSS_DOWN, CROSS_UP, Level, embedding_width, levels


class _Block(nn.Module):
    """Residual blocks, and transformers behind the first of them where the block has such."""

    attentions: nn.ModuleList

    def __init__(self, given: Sequence[int], crossings: int, level: Level, config: Config) -> None:
        """given: the channels that each residual block takes. crossings: how many transformers there are."""
        super().__init__()
        groups, linear = config.norm_num_groups, config.use_linear_projection
        if crossings:
            self.attentions = nn.ModuleList(
                Transformer2DModel(level.width, level.heads, level.depth, level.words, groups, linear=linear)
                for _ in range(crossings)
            )
        self.resnets = nn.ModuleList(
            ResnetBlock2D(one, level.width, groups, config.norm_eps, embedding_width(config)) for one in given
        )
        self.crossings = crossings

    def layer(self, index: int, x: Tensor, told: Tensor, words: Tensor) -> Tensor:
        """x: (B, C, H, W). told: (B, E). words: (B, L, D)."""
        x = self.resnets[index](x, told)
        return self.attentions[index](x, words) if index < self.crossings else x


class DownBlock2D(_Block):
    """A block on the way down."""

    def __init__(self, before: int, level: Level, config: Config, *, crosses: bool, halves: bool) -> None:
        given = (before, *[level.width] * (level.layers - 1))
        super().__init__(given, level.layers if crosses else 0, level, config)
        self.downsamplers = nn.ModuleList([Downsample2D(level.width, padding=1)]) if halves else None

    def forward(self, x: Tensor, told: Tensor, words: Tensor, skips: list[Tensor]) -> Tensor:
        """As `layer`; each result on the way is put to the skips."""
        for index in range(len(self.resnets)):
            x = self.layer(index, x, told, words)
            skips.append(x)
        if self.downsamplers is not None:
            x = self.downsamplers[0](x)
            skips.append(x)
        return x


class CrossAttnDownBlock2D(DownBlock2D):
    """One with transformers."""


class UNetMidBlock2DCrossAttn(_Block):
    """The deepest block."""

    def __init__(self, level: Level, config: Config) -> None:
        super().__init__((level.width, level.width), 1, level, config)

    def forward(self, x: Tensor, told: Tensor, words: Tensor) -> Tensor:
        """As `layer`."""
        return self.layer(1, self.layer(0, x, told, words), told, words)


class UpBlock2D(_Block):
    """A block on the way up. before, skipped: the channels of what comes from below, and of the last skip."""

    def __init__(
        self, before: int, skipped: int, level: Level, config: Config, *, crosses: bool, doubles: bool
    ) -> None:
        inner = level.layers - 1
        given = (before + level.width, *[2 * level.width] * inner, level.width + skipped)
        super().__init__(given, len(given) if crosses else 0, level, config)
        self.upsamplers = nn.ModuleList([Upsample2D(level.width)]) if doubles else None

    def forward(self, x: Tensor, told: Tensor, words: Tensor, skips: list[Tensor]) -> Tensor:
        """As `layer`; skips are taken from the end."""
        for index in range(len(self.resnets)):
            x = self.layer(index, torch.cat([x, skips.pop()], dim=1), told, words)
        return x if self.upsamplers is None else self.upsamplers[0](x, skips[-1].shape[-2:])


class CrossAttnUpBlock2D(UpBlock2D):
    """One with transformers."""


def down_blocks(config: Config) -> nn.ModuleList:
    """From the largest size of picture to the smallest."""
    every = levels(config)
    befores = (config.block_out_channels[0], *config.block_out_channels)
    blocks = nn.ModuleList()
    for index, (kind, before, level) in enumerate(zip(config.down_block_types, befores, every, strict=False)):
        crosses = kind == CROSS_DOWN
        made = CrossAttnDownBlock2D if crosses else DownBlock2D
        blocks.append(made(before, level, config, crosses=crosses, halves=index < len(every) - 1))
    return blocks


def up_blocks(config: Config) -> nn.ModuleList:
    """From the smallest size of picture to the largest."""
    every = levels(config)[::-1]
    widths = [level.width for level in every]
    around = zip((widths[0], *widths), (*widths[1:], widths[-1]), strict=False)
    blocks = nn.ModuleList()
    for index, (kind, level, (before, skipped)) in enumerate(
        zip(config.up_block_types, every, around, strict=False)
    ):
        crosses = kind == CROSS_UP
        made = CrossAttnUpBlock2D if crosses else UpBlock2D
        doubles = index < len(every) - 1
        blocks.append(made(before, skipped, level, config, crosses=crosses, doubles=doubles))
    return blocks
