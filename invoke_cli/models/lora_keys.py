"""The names of tensors in LoRA files, of every layout, as parts of a network's modules.

kohya: `lora_unet_down_blocks_0_..._to_q.lora_up.weight`, also by the original checkpoint's names
(`lora_unet_input_blocks_1_1_...`); diffusers and peft: `unet.down_blocks.0....to_q.lora_B.weight` and older
spellings. A module is known here by its name with underscores for dots.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from invoke_cli.errors import ModelError
from invoke_cli.models.original_names import unet_module

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
    translated = unet_module(module, layers)
    return (module, f"{module}_0", translated) if translated else (module, f"{module}_0")
