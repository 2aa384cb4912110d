"""What UNet and autoencoder are both made of: residual blocks, scaling and attention.

Operations stand in the order in which diffusers' layers of the same names have them, so that results are the
same bit for bit. Pictures are (B, C, H, W).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

LARGE = 2**31
"""torch's fast way to repeat pixels fails beyond so many numbers (pytorch issue 141831),"""
MANY = 64
"""and in some versions for so many pictures (diffusers issue 984)."""


class ResnetBlock2D(nn.Module):
    """He et al. 2015 (arXiv 1512.03385) as in diffusion models: norm, SiLU, convolution, twice, and a sum.

    told: how wide the embedding of the timestep is; None for an autoencoder, which has none.
    """

    upsample = downsample = None
    output_scale_factor = 1.0
    time_embedding_norm = "default"

    def __init__(self, given: int, made: int, groups: int, eps: float, told: int | None = None) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, given, eps)
        self.conv1 = nn.Conv2d(given, made, 3, padding=1)
        self.time_emb_proj = None if told is None else nn.Linear(told, made)
        self.norm2 = nn.GroupNorm(groups, made, eps)
        self.conv2 = nn.Conv2d(made, made, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(given, made, 1) if given != made else None

    def forward(self, x: Tensor, embedded: Tensor | None = None) -> Tensor:
        """embedded: the timestep, (B, E)."""
        h = self.conv1(functional.silu(self.norm1(x), inplace=True))
        if self.time_emb_proj is not None and embedded is not None:
            h = h + self.time_emb_proj(functional.silu(embedded))[:, :, None, None]
        h = self.conv2(functional.silu(self.norm2(h), inplace=True))
        return h.add_(x if self.conv_shortcut is None else self.conv_shortcut(x))  # type: ignore[no-any-return]


class Downsample2D(nn.Module):
    """Half the height and width. padding: 1, or 0 for zeros at the far edges alone."""

    norm = None
    use_conv = True

    def __init__(self, channels: int, padding: int) -> None:
        super().__init__()
        self.padding = padding
        self.conv = nn.Conv2d(channels, channels, 3, stride=2, padding=padding)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, H / 2, W / 2)."""
        halved: Tensor = self.conv(x if self.padding else functional.pad(x, (0, 1, 0, 1)))
        return halved


class Upsample2D(nn.Module):
    """Twice the height and width."""

    norm = None
    use_conv = True

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor, size: torch.Size | None = None) -> Tensor:
        """(B, C, H, W) to (B, C, 2 H, 2 W), or to the size (H', W')."""
        if len(x) >= MANY or x.numel() * 4 > LARGE:
            x = x.contiguous()
        scale = 2.0 if size is None else None
        larger: Tensor = self.conv(functional.interpolate(x, size=size, scale_factor=scale, mode="nearest"))
        return larger


class AttnProcessor:
    """How an `Attention` computes, called as diffusers' processors are, and so replaced as those."""

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        *_: None,
    ) -> Tensor:
        """hidden_states: (B, N, C), or a picture. encoder_hidden_states: (B, L, D); None for itself.

        Processors are given a mask and a timestep besides, which are None here.
        """
        x = hidden_states
        rows: Tensor = x.view(*x.shape[:2], -1).transpose(1, 2) if x.ndim == 4 else x
        if attn.group_norm is not None:
            rows = attn.group_norm(rows.transpose(1, 2)).transpose(1, 2)
        seen = rows if encoder_hidden_states is None else encoder_hidden_states
        q, k, v = (
            layer(each).view(len(x), -1, attn.heads, attn.width).transpose(1, 2)
            for layer, each in ((attn.to_q, rows), (attn.to_k, seen), (attn.to_v, seen))
        )
        rows = attn.to_out[0](attn.attend(q, k, v).flatten(2))
        found = rows.transpose(-1, -2).reshape(x.shape) if x.ndim == 4 else rows
        return found + x if attn.residual_connection else found


class Attention(nn.Module):
    """Vaswani et al. 2017 (arXiv 1706.03762), section 3.2.2: several heads beside one another.

    seen: the width of what it looks at, if not of itself. groups: of the norm before it; with one, it works
    on pictures and adds what it was given.
    """

    spatial_norm = norm_q = norm_k = norm_cross = None
    rescale_output_factor = 1.0

    def __init__(
        self, channels: int, heads: int, width: int, seen: int | None = None, groups: int | None = None
    ) -> None:
        super().__init__()
        self.heads, self.width = heads, width
        self.residual_connection = groups is not None
        self.group_norm = None if groups is None else nn.GroupNorm(groups, channels, eps=1e-6)
        looks = channels if seen is None else seen
        self.to_q = nn.Linear(channels, heads * width, bias=groups is not None)
        self.to_k = nn.Linear(looks, heads * width, bias=groups is not None)
        self.to_v = nn.Linear(looks, heads * width, bias=groups is not None)
        self.to_out = nn.ModuleList([nn.Linear(heads * width, channels), nn.Dropout(0.0)])
        self.processor = AttnProcessor()

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """See AttnProcessor."""
        return self.processor(self, x, seen)

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attention of (B, heads, L, d), laid out as (B, L, heads, d), as `diffusion.kernels` has it, too."""
        return functional.scaled_dot_product_attention(q, k, v).transpose(1, 2)
