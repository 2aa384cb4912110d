"""The names of modules in the original code of Stable Diffusion, as those of the networks here.

A module is known here by its name with underscores for dots, as LoRA files have it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_RESNET = (
    ("in_layers_0", "norm1"),
    ("in_layers_2", "conv1"),
    ("out_layers_0", "norm2"),
    ("out_layers_3", "conv2"),
    ("emb_layers_1", "time_emb_proj"),
    ("skip_connection", "conv_shortcut"),
)
_ELSEWHERE = {
    "time_embed_0": "time_embedding_linear_1",
    "time_embed_2": "time_embedding_linear_2",
    "time_embed_cond_proj": "time_embedding_cond_proj",
    "label_emb_0_0": "add_embedding_linear_1",
    "label_emb_0_2": "add_embedding_linear_2",
    "input_blocks_0_0": "conv_in",
    "out_0": "conv_norm_out",
    "out_2": "conv_out",
}
_BLOCK = re.compile(r"(input_blocks|output_blocks)_(\d+)_(\d)(?:_(.+))?\Z|middle_block_(\d)_(.+)\Z")
_VAE = (
    (r"\bmid\.block_1\.", "mid_block.resnets.0."),
    (r"\bmid\.block_2\.", "mid_block.resnets.1."),
    (r"\bmid\.attn_1\.norm\.", "mid_block.attentions.0.group_norm."),
    (r"\bmid\.attn_1\.proj_out\.", "mid_block.attentions.0.to_out.0."),
    (r"\bmid\.attn_1\.([qkv])\.", r"mid_block.attentions.0.to_\1."),
    (r"\bdown\.(\d+)\.block\.", r"down_blocks.\1.resnets."),
    (r"\bdown\.(\d+)\.downsample\.", r"down_blocks.\1.downsamplers.0."),
    (r"\bup\.(\d+)\.block\.", r"up_blocks.\1.resnets."),
    (r"\bup\.(\d+)\.upsample\.", r"up_blocks.\1.upsamplers.0."),
    (r"\bnorm_out\.", "conv_norm_out."),
    (r"\bnin_shortcut\.", "conv_shortcut."),
)


def unet_module(module: str, layers: int) -> str:
    """A module of the original UNet under its name here, or "" when it is not one.

    layers: residual ones in a block.
    """
    if module in _ELSEWHERE:
        return _ELSEWHERE[module]
    found = _BLOCK.match(module)
    if found is None:
        return ""
    if found[1] is None:
        kind = f"attentions_0_{found[6]}" if found[5] == "1" else f"resnets_{int(found[5]) // 2}_{found[6]}"
        return f"mid_block_{_resnet(kind)}"
    place, branch, rest = int(found[2]), int(found[3]), found[4] or ""
    if found[1] == "input_blocks":
        level, layer = divmod(place - 1, layers + 1)
        return f"down_blocks_{level}_{_down(layer, layers, branch, rest)}"
    level, layer = divmod(place, layers + 1)
    return f"up_blocks_{level}_{_up(layer, branch, rest)}"


def _down(layer: int, layers: int, branch: int, rest: str) -> str:
    if layer == layers:
        return "downsamplers_0_conv"
    return _resnet(f"resnets_{layer}_{rest}") if branch == 0 else f"attentions_{layer}_{rest}"


def _up(layer: int, branch: int, rest: str) -> str:
    # The upsampler stands behind the attention, or in its place where a block has none.
    if rest == "conv":
        return "upsamplers_0_conv"
    return _resnet(f"resnets_{layer}_{rest}") if branch == 0 else f"attentions_{layer}_{rest}"


def _resnet(name: str) -> str:
    for original, ours in _RESNET:
        if name.endswith(original):
            return name.removesuffix(original) + ours
    return name


def vae_tensor(name: str, levels: int) -> str:
    """A tensor of the original autoencoder under its name here, with dots.

    levels: of the decoder, which are counted from the other end there.
    """
    for pattern, ours in _VAE:
        name = re.sub(pattern, ours, name)
    return re.sub(r"\bup_blocks\.(\d+)", lambda found: f"up_blocks.{levels - 1 - int(found[1])}", name)


def dotted(names: Iterable[str]) -> dict[str, str]:
    """Names with underscores for dots -> the names."""
    return {name.replace(".", "_"): name for name in names}
