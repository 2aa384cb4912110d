"""Networks that want more than latents and text: SDXL, inpainting ones, latent consistency ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPTextModelWithProjection

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.generate import Picture, generate
from invoke_cli.diffusion.recipe import Recipe
from invoke_cli.wording import Edited, Mixture, Swap
from tests.diffusion.conftest import Listening, drawn

CAT, DULL = (("a cat", 1.0),), (("dull", 1.0),)


def make_unet(**changes: Any) -> Any:
    torch.manual_seed(1)
    config: dict[str, Any] = {
        "sample_size": 8,
        "block_out_channels": (8, 16),
        "layers_per_block": 1,
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
        "cross_attention_dim": 16,
        "attention_head_dim": 4,
        "norm_num_groups": 4,
    }
    return UNet2DConditionModel(**(config | changes)).eval().requires_grad_(False)


# --- SDXL -----------------------------------------------------------------------------------------------


@pytest.fixture
def large(bundle: Bundle) -> Bundle:
    """Two text encoders, of which the second one pools."""
    torch.manual_seed(4)
    config = type(bundle.text_encoder.config)(**bundle.text_encoder.config.to_dict())
    config.projection_dim = 12
    second = CLIPTextModelWithProjection(config).eval().requires_grad_(False)
    unet = make_unet(
        cross_attention_dim=32,
        addition_embed_type="text_time",
        addition_time_embed_dim=4,
        projection_class_embeddings_input_dim=12 + 6 * 4,
    )
    return replace(
        bundle, unet=Listening(unet), text_encoder_2=second, tokenizer_2=bundle.tokenizer, blank_negative=True
    )


def test_mixed_prompts_are_mixed_for_both_encoders(large: Bundle) -> None:
    cat, dog = large.condition(CAT, DULL), large.condition((("a dog", 1.0),), DULL)
    mix = ((CAT, 0.75), ((("a dog", 1.0),), 0.25))
    found = large.condition(Mixture((mix,)), DULL)
    torch.testing.assert_close(found.positive, torch.lerp(cat.positive, dog.positive, 0.25))
    for name in ("text_embeds", "time_ids"):
        torch.testing.assert_close(found.added[name], torch.lerp(cat.added[name], dog.added[name], 0.25))
    beside = large.condition(Mixture((((CAT, 1.0),), mix)), DULL)
    assert beside.positive.shape == beside.negative.shape == (1, 154, 32)
    torch.testing.assert_close(beside.positive[:, 77:], found.positive)
    pooled = (cat.added["text_embeds"][1] + found.added["text_embeds"][1]) / 2
    torch.testing.assert_close(beside.added["text_embeds"][1], pooled)


def test_faint_words_fade_for_both_encoders(large: Bundle) -> None:
    faint, gone, whole = (
        large.condition((("a", 1.0), ("cat", weight)), ()).positive for weight in (0.99, 0.0, 1.0)
    )
    assert not torch.equal(faint, whole)
    assert (faint - whole).abs().max() < (gone - whole).abs().max() / 10


def test_words_are_swapped_in_large_networks(large: Bundle) -> None:
    words = Edited(((("a", 1.0),), Swap((("cat", 1.0),), (("dog", 1.0),))))
    plain: dict[str, Any] = {"width": 64, "height": 64, "steps": 3, "seed": 4}
    (*_, edited) = generate(large, Recipe(positive=words, **plain))
    (*_, old) = generate(large, Recipe(positive=words.text(), **plain))
    assert isinstance(edited, Picture)
    assert isinstance(old, Picture)
    assert not np.array_equal(edited.rgb, old.rgb)


def test_both_encoders_speak_before_their_last_layer(large: Bundle) -> None:
    ids = large.tokenizer("a cat", padding="max_length", max_length=77, return_tensors="pt").input_ids
    hidden = [encoder(ids, output_hidden_states=True).hidden_states[-2] for _, encoder in large.readers]
    sides = large.condition(CAT, (), (48, 64))
    assert torch.allclose(sides.positive, torch.cat(hidden, dim=-1), atol=1e-6)
    assert torch.allclose(sides.added["text_embeds"][1], large.text_encoder_2(ids).text_embeds[0], atol=1e-6)
    assert sides.added["time_ids"].tolist() == [[48, 64, 0, 0, 48, 64]] * 2


def test_no_negative_prompt_is_blank_and_an_empty_encoding_where_the_model_wants_that(large: Bundle) -> None:
    blank = large.condition(CAT, ())
    assert not blank.negative.any()
    assert not blank.added["text_embeds"][0].any()
    spoken = replace(large, blank_negative=False).condition(CAT, ())
    assert spoken.negative.abs().min() > 0
    assert large.condition(CAT, DULL).added["text_embeds"][0].any()


def test_each_row_of_a_batch_is_told_its_own_side(large: Bundle, recipe: Any) -> None:
    drawn(large, recipe(negative=DULL, height=48))
    _, more = large.unet.told[0]
    told = more["added_cond_kwargs"]
    assert torch.equal(told["text_embeds"], large.condition(CAT, DULL).added["text_embeds"])
    assert told["time_ids"][1].tolist() == [48, 64, 0, 0, 48, 64]
    large.unet.told.clear()
    drawn(large, recipe(negative=DULL, scale=1.0))
    told = large.unet.told[0][1]["added_cond_kwargs"]
    assert torch.equal(told["text_embeds"], large.condition(CAT, DULL).added["text_embeds"][1:])


def test_a_refiner_is_told_aesthetic_scores(large: Bundle) -> None:
    unet = make_unet(
        addition_embed_type="text_time",
        addition_time_embed_dim=4,
        projection_class_embeddings_input_dim=12 + 5 * 4,
    )
    refiner = replace(
        large, unet=unet, text_encoder=large.text_encoder_2, text_encoder_2=None, tokenizer_2=None
    )
    sides = refiner.condition(CAT, (), (64, 64))
    assert sides.positive.shape[-1] == 16
    assert sides.added["time_ids"].tolist() == [[64, 64, 0, 0, 2.5], [64, 64, 0, 0, 6.0]]


# --- inpainting networks --------------------------------------------------------------------------------


@pytest.fixture
def inpainting(bundle: Bundle) -> Bundle:
    return replace(bundle, unet=Listening(make_unet(in_channels=9)))


def test_an_inpainting_network_sees_the_mask_and_what_is_around_it(
    inpainting: Bundle, init: np.ndarray, recipe: Any
) -> None:
    mask = np.zeros((64, 64), dtype=np.float32)
    mask[20:40, 8:30] = 1
    picture = drawn(inpainting, recipe(rgb=init, mask=mask, strength=0.7))
    assert np.array_equal(picture.rgb[mask == 0], init[mask == 0])
    assert (picture.rgb[mask == 1] != init[mask == 1]).any()
    z = inpainting.unet.told[0][0][0]
    pixels = torch.tensor(init).permute(2, 0, 1)[None].float() / 127.5 - 1
    masked = pixels * (torch.tensor(mask) < 0.5)
    seen = inpainting.vae.encode(masked).latent_dist.mean * 5.0
    cells = torch.zeros(8, 8)
    cells[2:5, 1:4] = 1
    for row in z:
        assert torch.equal(row[4], cells)
        assert torch.allclose(row[5:], seen[0], atol=1e-6)


@pytest.mark.parametrize("with_init", [True, False])
def test_without_a_mask_all_is_to_be_drawn(
    with_init: bool, inpainting: Bundle, init: np.ndarray, recipe: Any
) -> None:
    drawn(inpainting, recipe(rgb=init if with_init else None, strength=0.5 if with_init else 1.0))
    z = inpainting.unet.told[0][0][0]
    grey = inpainting.vae.encode(torch.zeros(1, 3, 64, 64)).latent_dist.mean * 5.0
    assert z[:, 4].eq(1).all()
    assert torch.allclose(z[0, 5:], grey[0], atol=1e-6)


# --- latent consistency ---------------------------------------------------------------------------------


def test_a_distilled_network_is_told_the_scale_and_called_once(bundle: Bundle, recipe: Any) -> None:
    from diffusers import LatentConsistencyModelPipeline

    told = replace(bundle, unet=Listening(make_unet(time_cond_proj_dim=32)))
    drawn(told, recipe(sampler="lcm", scale=8.5))
    embedding = LatentConsistencyModelPipeline.get_guidance_scale_embedding(
        None, torch.tensor([7.5]), embedding_dim=32
    )
    for args, more in told.unet.told:
        assert len(args[0]) == 1
        assert torch.allclose(more["timestep_cond"], embedding, atol=1e-4)
    assert len(told.unet.told) == 4
