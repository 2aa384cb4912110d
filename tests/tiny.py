"""A tiny Stable Diffusion model of random weights, for tests where the networks' content does not matter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer
from transformers.convert_slow_tokenizer import bytes_to_unicode

SIDE = 64
"""The native size in pixels."""


def make_tokenizer() -> Any:
    """Every character is a token, with an end-of-word twin, and one merge to have a longer one."""
    letters = list(bytes_to_unicode().values())
    marks = ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = [*letters, *(letter + "</w>" for letter in letters), "ca", "cat</w>", *marks]
    merges = [("c", "a"), ("ca", "t</w>")]
    return CLIPTokenizer(vocab={token: i for i, token in enumerate(vocabulary)}, merges=merges)


def make_text_encoder(tokenizer: Any) -> Any:
    """Two layers of width 16."""
    torch.manual_seed(3)
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return CLIPTextModel(config).eval().requires_grad_(False)


def make_unet(**changes: Any) -> Any:
    """Two levels, 8 and 16 channels, with cross-attention."""
    torch.manual_seed(1)
    config: dict[str, Any] = {
        "sample_size": SIDE // 8,
        "block_out_channels": (8, 16),
        "layers_per_block": 1,
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
        "cross_attention_dim": 16,
        "attention_head_dim": 4,
        "norm_num_groups": 4,
    }
    return UNet2DConditionModel(**(config | changes)).eval().requires_grad_(False)


def make_vae() -> Any:
    """Factor 8, four latent channels."""
    torch.manual_seed(2)
    blocks = 4
    vae = AutoencoderKL(
        block_out_channels=(8,) * blocks,
        down_block_types=("DownEncoderBlock2D",) * blocks,
        up_block_types=("UpDecoderBlock2D",) * blocks,
        layers_per_block=1,
        latent_channels=4,
        scaling_factor=5.0,
        norm_num_groups=4,
        mid_block_add_attention=False,
    )
    return vae.eval().requires_grad_(False)


SCHEDULER = """{"_class_name": "PNDMScheduler", "beta_start": 0.00085, "beta_end": 0.012,
"beta_schedule": "scaled_linear", "num_train_timesteps": 1000, "prediction_type": "epsilon"}"""


def save_model(directory: Path) -> Path:
    """Write the tiny model as a diffusers directory."""
    state = torch.random.get_rng_state()
    tokenizer = make_tokenizer()
    tokenizer.save_pretrained(directory / "tokenizer")
    make_text_encoder(tokenizer).save_pretrained(directory / "text_encoder")
    make_unet().save_pretrained(directory / "unet")
    make_vae().save_pretrained(directory / "vae")
    (directory / "scheduler").mkdir()
    (directory / "scheduler" / "scheduler_config.json").write_text(SCHEDULER)
    torch.random.set_rng_state(state)
    return directory
