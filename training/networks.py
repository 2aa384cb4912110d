"""The three networks, in the classes and with the conventions of Stable Diffusion."""

from __future__ import annotations

import math
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel

from training.presets import AutoencoderPlan, Preset
from training.tokenizer import POSITIONS

LATENT_CHANNELS = 4
FACTOR = 8
# Stable Diffusion's own: latents are made to have a standard deviation of 1 / SCALE.
SCALE = 0.18215


def autoencoder(plan: AutoencoderPlan, native: int) -> Any:
    """An AutoencoderKL with random weights; `native` in pixels is noted in its configuration."""
    levels = len(plan.channels)
    vae = AutoencoderKL(
        block_out_channels=plan.channels, layers_per_block=1, norm_num_groups=plan.norm_groups,
        down_block_types=("DownEncoderBlock2D",) * levels, up_block_types=("UpDecoderBlock2D",) * levels,
        latent_channels=LATENT_CHANNELS, sample_size=native, scaling_factor=SCALE, force_upcast=False,
    )  # fmt: skip
    with torch.no_grad():
        vae.quant_conv.weight[LATENT_CHANNELS:].zero_()
        vae.quant_conv.bias[LATENT_CHANNELS:].fill_(2 * math.log(plan.latent_noise))
    return vae


def denoiser(preset: Preset) -> Any:
    """A UNet2DConditionModel with random weights, three levels, text from the second level down."""
    plan = preset.unet
    return UNet2DConditionModel(
        sample_size=preset.native // FACTOR, in_channels=LATENT_CHANNELS, out_channels=LATENT_CHANNELS,
        block_out_channels=plan.channels, layers_per_block=1, norm_num_groups=plan.norm_groups,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=plan.text_width,
        attention_head_dim=plan.heads,  # diffusers' name for the number of heads
    )  # fmt: skip


def text_encoder(preset: Preset, tokens: int) -> Any:
    """A CLIPTextModel with random weights for a vocabulary of `tokens`; the last two are start and end."""
    plan = preset.unet
    config = CLIPTextConfig(
        vocab_size=tokens, hidden_size=plan.text_width, intermediate_size=4 * plan.text_width,
        num_hidden_layers=plan.text_layers, num_attention_heads=plan.text_heads,
        max_position_embeddings=POSITIONS, projection_dim=plan.text_width,
        bos_token_id=tokens - 2, eos_token_id=tokens - 1, pad_token_id=tokens - 1,
    )  # fmt: skip
    return CLIPTextModel(config)


def prepare(network: Any, device: torch.device) -> Any:
    """Move to `device`, channels last; on a CPU, with attention as plain matrix products.

    At these sizes (16 to 576 positions) the fused attention's backward pass on a CPU
    takes a third of the step; the plain one a tenth.
    """
    network.to(device, memory_format=torch.channels_last)
    if device.type == "cpu":
        if hasattr(network, "set_attn_processor"):
            network.set_attn_processor(AttnProcessor())
        else:
            network.set_attn_implementation("eager")
    return network


def encode(vae: Any, pixels: Tensor) -> Tensor:
    """The posterior's mean, unscaled. pixels: (B, 3, H, W) in -1..1. Returns (B, 4, H/8, W/8)."""
    mean: Tensor = vae.quant_conv(vae.encoder(pixels))[:, :LATENT_CHANNELS]
    return mean


def blur(vae: Any) -> Tensor:
    """The posterior's standard deviation, (1, 4, 1, 1): a constant here, kept as the log-variance's bias."""
    deviation: Tensor = (0.5 * vae.quant_conv.bias[LATENT_CHANNELS:]).exp()
    return deviation.detach().view(1, -1, 1, 1)


def decode(vae: Any, latents: Tensor) -> Tensor:
    """Pictures of unscaled latents. latents: (B, 4, h, w). Returns (B, 3, 8h, 8w), about -1..1."""
    pixels: Tensor = vae.decoder(vae.post_quant_conv(latents))
    return pixels


def parameters(*networks: nn.Module) -> int:
    """How many numbers the networks hold."""
    return sum(p.numel() for network in networks for p in network.parameters())
