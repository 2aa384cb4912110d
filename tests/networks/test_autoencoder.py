"""The autoencoder against diffusers' own: the same pictures and latents, bit for bit."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from diffusers import AutoencoderKL as Known

from invoke_cli.diffusion import vae_parts
from invoke_cli.diffusion.bands import Bands
from invoke_cli.diffusion.kernels import Plain
from invoke_cli.networks.autoencoder import AutoencoderKL

KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "no attention": {"mid_block_add_attention": False},
    "no convolutions around the latents": {"use_quant_conv": False, "use_post_quant_conv": False},
    "more channels": {"latent_channels": 16, "shift_factor": 0.1, "layers_per_block": 2},
    "one level": {"block_out_channels": (8,), "down_block_types": 1, "up_block_types": 1},
}


def make(**changes: Any) -> Known:
    config: dict[str, Any] = {
        "block_out_channels": (8, 16, 24),
        "down_block_types": 3,
        "up_block_types": 3,
        "norm_num_groups": 4,
        **changes,
    }
    config["down_block_types"] = ("DownEncoderBlock2D",) * config["down_block_types"]
    config["up_block_types"] = ("UpDecoderBlock2D",) * config["up_block_types"]
    torch.manual_seed(2)
    return Known(**config).eval().requires_grad_(False)


def twin(known: Known) -> AutoencoderKL:
    own = AutoencoderKL.read(dict(known.config))
    assert own is not None
    own.load_state_dict(known.state_dict(), strict=True)
    return own.eval().requires_grad_(False)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_pictures_and_latents_are_those_of_diffusers(kind: str, dtype: torch.dtype) -> None:
    known = make(**KINDS[kind]).to(dtype)
    own = twin(known).to(dtype)
    pixels = torch.randn(2, 3, 24, 16).to(dtype)
    latents = torch.randn(2, known.config.latent_channels, 6, 4).to(dtype)
    with torch.inference_mode():
        theirs, ours = known.encode(pixels).latent_dist, own.encode(pixels).latent_dist
        torch.testing.assert_close(ours.mean, theirs.mean, rtol=0, atol=0)
        torch.testing.assert_close(ours.std, theirs.std, rtol=0, atol=0)
        drawn = [each.sample(torch.Generator().manual_seed(1)) for each in (ours, theirs)]
        torch.testing.assert_close(*drawn, rtol=0, atol=0)
        torch.testing.assert_close(own.decode(latents).sample, known.decode(latents).sample, rtol=0, atol=0)


def test_it_is_known_to_what_codes_in_bands() -> None:
    known = make()
    own = twin(known)
    assert vae_parts.knows(own)
    bands = Bands(Plain(), torch.device("cpu"), band=2000)
    pixels, latents = torch.randn(1, 3, 32, 16), torch.randn(1, 4, 8, 4)
    with torch.inference_mode():
        torch.testing.assert_close(bands.decode(own, latents), bands.decode(known, latents), rtol=0, atol=0)
        torch.testing.assert_close(bands.encode(own, pixels), bands.encode(known, pixels), rtol=0, atol=0)


def test_channels_last_stays_and_gives_the_same() -> None:
    known = make()
    own = twin(known)
    latents = torch.randn(1, 4, 6, 4).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        ours, theirs = own.decode(latents).sample, known.decode(latents).sample
    assert ours.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


@pytest.mark.parametrize(
    "change",
    [
        {"act_fn": "relu"},
        {"down_block_types": ["AttnDownEncoderBlock2D"] * 3},
        {"block_out_channels": [8, 16]},
        {"norm_num_groups": None},
        {"use_quant_conv": None},
        {"a_field_of_tomorrow": 1},
    ],
    ids=str,
)
def test_what_is_not_plain_is_left_to_the_library(change: dict[str, Any]) -> None:
    config = dict(make().config)
    assert AutoencoderKL.read(config) is not None
    assert AutoencoderKL.read({**config, **change}) is None


def test_configuration_is_the_librarys_with_its_defaults() -> None:
    known = make()
    own = AutoencoderKL.read({"_class_name": "AutoencoderKL", "latents_mean": None})
    assert own is not None
    defaults = {name: value for name, value in Known().config.items() if not name.startswith("_")}
    assert own.config == defaults
    assert twin(known).config == {k: v for k, v in known.config.items() if not k.startswith("_")}
    assert own.config.shift_factor is None
    assert not hasattr(own.config, "nothing")
