"""The walk through a UNet against the network's own call, and the memory of what it prepares."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from invoke_cli.diffusion.attention import by_rows
from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.generate import Picture, generate
from invoke_cli.diffusion.kernels import Packed, Plain, hasten, packs
from invoke_cli.diffusion.packed import dense, unpack
from invoke_cli.diffusion.parts import knows
from invoke_cli.diffusion.prediction import Called, Walked, beside
from invoke_cli.diffusion.recipe import Recipe
from invoke_cli.diffusion.tiling import circular
from invoke_cli.diffusion.walk import Walk
from invoke_cli.errors import ModelError
from invoke_cli.networks.autoencoder import AutoencoderKL
from tests.tiny import make_unet, make_vae

Make = Callable[..., Recipe]
CPU = torch.device("cpu")
SDXL = {
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 4,
    "projection_class_embeddings_input_dim": 12 + 6 * 4,
}
# What tells the kinds of networks apart: the shape of blocks, projections, what they are told besides.
KINDS: dict[str, dict[str, Any]] = {
    "sd1": {},
    "sd2": {"use_linear_projection": True, "attention_head_dim": (2, 4)},
    "sdxl": {**SDXL, "use_linear_projection": True, "transformer_layers_per_block": (1, 2)},
    "inpainting": {"in_channels": 9},
    "lcm": {"time_cond_proj_dim": 32},
    "demo": {
        "block_out_channels": (8, 16, 16),
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    },
}
KERNELS = [Plain(), Packed(), Packed(spare=True)]


def inputs(kind: str, side: int = 8) -> tuple[Tensor, float, Tensor, dict[str, Tensor]]:
    torch.manual_seed(7)
    added = {"text_embeds": torch.randn(2, 12), "time_ids": torch.rand(2, 6) * 64} if kind == "sdxl" else {}
    return torch.randn(1, 4, side, side), 2.5, torch.randn(2, 77, 16), added


def ways(bundle: Bundle, kind: str, kernels: Any, axes: tuple[str, ...] = ()) -> tuple[Any, Any]:
    """The network as it is called and as it is walked through."""
    torch.manual_seed(8)
    told = torch.randn(1, 32) if kind == "lcm" else None
    hint = torch.randn(1, 5, 8, 8) if kind == "inpainting" else None
    walk = Walk(copy.deepcopy(bundle.unet), kernels, axes)
    return beside(Called(bundle, axes, told, 1), hint), beside(Walked(bundle, walk, told), hint)


@pytest.mark.parametrize("kernels", KERNELS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_walking_through_a_network_is_calling_it(bundle: Bundle, kind: str, kernels: Any) -> None:
    one = replace(bundle, unet=make_unet(**KINDS[kind]))
    assert knows(one.unet)
    called, walked = ways(one, kind, kernels)
    torch.testing.assert_close(walked(*inputs(kind)), called(*inputs(kind)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("axes", [("x",), ("x", "y")])
def test_a_walk_tiles_as_a_call_does(bundle: Bundle, axes: tuple[str, ...]) -> None:
    called, walked = ways(bundle, "sd1", Packed(), axes)
    torch.testing.assert_close(walked(*inputs("sd1")), called(*inputs("sd1")), rtol=1e-5, atol=1e-5)


def test_a_walk_takes_sizes_that_the_network_does_not_halve_evenly(bundle: Bundle) -> None:
    called, walked = ways(bundle, "sd1", Packed())
    odd = inputs("sd1", side=7)
    torch.testing.assert_close(walked(*odd), called(*odd), rtol=1e-5, atol=1e-5)


def test_half_precision_differs_by_its_own_rounding(bundle: Bundle) -> None:
    if not packs(CPU, torch.bfloat16):
        pytest.skip("this processor does not multiply bfloat16")
    half = replace(bundle, unet=copy.deepcopy(bundle.unet).bfloat16(), dtype=torch.bfloat16)
    z, *rest = inputs("sd1")
    exact = Called(bundle, (), None, 1)(z, *rest)
    called, walked = ways(half, "sd1", Packed())
    errors = [float((way(z.bfloat16(), *rest) - exact).square().mean().sqrt()) for way in (called, walked)]
    assert errors[1] < 1.5 * errors[0]


def test_networks_with_something_of_their_own_are_called(bundle: Bundle) -> None:
    strange = make_unet()
    strange.mid_block.attentions[0].transformer_blocks[0].attn2.processor = object()
    watched = make_unet()
    watched.conv_in.register_forward_hook(lambda *_: None)
    scaled = make_unet(resnet_time_scale_shift="scale_shift")
    assert [bundle.walk((), 1) is None, *(knows(each) for each in (strange, watched, scaled))] == [False] * 4


# --- packed weights ---------------------------------------------------------------------------------------


def test_spared_weights_come_back_bit_for_bit() -> None:
    unet, plain = make_unet(), make_unet()
    walk = Walk(unet, Packed(spare=True))
    z, _, embeddings, _ = inputs("sd1")
    with torch.inference_mode():
        walk(z, walk.times(3.0, torch.float32, None, None), walk.texts(embeddings, {}))
    gone = [weight for weight in unet.parameters() if weight.is_meta]
    assert len(gone) > 40
    unpack(unet)
    for (name, weight), own in zip(unet.named_parameters(), plain.parameters(), strict=True):
        assert torch.equal(weight, own), name


def test_other_weights_in_a_modules_place_are_used_at_once(bundle: Bundle, recipe: Make) -> None:
    """As a LoRA puts them there: the way there and back again, with the packed ones still at hand."""
    one = replace(bundle, unet=copy.deepcopy(bundle.unet))
    before = drawn(one, recipe())
    layer = one.unet.mid_block.resnets[0].conv1
    own = layer.weight
    layer.weight = torch.nn.Parameter(own * 1.5, requires_grad=False)
    worn = drawn(replace(one), recipe())
    fresh = replace(one, unet=copy.deepcopy(one.unet))
    assert torch.equal(worn, drawn(fresh, recipe()))
    assert not torch.equal(worn, before)
    layer.weight = own
    assert torch.equal(drawn(one, recipe()), before)


def test_a_weight_changed_where_it_lies_is_packed_anew() -> None:
    layer = torch.nn.Linear(8, 8, bias=False).requires_grad_(False)
    kernels, x = Packed(), torch.randn(3, 8)
    kernels.linear(layer, x)
    layer.weight.mul_(2)
    torch.testing.assert_close(kernels.linear(layer, x), x @ layer.weight.T)


def test_a_weight_that_was_not_given_up_is_itself() -> None:
    weight = torch.nn.Parameter(torch.ones(2, 2))
    assert dense(weight) is weight


# --- what is kept -----------------------------------------------------------------------------------------


def drawn(bundle: Bundle, recipe: Recipe) -> Tensor:
    """The latents at the end."""
    *_, last = (made for made in generate(bundle, recipe) if not isinstance(made, Picture))
    return last.x  # type: ignore[no-any-return]


LINES: list[dict[str, Any]] = [
    {},
    {"positive": (("a dog", 1.0),)},
    {"steps": 3, "strength": 0.7},
    {"scale": 1},
    {"width": 48},
    {"sampler": "k_dpm_2"},
    {"seamless": ("x",)},
    {"negative": (("a cat", 1.2),)},
]


def test_a_line_gives_the_same_bits_after_any_other_lines(
    bundle: Bundle, init: np.ndarray, recipe: Make
) -> None:
    asked = [recipe(**({"rgb": init} if "strength" in line else {}), **line) for line in LINES]
    alone = [drawn(replace(bundle), each) for each in asked]
    for order in (range(len(asked)), reversed(range(len(asked)))):
        for index in order:
            assert torch.equal(drawn(bundle, asked[index]), alone[index]), LINES[index]


def test_the_prompt_and_the_timesteps_are_prepared_once(
    bundle: Bundle, recipe: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[str] = []
    for name in ("texts", "times"):
        own = getattr(Walk, name)

        def counting(*args: Any, own: Any = own, name: str = name) -> Any:
            prepared.append(name)
            return own(*args)

        monkeypatch.setattr(Walk, name, counting)
    drawn(bundle, recipe(steps=4))
    assert prepared == ["texts", *["times"] * 4]
    drawn(bundle, recipe(steps=4, seed=43))
    assert len(prepared) == 5
    drawn(bundle, recipe(steps=4, positive=(("a dog", 1.0),)))
    assert prepared[5:] == ["texts"]


def test_a_hastened_autoencoder_decodes_the_same_and_tiles() -> None:
    plain, packed = make_vae(), make_vae()
    hasten(packed, Packed(spare=True))
    z = torch.randn(1, 4, 6, 8)
    with torch.inference_mode():
        for axes in ((), ("x",), ("x", "y")):
            with circular(plain, axes), circular(packed, axes):
                torch.testing.assert_close(packed.decode(z).sample, plain.decode(z).sample)
    assert packed.decoder.conv_out.weight.is_meta


def test_its_attention_runs_on_the_kernels() -> None:
    class Noting(Packed):
        """Kernels that note what they attend to."""

        def attend(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
            seen.append(tuple(q.shape))
            return by_rows(q, k, v)

    seen: list[tuple[int, ...]] = []
    torch.manual_seed(0)
    ours = AutoencoderKL.read(
        {"_class_name": "AutoencoderKL", "norm_num_groups": 4, "block_out_channels": (8,)}
    )
    assert ours is not None
    z = torch.randn(1, 4, 6, 8)
    with torch.inference_mode():
        expected = ours.decode(z).sample
        hasten(ours, Noting())
        torch.testing.assert_close(ours.decode(z).sample, expected)
    assert seen == [(1, 1, 48, 8)]


# --- approximations ---------------------------------------------------------------------------------------


def test_features_of_the_same_timestep_stand_in_exactly() -> None:
    """The outer blocks alone, on the deep features of the same input, are the whole network."""
    for kind in ("sd1", "demo", "sdxl"):
        z, _, embeddings, added = inputs(kind)
        walk = Walk(make_unet(**KINDS[kind]), Packed())
        with torch.inference_mode():
            texts = walk.texts(embeddings, added)
            times = walk.times(3.0, torch.float32, texts.told, None)
            whole, deep = walk.with_features(z, times, texts)
            outer, same = walk.with_features(z, times, texts, deep)
            assert torch.equal(outer, whole)
            assert same is deep
            other, _ = walk.with_features(z, times, texts, deep * 1.1)
            assert not torch.equal(other, whole)


def test_features_are_reused_in_all_but_one_of_n_evaluations(
    bundle: Bundle, recipe: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[bool] = []
    own = Walk.with_features

    def noting(walk: Walk, z: Tensor, times: Any, texts: Any, deep: Tensor | None = None) -> Any:
        given.append(deep is not None)
        return own(walk, z, times, texts, deep)

    monkeypatch.setattr(Walk, "with_features", noting)
    plain, _, every = (drawn(bundle, recipe(steps=5, reuse=reuse)) for reuse in (1, 3, 1))
    assert given == [False] * 5 + [False, True, True, False, True] + [False] * 5
    assert torch.equal(plain, every)
    with pytest.raises(ModelError, match="cannot be reused"):
        drawn(replace(bundle, unet=make_unet(resnet_time_scale_shift="scale_shift")), recipe(reuse=2))


def test_guidance_is_left_out_beyond_its_levels(bundle: Bundle, recipe: Make) -> None:
    at = [step.sigma for step in generate(bundle, recipe(steps=4)) if not isinstance(step, Picture)]
    plain, alone = recipe(steps=4), recipe(steps=4, scale=1)
    assert torch.equal(drawn(bundle, replace(plain, guidance=(0, at[0]))), drawn(bundle, plain))
    assert torch.equal(drawn(bundle, replace(plain, guidance=(at[0], 1000))), drawn(bundle, alone))
    rows: list[int] = []
    own = Walk.__call__
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            Walk,
            "__call__",
            lambda walk, z, t, texts: (rows.append(len(texts.embeddings)), own(walk, z, t, texts))[1],
        )
        drawn(bundle, replace(plain, guidance=(at[2], at[1])))
    assert rows == [1, 2, 1, 1]


def test_halves_one_after_the_other_give_the_same_picture_but_for_rounding(
    bundle: Bundle, recipe: Make
) -> None:
    together, apart = (drawn(bundle, recipe(low_memory=spared)) for spared in (False, True))
    torch.testing.assert_close(apart, together, rtol=1e-3, atol=1e-3)
