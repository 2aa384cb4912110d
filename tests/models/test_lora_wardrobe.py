"""LoRAs put on and taken off again: the very bits come back, and nothing is merged or read in vain."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.recipe import Recipe
from invoke_cli.models.adapters import Wardrobe
from invoke_cli.models.wanted import Wanted
from tests.models.conftest import content, kohya, last_picture, same, used, weights
from tests.tiny import make_text_encoder, make_unet


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_taking_a_lora_off_gives_back_the_very_bits(
    bundle: Bundle, tmp_path: Path, dtype: torch.dtype
) -> None:
    for network in (bundle.unet, bundle.text_encoder):
        network.to(dtype)
    before = weights(bundle)
    lora = used(tmp_path / "a.safetensors", content(bundle, kohya), 3.7)
    wardrobe = Wardrobe()
    for weight in (3.7, 0.1, -9.0):
        wardrobe.dress(bundle, Wanted((replace(lora, weight=weight),)))
        assert not same(before, weights(bundle))
        assert {module.dtype for module in weights(bundle).values()} == {dtype}
    plain, notices = wardrobe.dress(bundle, Wanted())
    assert plain is bundle
    assert notices == ()
    assert same(before, weights(bundle))


def test_weights_that_were_given_up_for_packed_ones_are_merged_all_the_same(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lora = Wanted((used(tmp_path / "a.safetensors", content(bundle, kohya), 0.3),))
    recipe = Recipe(positive=(("a cat", 1.0),), width=64, height=64, steps=1, seed=1)
    expected = last_picture(Wardrobe().dress(bundle, lora)[0], recipe)
    monkeypatch.setattr("invoke_cli.diffusion.packed.SPARED", 0)
    spared = replace(bundle, unet=make_unet(), text_encoder=make_text_encoder(bundle.tokenizer))
    wardrobe = Wardrobe()
    plain = last_picture(spared, recipe)
    assert spared.unet.conv_in.weight.is_meta
    assert np.array_equal(last_picture(wardrobe.dress(spared, lora)[0], recipe), expected)
    assert np.array_equal(last_picture(wardrobe.dress(spared, Wanted())[0], recipe), plain)
    assert not np.array_equal(plain, expected)


def test_the_same_adapters_are_not_merged_again(bundle: Bundle, tmp_path: Path) -> None:
    wanted = Wanted((used(tmp_path / "a.safetensors", content(bundle, kohya)),))
    wardrobe = Wardrobe()
    first, notices = wardrobe.dress(bundle, wanted)
    merged = bundle.unet.conv_in.weight
    assert notices
    assert wardrobe.dress(bundle, wanted) == (first, ())
    assert bundle.unet.conv_in.weight is merged


def test_embeddings_are_remembered_for_each_set_of_adapters(bundle: Bundle, tmp_path: Path) -> None:
    prompt = (("a cat", 1.0),)
    plain = bundle.condition(prompt, ()).positive
    lora = used(tmp_path / "a.safetensors", content(bundle, kohya))
    wardrobe = Wardrobe()
    dressed, _ = wardrobe.dress(bundle, Wanted((lora,)))
    assert not torch.equal(dressed.condition(prompt, ()).positive, plain)
    back, _ = wardrobe.dress(bundle, Wanted())
    assert torch.equal(back.condition(prompt, ()).positive, plain)
