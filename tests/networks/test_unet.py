"""The UNet against diffusers' own, kind by kind: the same predictions, bit for bit, and the same names."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from diffusers import UNet2DConditionModel as Known

from invoke_cli.diffusion.kernels import Plain
from invoke_cli.diffusion.parts import knows
from invoke_cli.diffusion.steering import steered
from invoke_cli.diffusion.tiling import circular
from invoke_cli.diffusion.walk import Walk
from invoke_cli.networks.unet import UNet2DConditionModel
from tests.tiny import make_unet

XL: dict[str, Any] = {
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 8,
    "use_linear_projection": True,
    "attention_head_dim": (2, 4),
}
KINDS: dict[str, dict[str, Any]] = {
    "1.x": {},
    "2.x": {"use_linear_projection": True, "attention_head_dim": (2, 4), "upcast_attention": True},
    "xl": {**XL, "transformer_layers_per_block": (1, 2), "projection_class_embeddings_input_dim": 16 + 48},
    "refiner": {**XL, "transformer_layers_per_block": 2, "projection_class_embeddings_input_dim": 16 + 40},
    "inpainting": {"in_channels": 9},
    "told its scale": {"time_cond_proj_dim": 12},
    "three levels": {
        "block_out_channels": (8, 12, 16),
        "layers_per_block": (1, 2, 1),
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    },
    "odd": {"flip_sin_to_cos": False, "freq_shift": 1, "norm_eps": 1e-4, "time_embedding_dim": 20},
}


def pair(kind: str) -> tuple[Known, UNet2DConditionModel]:
    known = make_unet(**KINDS[kind])
    own = UNet2DConditionModel.read(dict(known.config))
    assert own is not None
    own.load_state_dict(known.state_dict(), strict=True)
    return known, own.eval().requires_grad_(False)


def given(known: Known, rows: int = 2) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """What a call takes, and of it what is added."""
    generator = torch.Generator().manual_seed(7)

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator)

    call: dict[str, Any] = {
        "sample": noise(rows, known.config.in_channels, 12, 8),
        "timestep": torch.full((rows,), 421.5),
        "encoder_hidden_states": noise(rows, 5, 16),
    }
    added = {}
    if known.config.addition_embed_type is not None:
        sizes = (known.config.projection_class_embeddings_input_dim - 16) // 8
        added = {"text_embeds": noise(rows, 16), "time_ids": noise(rows, sizes).abs() * 100}
        call["added_cond_kwargs"] = added
    if known.config.time_cond_proj_dim is not None:
        call["timestep_cond"] = noise(1, 12)
    return call, added


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_are_those_of_diffusers(kind: str) -> None:
    known, own = pair(kind)
    call, _ = given(known)
    with torch.inference_mode():
        torch.testing.assert_close(own(**call).sample, known(**call).sample, rtol=0, atol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_walk_takes_either(kind: str) -> None:
    known, own = pair(kind)
    assert knows(own)
    call, added = given(known)
    texts, scale = call["encoder_hidden_states"], call.get("timestep_cond")
    found = []
    with torch.inference_mode():
        for unet in (known, own):
            walk = Walk(unet, Plain())
            prepared = walk.texts(texts, added)
            found.append(
                walk(call["sample"], walk.times(421.5, torch.float32, prepared.told, scale), prepared)
            )
        torch.testing.assert_close(found[1], found[0], rtol=0, atol=0)
        torch.testing.assert_close(found[1], known(**call).sample, rtol=1e-4, atol=1e-5)


def nobody(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, /, *, crossing: bool) -> torch.Tensor | None:
    """The picture before the last looks at words as if all were alike, and at itself as before."""
    return v[-2:-1].mean(dim=2, keepdim=True).expand_as(q[-2:-1]) if crossing else None


def test_what_is_put_into_a_called_network_works_in_either() -> None:
    known, own = pair("2.x")
    call, _ = given(known)
    found = []
    for unet in (known, own):
        with torch.inference_mode(), circular(unet, ("x", "y")), steered(unet, nobody):
            found.append(unet(**call).sample)
    torch.testing.assert_close(found[1], found[0], rtol=0, atol=0)
    with torch.inference_mode():
        plain = own(**call).sample
    assert not torch.allclose(plain, found[1], atol=1e-3)
    torch.testing.assert_close(plain, known(**call).sample, rtol=0, atol=0)


def test_sizes_that_do_not_halve_evenly() -> None:
    known, own = pair("three levels")
    call, _ = given(known)
    call["sample"] = call["sample"][..., :7]
    with torch.inference_mode():
        torch.testing.assert_close(own(**call).sample, known(**call).sample, rtol=0, atol=0)


@pytest.mark.parametrize(
    "change",
    [
        {"mid_block_type": None},
        {"class_embed_type": "timestep", "num_class_embeds": 3},
        {"addition_embed_type": "text"},
        {"down_block_types": ["AttnDownBlock2D", "DownBlock2D"]},
        {"transformer_layers_per_block": [[1], [2]]},
        {"resnet_time_scale_shift": "scale_shift"},
        {"dual_cross_attention": True},
        {"only_cross_attention": [False, True]},
        {"encoder_hid_dim_type": "ip_image_proj"},
        {"attention_head_dim": [4]},
        {"a_field_of_tomorrow": None},
    ],
    ids=str,
)
def test_what_is_not_plain_is_left_to_the_library(change: dict[str, Any]) -> None:
    config = dict(make_unet().config)
    with torch.device("meta"):
        assert UNet2DConditionModel.read(config) is not None
        assert UNet2DConditionModel.read({**config, **change}) is None


def test_configuration_is_the_librarys_with_its_defaults() -> None:
    with torch.device("meta"):
        own = UNet2DConditionModel.read({"_class_name": "UNet2DConditionModel"})
        defaults = {name: value for name, value in Known().config.items() if not name.startswith("_")}
    assert own is not None
    assert own.config == defaults
