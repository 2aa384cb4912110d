"""The transformers inside a UNet, in which places of a picture look at one another and at words.

Rombach et al. 2022 (arXiv 2112.10752), appendix E.2.1. Rows are (B, N, C), N the places of a picture.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from invoke_cli.networks.layers import Attention


class GEGLU(nn.Module):
    """A linear layer whose one half gates the other: Shazeer 2020 (arXiv 2002.05202)."""

    def __init__(self, given: int, made: int) -> None:
        super().__init__()
        self.proj = nn.Linear(given, made * 2)

    def forward(self, x: Tensor) -> Tensor:
        """(B, N, C) to (B, N, C')."""
        value, gate = self.proj(x).chunk(2, dim=-1)
        gated: Tensor = value * functional.gelu(gate)
        return gated


class FeedForward(nn.Module):
    """Four times as wide, and back."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        layers = (GEGLU(channels, channels * 4), nn.Dropout(0.0), nn.Linear(channels * 4, channels))
        self.net = nn.ModuleList(layers)

    def forward(self, x: Tensor) -> Tensor:
        """(B, N, C), which it keeps."""
        return self.net[2](self.net[0](x))  # type: ignore[no-any-return]


class BasicTransformerBlock(nn.Module):
    """Attention to itself, attention to words, and a feed-forward layer. words: their width."""

    norm_type = "layer_norm"
    only_cross_attention = False

    def __init__(self, channels: int, heads: int, words: int) -> None:
        super().__init__()
        width = channels // heads
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(channels) for _ in range(3))
        self.attn1 = Attention(channels, heads, width)
        self.attn2 = Attention(channels, heads, width, words)
        self.ff = FeedForward(channels)

    def forward(self, x: Tensor, words: Tensor) -> Tensor:
        """x: (B, N, C), which it keeps. words: (B, L, D)."""
        x = self.attn1(self.norm1(x)) + x
        x = self.attn2(self.norm2(x), words) + x
        return self.ff(self.norm3(x)) + x  # type: ignore[no-any-return]


class Transformer2DModel(nn.Module):
    """Transformer blocks on the places of a picture. linear: whether what surrounds them is no convolution.

    Both are the same sums; weights of files differ in shape.
    """

    def __init__(
        self, channels: int, heads: int, depth: int, words: int, groups: int, *, linear: bool
    ) -> None:
        super().__init__()
        inner = channels // heads * heads
        self.norm = nn.GroupNorm(groups, channels, eps=1e-6)
        self.proj_in: nn.Module = nn.Linear(channels, inner) if linear else nn.Conv2d(channels, inner, 1)
        self.transformer_blocks = nn.ModuleList(
            BasicTransformerBlock(inner, heads, words) for _ in range(depth)
        )
        self.proj_out: nn.Module = nn.Linear(inner, channels) if linear else nn.Conv2d(inner, channels, 1)
        self.use_linear_projection = linear

    def forward(self, x: Tensor, words: Tensor) -> Tensor:
        """x: (B, C, H, W), which it keeps. words: (B, L, D)."""
        linear = self.use_linear_projection
        h: Tensor = self.norm(x)
        h = _rows(h if linear else self.proj_in(h))
        h = self.proj_in(h) if linear else h
        for block in self.transformer_blocks:
            h = block(h, words)
        h = _picture(self.proj_out(h) if linear else h, x.shape[2])
        return (h if linear else self.proj_out(h)) + x


def _rows(x: Tensor) -> Tensor:
    return x.permute(0, 2, 3, 1).flatten(1, 2)


def _picture(rows: Tensor, height: int) -> Tensor:
    batch, _, channels = rows.shape
    return rows.reshape(batch, height, -1, channels).permute(0, 3, 1, 2).contiguous()
