"""The names of tensors in LoRA files, of every layout, as parts of a network's modules.

kohya: `lora_unet_down_blocks_0_..._to_q.lora_up.weight`, also by the original checkpoint's names
(`lora_unet_input_blocks_1_1_...`); diffusers and peft: `unet.down_blocks.0....to_q.lora_B.weight` and older
spellings. A module is known here by its name with underscores for dots.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from invoke_cli.errors import ModelError

_ROLES = {
    "up": re.compile(
        r"(?:\.lora_up|\.lora_B(?:\.\w+)?|\.lora\.up|\.lora_linear_layer\.up|_lora\.up)\.weight\Z"
    ),
    "down": re.compile(
        r"(?:\.lora_down|\.lora_A(?:\.\w+)?|\.lora\.down|\.lora_linear_layer\.down|_lora\.down)\.weight\Z"
    ),
    "mid": re.compile(r"\.lora_mid\.weight\Z"),
    "alpha": re.compile(r"\.alpha\Z"),
}
_PARTS = (
    (re.compile(r"lora_te2_|text_encoder_2\."), "text_encoder_2"),
    (re.compile(r"lora_te1?_|text_encoder\."), "text_encoder"),
    (re.compile(r"lora_unet_|unet\."), "unet"),
)
_UNMERGEABLE = (
    (re.compile(r"dora_scale|lora_magnitude_vector"), "DoRA"),
    (re.compile(r"\.hada_w"), "LoHa"),
    (re.compile(r"\.lokr_w"), "LoKr"),
    (re.compile(r"\.oft_|\.boft_"), "OFT"),
)
_RESNET = (
    ("in_layers_2", "conv1"),
    ("out_layers_3", "conv2"),
    ("emb_layers_1", "time_emb_proj"),
    ("skip_connection", "conv_shortcut"),
)
_ELSEWHERE = {
    "time_embed_0": "time_embedding_linear_1",
    "time_embed_2": "time_embedding_linear_2",
    "label_emb_0_0": "add_embedding_linear_1",
    "label_emb_0_2": "add_embedding_linear_2",
    "input_blocks_0_0": "conv_in",
    "out_2": "conv_out",
}
_BLOCK = re.compile(r"(input_blocks|output_blocks)_(\d+)_(\d)(?:_(.+))?\Z|middle_block_(\d)_(.+)\Z")


@dataclass(frozen=True)
class Key:
    """part: "unet", "text_encoder" or "text_encoder_2". role: "up", "down", "mid" or "alpha"."""

    part: str
    module: str
    role: str


def read_key(name: str) -> Key | None:
    """What the name of a tensor says, or None when it is no LoRA's."""
    for role, ending in _ROLES.items():
        if found := ending.search(name):
            part, inner = _part(name[: found.start()].removeprefix("base_model.model."))
            return Key(part, flat(inner.replace(".processor.", ".")), role)
    return None


def _part(name: str) -> tuple[str, str]:
    for prefix, part in _PARTS:
        if found := prefix.match(name):
            return part, name[found.end() :]
    return "unet", name  # what diffusers' older attention processors were saved as


def flat(module: str) -> str:
    """A module's name with underscores; text encoders are the same with and without their outer shell."""
    return module.replace(".", "_").removeprefix("text_model_")


def refuse_unmergeable(names: list[str], file: str) -> None:
    """Raise ModelError for relatives of LoRA that are not a sum of low-rank products."""
    for pattern, family in _UNMERGEABLE:
        if any(pattern.search(name) for name in names):
            raise ModelError(f"{file} is a {family}, which cannot be merged here", "LoRA and LoCon files can")


def spellings(module: str, layers: int) -> tuple[str, ...]:
    """The names that a UNet of diffusers may have for a module of a file. layers: residual ones a block."""
    translated = _translated(module, layers)
    return (module, f"{module}_0", translated) if translated else (module, f"{module}_0")


def _translated(module: str, layers: int) -> str:
    """A module of the original checkpoint under diffusers' name, or "" when it is not one."""
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
