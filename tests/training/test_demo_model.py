"""The exported demo model: plain classes load it, offline; its parts do what a Stable Diffusion's do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

from training.autoencoder import unit
from training.goldens import draw, statistics
from training.losses import psnr
from training.pictures import HELD_OUT_SEED
from training.renderer import STYLES, render

DEMO = Path(__file__).parents[2] / "invoke_cli" / "data" / "demo"
LIMIT = 40_000_000


@pytest.fixture(scope="module", autouse=True)
def offline() -> Any:
    patch = pytest.MonkeyPatch()
    patch.setenv("HF_HUB_OFFLINE", "1")
    yield
    patch.undo()


@pytest.fixture(scope="module")
def vae() -> Any:
    return AutoencoderKL.from_pretrained(DEMO / "vae")


@pytest.fixture(scope="module")
def unet() -> Any:
    return UNet2DConditionModel.from_pretrained(DEMO / "unet")


@pytest.fixture(scope="module")
def text() -> Any:
    return CLIPTextModel.from_pretrained(DEMO / "text_encoder")


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return CLIPTokenizer.from_pretrained(DEMO / "tokenizer")


def held_out(count: int, style: str | None = None) -> torch.Tensor:
    """Pictures of seeds that training never drew, (count, 3, 128, 128)."""
    seeds = range(HELD_OUT_SEED + 5000, HELD_OUT_SEED + 5000 + count)
    return unit(np.stack([render(seed, style=style).rgb for seed in seeds]))


def test_it_is_small_enough_to_travel() -> None:
    assert sum(file.stat().st_size for file in DEMO.rglob("*") if file.is_file()) <= LIMIT


def test_the_index_names_plain_classes_and_no_safety_checker() -> None:
    index = json.loads((DEMO / "model_index.json").read_text())
    assert index["unet"] == ["diffusers", "UNet2DConditionModel"]
    assert index["safety_checker"] == [None, None]
    assert index["requires_safety_checker"] is False


def test_the_native_size_is_stated_alike_in_both_configurations(unet: Any, vae: Any) -> None:
    assert unet.config.sample_size * 8 == vae.config.sample_size


def test_the_tokenizer_and_the_text_encoder_agree(tokenizer: Any, text: Any) -> None:
    assert len(tokenizer) == text.config.vocab_size
    assert tokenizer.model_max_length == 77
    assert tokenizer.eos_token_id == text.config.eos_token_id


def test_prompts_of_the_guide_are_whole_words(tokenizer: Any) -> None:
    prompt = "Tree on a hill with a river, nature photograph, national geographic"
    pieces = tokenizer.tokenize(prompt)
    assert " ".join(pieces).replace("</w>", "") == prompt.lower().replace(",", " ,")


@pytest.mark.parametrize("strange", ["xylophonist", "café", "北京", "a\u0301", "🔥"])
def test_unknown_words_still_encode(tokenizer: Any, strange: str) -> None:
    pieces = tokenizer(strange).input_ids[1:-1]
    assert pieces
    assert tokenizer.unk_token_id not in pieces


@torch.no_grad()
def test_latents_have_about_unit_variance(vae: Any) -> None:
    latents = vae.encode(held_out(48)).latent_dist.mean * vae.config.scaling_factor
    assert latents.std().item() == pytest.approx(1, abs=0.15)
    assert latents.mean(dim=(0, 2, 3)).abs().max().item() < 0.25


@pytest.mark.parametrize("style", STYLES)
@torch.no_grad()
def test_the_autoencoder_keeps_pictures_of_every_style(vae: Any, style: str) -> None:
    true = held_out(3, style)
    made = vae.decode(vae.encode(true).latent_dist.mean).sample
    assert psnr(made, true).mean().item() > 26
    assert (made.mean(dim=(2, 3)) - true.mean(dim=(2, 3))).abs().mean().item() < 0.03


def test_the_whole_pipeline_loads_and_draws() -> None:
    pipeline = StableDiffusionPipeline.from_pretrained(DEMO)
    pipeline.set_progress_bar_config(disable=True)
    native = pipeline.vae.config.sample_size
    picture = pipeline("fire", num_inference_steps=2, generator=torch.Generator().manual_seed(1)).images[0]
    assert picture.size == (native, native)


def test_it_still_draws_what_it_drew_when_it_was_exported() -> None:
    """The numbers beside this file: written by ``python -m training.goldens`` from the exported weights."""
    known = json.loads(Path(__file__).with_name("goldens.json").read_text(encoding="utf-8"))
    made = statistics(draw(DEMO))
    assert made.keys() == known.keys()
    for prompt, numbers in made.items():
        assert numbers["deviation"] == pytest.approx(known[prompt]["deviation"], abs=3), prompt
        off = np.abs(np.subtract(numbers["grid"], known[prompt]["grid"]))
        assert off.mean() < 3, prompt
        assert off.max() < 15, prompt
