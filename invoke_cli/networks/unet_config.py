"""What the config.json of a UNet may say, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass

from invoke_cli.networks.base import Config, Fields, whole_numbers

CROSS_DOWN, PLAIN_DOWN = "CrossAttnDownBlock2D", "DownBlock2D"
CROSS_UP, PLAIN_UP = "CrossAttnUpBlock2D", "UpBlock2D"


def _fits(config: Config) -> bool:
    widths = config.block_out_channels
    told = (config.addition_time_embed_dim, config.projection_class_embeddings_input_dim)
    if not isinstance(widths, list | tuple) or not whole_numbers(widths, *(config[name] for name in COUNTS)):
        return False
    each = (config[name] for name in EACH)
    return (
        {*config.down_block_types} <= {CROSS_DOWN, PLAIN_DOWN}
        and {*config.up_block_types} <= {CROSS_UP, PLAIN_UP}
        and len(config.down_block_types) == len(config.up_block_types) == len(widths)
        and all(len(one) == len(widths) for one in each if isinstance(one, list | tuple))
        and config.addition_embed_type in (None, "text_time")
        and (config.addition_embed_type is None or whole_numbers(*told))
        and all(config[name] is None or whole_numbers(config[name]) for name in WIDTHS)
    )


EACH = ("layers_per_block", "attention_head_dim", "cross_attention_dim", "transformer_layers_per_block")
"""Fields with one number for all levels, or one for each."""
COUNTS = ("in_channels", "out_channels", "norm_num_groups", *EACH)
WIDTHS = ("time_embedding_dim", "time_cond_proj_dim")
FIELDS = Fields(
    free={
        "sample_size": None,
        "in_channels": 4,
        "out_channels": 4,
        "flip_sin_to_cos": True,
        "freq_shift": 0,
        "down_block_types": (CROSS_DOWN, CROSS_DOWN, CROSS_DOWN, PLAIN_DOWN),
        "up_block_types": (PLAIN_UP, CROSS_UP, CROSS_UP, CROSS_UP),
        "block_out_channels": (320, 640, 1280, 1280),
        "layers_per_block": 2,
        "norm_num_groups": 32,
        "norm_eps": 1e-5,
        "cross_attention_dim": 1280,
        "transformer_layers_per_block": 1,
        "attention_head_dim": 8,
        "use_linear_projection": False,
        "addition_embed_type": None,
        "addition_time_embed_dim": None,
        "addition_embed_type_num_heads": 64,
        "projection_class_embeddings_input_dim": None,
        "upcast_attention": False,
        "time_embedding_dim": None,
        "time_cond_proj_dim": None,
    },
    fixed={
        "center_input_sample": False,
        "mid_block_type": "UNetMidBlock2DCrossAttn",
        "only_cross_attention": False,
        "downsample_padding": 1,
        "mid_block_scale_factor": 1,
        "dropout": 0.0,
        "act_fn": "silu",
        "reverse_transformer_layers_per_block": None,
        "encoder_hid_dim": None,
        "encoder_hid_dim_type": None,
        "num_attention_heads": None,
        "dual_cross_attention": False,
        "class_embed_type": None,
        "num_class_embeds": None,
        "resnet_time_scale_shift": "default",
        "resnet_skip_time_act": False,
        "resnet_out_scale_factor": 1.0,
        "time_embedding_type": "positional",
        "time_embedding_act_fn": None,
        "timestep_post_act": None,
        "conv_in_kernel": 3,
        "conv_out_kernel": 3,
        "attention_type": "default",
        "class_embeddings_concat": False,
        "mid_block_only_cross_attention": None,
        "cross_attention_norm": None,
    },
    fits=_fits,
)


@dataclass(frozen=True)
class Level:
    """What the blocks of one size of picture are made of."""

    width: int
    layers: int
    heads: int
    words: int
    depth: int


def levels(config: Config) -> list[Level]:
    """From the largest size of picture to the smallest."""
    count = len(config.block_out_channels)
    each = ([one] * count if isinstance(one, int) else one for one in (config[name] for name in EACH))
    return [Level(*numbers) for numbers in zip(config.block_out_channels, *each, strict=True)]


def embedding_width(config: Config) -> int:
    """How wide an embedded timestep is."""
    wide = config.time_embedding_dim
    return config.block_out_channels[0] * 4 if wide is None else wide  # type: ignore[no-any-return]
