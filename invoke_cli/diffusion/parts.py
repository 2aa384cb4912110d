"""The parts of a UNet2DConditionModel in their order, and whether they are the usual ones.

It may be ours or diffusers'; the names are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def resnets(unet: Any) -> Iterator[Any]:
    """All residual blocks in the order of the walk."""
    for block in (*unet.down_blocks, unet.mid_block, *unet.up_blocks):
        yield from block.resnets


def transformers(unet: Any) -> Iterator[Any]:
    """Its transformers, each behind a residual block, in the order of the walk."""
    for block in (*unet.down_blocks, unet.mid_block, *unet.up_blocks):
        yield from getattr(block, "attentions", None) or ()


def transformer_blocks(unet: Any) -> Iterator[Any]:
    """The blocks of all its transformers in the order of the walk."""
    for transformer in transformers(unet):
        yield from transformer.transformer_blocks


BLOCKS = {
    "CrossAttnDownBlock2D",
    "DownBlock2D",
    "UNetMidBlock2DCrossAttn",
    "CrossAttnUpBlock2D",
    "UpBlock2D",
}
PROCESSORS = {"AttnProcessor", "AttnProcessor2_0"}


def knows(unet: Any) -> bool:
    """Whether the network is one that a `Walk` computes, with nothing hung into it by anyone."""
    if type(unet).__name__ != "UNet2DConditionModel" or unet.mid_block is None:
        return False
    plain = all(
        _plain(unet.config, name, value)
        for name, value in {
            "act_fn": "silu",
            "resnet_time_scale_shift": "default",
            "class_embed_type": None,
            "num_class_embeds": None,
            "encoder_hid_dim_type": None,
            "time_embedding_type": "positional",
            "timestep_post_act": None,
            "time_embedding_act_fn": None,
            "conv_in_kernel": 3,
            "center_input_sample": False,
            "dual_cross_attention": False,
            "resnet_skip_time_act": False,
        }.items()
    )
    blocks = (*unet.down_blocks, unet.mid_block, *unet.up_blocks)
    return (
        plain
        and unet.config.addition_embed_type in (None, "text_time")
        and all(type(block).__name__ in BLOCKS for block in blocks)
        and all(map(_ordinary_resnet, resnets(unet)))
        and all(map(_ordinary_transformer, transformers(unet)))
        and all(_ordinary_scaler(block) for block in blocks)
        and not any(each._forward_hooks or each._forward_pre_hooks for each in unet.modules())
    )


def _plain(config: Any, name: str, value: object) -> bool:
    return bool(getattr(config, name, value) == value)


def _ordinary_resnet(resnet: Any) -> bool:
    return (
        type(resnet).__name__ == "ResnetBlock2D"
        and resnet.time_emb_proj is not None
        and resnet.upsample is None
        and resnet.downsample is None
        and resnet.output_scale_factor == 1
        and resnet.time_embedding_norm == "default"
    )


def _ordinary_transformer(transformer: Any) -> bool:
    return type(transformer).__name__ == "Transformer2DModel" and all(
        block.norm_type == "layer_norm"
        and not block.only_cross_attention
        and type(block.ff.net[0]).__name__ == "GEGLU"
        and block.attn2 is not None
        and all(map(_ordinary_attention, (block.attn1, block.attn2)))
        for block in transformer.transformer_blocks
    )


def _ordinary_attention(attention: Any) -> bool:
    return (
        type(attention.processor).__name__ in PROCESSORS
        and attention.group_norm is None
        and attention.spatial_norm is None
        and attention.norm_q is None
        and attention.norm_cross is None
        and not attention.residual_connection
        and attention.rescale_output_factor == 1
    )


def _ordinary_scaler(block: Any) -> bool:
    scalers = [*(getattr(block, "downsamplers", None) or ()), *(getattr(block, "upsamplers", None) or ())]
    return len(scalers) <= 1 and all(
        each.norm is None and each.use_conv and getattr(each, "padding", 1) == 1 for each in scalers
    )
