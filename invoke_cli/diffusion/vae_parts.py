"""Whether an autoencoder has the usual parts, in their usual order; the names are diffusers'."""

from __future__ import annotations

from typing import Any

BLOCKS = {"DownEncoderBlock2D", "UpDecoderBlock2D", "UNetMidBlock2D"}


def knows(vae: Any) -> bool:
    """Whether `Bands` computes what the network does when it is called, with nothing hung into it."""
    if type(vae).__name__ != "AutoencoderKL" or getattr(vae.config, "act_fn", "silu") != "silu":
        return False
    blocks = (*vae.encoder.down_blocks, *vae.decoder.up_blocks, vae.encoder.mid_block, vae.decoder.mid_block)
    return (
        all(type(block).__name__ in BLOCKS for block in blocks)
        and all(_ordinary_resnet(resnet) for block in blocks for resnet in block.resnets)
        and all(map(_ordinary_attention, _attentions(vae)))
        and all(_ordinary_scaler(block) for block in blocks)
    )


def _attentions(vae: Any) -> list[Any]:
    middles = (vae.encoder.mid_block, vae.decoder.mid_block)
    return [each for middle in middles for each in middle.attentions if each is not None]


def _ordinary_resnet(resnet: Any) -> bool:
    return (
        type(resnet).__name__ == "ResnetBlock2D"
        and getattr(resnet, "time_emb_proj", None) is None
        and getattr(resnet, "upsample", None) is None
        and getattr(resnet, "downsample", None) is None
        and getattr(resnet, "output_scale_factor", 1) == 1
    )


def _ordinary_attention(attention: Any) -> bool:
    return (
        attention.group_norm is not None
        and getattr(attention, "spatial_norm", None) is None
        and getattr(attention, "residual_connection", True) is True
        and getattr(attention, "rescale_output_factor", 1) == 1
    )


def _ordinary_scaler(block: Any) -> bool:
    larger, smaller = (getattr(block, name, None) or () for name in ("upsamplers", "downsamplers"))
    return (
        len(larger) <= 1
        and len(smaller) <= 1
        and all(getattr(each, "norm", None) is None for each in (*larger, *smaller))
        and all(each.conv.padding == (1, 1) for each in larger)
        and all(each.conv.padding == (0, 0) and each.conv.stride == (2, 2) for each in smaller)
    )
