"""Small Stable Diffusion checkpoints in the original code's layout, from networks in diffusers' layout.

Written from the original names themselves (model.diffusion_model.input_blocks...), not with the functions
that the program reads them with.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from tests.tiny import make_tokenizer

WIDTH, SECOND_WIDTH = 16, 24
SIDE = 64
RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1",
    "conv_shortcut": "skip_connection",
}
WHOLE = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "time_embedding.cond_proj": "time_embed.cond_proj",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
CLIP = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}


def make_unet(**changes: Any) -> Any:
    torch.manual_seed(1)
    config: dict[str, Any] = {
        "sample_size": SIDE // 8,
        "block_out_channels": (8, 16),
        "layers_per_block": 1,
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
        "cross_attention_dim": WIDTH,
        "attention_head_dim": 4,
        "norm_num_groups": 4,
    }
    return UNet2DConditionModel(**(config | changes)).eval().requires_grad_(False)


def make_vae() -> Any:
    torch.manual_seed(2)
    return (
        AutoencoderKL(
            block_out_channels=(8,) * 4,
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            layers_per_block=1,
            latent_channels=4,
            scaling_factor=5.0,
            norm_num_groups=4,
        )
        .eval()
        .requires_grad_(False)
    )


def make_text(tokenizer: Any, *, projects: bool = False, seed: int = 3, width: int = WIDTH) -> Any:
    torch.manual_seed(seed)
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=32,
        num_hidden_layers=3,
        num_attention_heads=2,
        projection_dim=12,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    kind = CLIPTextModelWithProjection if projects else CLIPTextModel
    return kind(config).eval().requires_grad_(False)


SIZES = {
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 4,
    "use_linear_projection": True,
}


class Kind:
    """A tiny model of one architecture: its parts, and how the single file calls its text encoders."""

    def __init__(self, name: str, **changes: Any) -> None:
        self.name = name
        first, second = make_tokenizer(), make_tokenizer()
        second.pad_token = "!"
        self.tokenizers = {"tokenizer": first}
        if name == "sd-1":
            self.texts = {"text_encoder": make_text(first)}
            self.prefixes = {"text_encoder": "cond_stage_model.transformer."}
        elif name == "sd-2":
            self.tokenizers = {"tokenizer": second}
            self.texts = {"text_encoder": make_text(second)}
            self.prefixes = {"text_encoder": "cond_stage_model.model."}
            changes = {"use_linear_projection": True, **changes}
        elif name == "sdxl":
            self.tokenizers = {"tokenizer": first, "tokenizer_2": second}
            self.texts = {
                "text_encoder": make_text(first),
                "text_encoder_2": make_text(second, projects=True, seed=4, width=SECOND_WIDTH),
            }
            self.prefixes = {
                "text_encoder": "conditioner.embedders.0.transformer.",
                "text_encoder_2": "conditioner.embedders.1.model.",
            }
            wide = {
                "cross_attention_dim": WIDTH + SECOND_WIDTH,
                "projection_class_embeddings_input_dim": 12 + 6 * 4,
            }
            changes = {**SIZES, **wide, **changes}
        else:
            self.tokenizers = {"tokenizer_2": second}
            self.texts = {"text_encoder_2": make_text(second, projects=True)}
            self.prefixes = {"text_encoder_2": "conditioner.embedders.0.model."}
            changes = {**SIZES, "projection_class_embeddings_input_dim": 12 + 5 * 4, **changes}
        self.unet, self.vae = make_unet(**changes), make_vae()

    def save_directory(self, path: Path, **scheduler: Any) -> Path:
        """The model in the diffusers layout."""
        parts = {"unet": self.unet, "vae": self.vae, **self.texts, **self.tokenizers}
        for part, thing in parts.items():
            thing.save_pretrained(path / part)
        noise = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
        (path / "scheduler").mkdir()
        (path / "scheduler" / "scheduler_config.json").write_text(json.dumps({**noise, **scheduler}))
        zeros = {"force_zeros_for_empty_prompt": self.name == "sdxl"}
        (path / "model_index.json").write_text(json.dumps(zeros))
        return path

    def save_configs(self, path: Path) -> None:
        """The configurations alone, as configs/architectures has them for the real sizes."""
        for part, thing in {"unet": self.unet, "vae": self.vae, **self.texts}.items():
            thing.config.save_pretrained(path / part) if part.startswith("text") else thing.save_config(
                path / part
            )
            config = json.loads((path / part / "config.json").read_text())
            if part.startswith("text"):
                config["architectures"] = [type(thing).__name__]
            config |= {"in_channels": 4} if part == "unet" else {}
            config.pop("time_cond_proj_dim", None)
            (path / part / "config.json").write_text(json.dumps(config))
        (path / "scheduler").mkdir(parents=True, exist_ok=True)
        (path / "scheduler" / "scheduler_config.json").write_text("{}")

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor under the name that the original code gives it."""
        found = {"model.diffusion_model." + unet_name(n, self.unet): t for n, t in weights(self.unet)}
        for name, tensor in weights(self.vae):
            found |= {"first_stage_model." + vae_name(name): flat_as_convolution(name, tensor)}
        for part, encoder in self.texts.items():
            names = open_clip if self.prefixes[part].endswith(".model.") else clip
            found |= {self.prefixes[part] + name: tensor for name, tensor in names(encoder).items()}
        return {name: tensor.clone().contiguous() for name, tensor in found.items()}


def weights(network: Any) -> list[tuple[str, Tensor]]:
    return list(network.state_dict().items())


def unet_name(name: str, unet: Any) -> str:
    per_level = unet.config.layers_per_block
    module, _, kind = name.rpartition(".")
    if module in WHOLE:
        return f"{WHOLE[module]}.{kind}"
    if name.startswith("mid_block"):
        _, what, index, rest = name.split(".", 3)
        place = f"middle_block.{2 * int(index)}" if what == "resnets" else "middle_block.1"
        return f"{place}.{within(what, rest)}"
    side, level, what, index, rest = name.split(".", 4)
    level, index = int(level), int(index)
    if side == "down_blocks":
        if what == "downsamplers":
            return f"input_blocks.{(per_level + 1) * (level + 1)}.0.op.{kind}"
        place = f"input_blocks.{(per_level + 1) * level + index + 1}"
    else:
        attends = "CrossAttn" in unet.config.up_block_types[level]
        if what == "upsamplers":
            return f"output_blocks.{(per_level + 1) * level + per_level}.{1 + attends}.conv.{kind}"
        place = f"output_blocks.{(per_level + 1) * level + index}"
    return f"{place}.{0 if what == 'resnets' else 1}.{within(what, rest)}"


def within(what: str, rest: str) -> str:
    if what == "attentions":
        return rest
    module, _, kind = rest.rpartition(".")
    return f"{RESNET[module]}.{kind}"


def vae_name(name: str) -> str:
    for pattern, new in (
        (r"down_blocks\.(\d)\.resnets\.", r"down.\1.block."),
        (r"down_blocks\.(\d)\.downsamplers\.0\.", r"down.\1.downsample."),
        (r"mid_block\.attentions\.0\.", "mid.attn_1."),
        ("conv_shortcut", "nin_shortcut"),
        ("conv_norm_out", "norm_out"),
        (r"attn_1\.group_norm", "attn_1.norm"),
        (r"attn_1\.to_([qkv])", r"attn_1.\1"),
        (r"attn_1\.to_out\.0", "attn_1.proj_out"),
    ):
        name = re.sub(pattern, new, name)
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
    name = re.sub(r"up_blocks\.(\d)\.resnets\.", lambda m: f"up.{3 - int(m[1])}.block.", name)
    return re.sub(r"up_blocks\.(\d)\.upsamplers\.0\.", lambda m: f"up.{3 - int(m[1])}.upsample.", name)


def flat_as_convolution(name: str, tensor: Tensor) -> Tensor:
    is_attention = "mid_block.attentions" in name and "group_norm" not in name
    return tensor[..., None, None] if is_attention and tensor.ndim == 2 else tensor


def clip(encoder: Any) -> dict[str, Tensor]:
    named = {f"text_model.{name.removeprefix('text_model.')}": tensor for name, tensor in weights(encoder)}
    return named | {"text_model.embeddings.position_ids": torch.arange(77)[None]}


def open_clip(encoder: Any) -> dict[str, Tensor]:
    """OpenCLIP's names; one layer more than is used, as in the files of Stable Diffusion 2."""
    old = {name.removeprefix("text_model."): tensor for name, tensor in weights(encoder)}
    new = {
        "token_embedding.weight": old["embeddings.token_embedding.weight"],
        "positional_embedding": old["embeddings.position_embedding.weight"],
        "ln_final.weight": old["final_layer_norm.weight"],
        "ln_final.bias": old["final_layer_norm.bias"],
        "logit_scale": torch.tensor(4.6),
        "text_projection": old.get("text_projection.weight", torch.eye(WIDTH)).T,
    }
    layers = encoder.config.num_hidden_layers
    for index in range(layers + (0 if "text_projection.weight" in old else 1)):
        source, target = f"encoder.layers.{min(index, layers - 1)}.", f"transformer.resblocks.{index}."
        for kind in ("weight", "bias"):
            for theirs, ours in CLIP.items():
                new[f"{target}{ours}.{kind}"] = old[f"{source}{theirs}.{kind}"]
            three = [old[f"{source}self_attn.{letter}_proj.{kind}"] for letter in "qkv"]
            new[f"{target}attn.in_proj_{kind}"] = torch.cat(three)
    return new
