"""Tiny networks with random weights, for tests where the networks' content does not matter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer
from transformers.convert_slow_tokenizer import bytes_to_unicode

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.generate import Picture, generate
from invoke_cli.diffusion.recipe import Recipe
from invoke_cli.diffusion.samplers import SAMPLERS
from invoke_cli.diffusion.schedule import NoiseTable
from invoke_cli.diffusion.step import Step

SIDE = 64
ALL = list(SAMPLERS)
Make = Callable[..., Recipe]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Tiny networks gain nothing from threads, and lose much to a busy machine."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tokenizer() -> CLIPTokenizer:
    """Every character is a token, with an end-of-word twin, and one merge to have a longer one."""
    letters = list(bytes_to_unicode().values())
    marks = ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = [*letters, *(letter + "</w>" for letter in letters), "ca", "cat</w>", *marks]
    merges = [("c", "a"), ("ca", "t</w>")]
    numbered = {token: number for number, token in enumerate(vocabulary)}
    return CLIPTokenizer(vocab=numbered, merges=merges, model_max_length=77)


@pytest.fixture(scope="session")
def text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
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


@pytest.fixture(scope="session")
def unet() -> UNet2DConditionModel:
    torch.manual_seed(1)
    return (
        UNet2DConditionModel(
            sample_size=8,
            block_out_channels=(8, 16),
            layers_per_block=1,
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
            cross_attention_dim=16,
            attention_head_dim=4,
            norm_num_groups=4,
        )
        .eval()
        .requires_grad_(False)
    )


@pytest.fixture(scope="session")
def vae() -> AutoencoderKL:
    torch.manual_seed(2)
    blocks = 4
    return (
        AutoencoderKL(
            block_out_channels=(8,) * blocks,
            down_block_types=("DownEncoderBlock2D",) * blocks,
            up_block_types=("UpDecoderBlock2D",) * blocks,
            layers_per_block=1,
            latent_channels=4,
            scaling_factor=5.0,
            norm_num_groups=4,
            mid_block_add_attention=False,
        )
        .eval()
        .requires_grad_(False)
    )


@pytest.fixture
def bundle(unet: Any, vae: Any, text_encoder: Any, tokenizer: Any) -> Bundle:
    """A model of random weights. Function-scoped: its memory of embeddings and latents is fresh."""
    return Bundle(
        unet=unet,
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        table=NoiseTable.from_config({}),
        native=SIDE,
        name="tiny",
    )


class Counting:
    """A network that counts its calls and notes what it was given; everything else is passed on."""

    def __init__(self, network: Any) -> None:
        self.network = network
        self.batches: list[int] = []
        self.timesteps: list[torch.Tensor] = []

    @property
    def calls(self) -> int:
        return len(self.batches)

    def _note(self, x: torch.Tensor, *rest: Any) -> None:
        self.batches.append(len(x))
        self.timesteps.extend(rest[:1])

    def __call__(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        self._note(x, *args)
        return self.network(x, *args, **kwargs)

    def encode(self, x: torch.Tensor) -> Any:
        self._note(x)
        return self.network.encode(x)

    def decode(self, x: torch.Tensor) -> Any:
        self._note(x)
        return self.network.decode(x)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.network, name)


class Recording:
    """A UNet that keeps what it was first given and predicts that everything is noise."""

    config = SimpleNamespace(in_channels=4)

    def __init__(self) -> None:
        self.first: tuple[torch.Tensor, torch.Tensor] | None = None

    def __call__(self, z: torch.Tensor, t: torch.Tensor, embeddings: torch.Tensor) -> Any:
        self.first = self.first or (z.clone(), t.clone())
        return SimpleNamespace(sample=z * 0.9)


class Listening:
    """A network that notes everything it is told."""

    def __init__(self, network: Any) -> None:
        self.network, self.told = network, []

    def __call__(self, *args: Any, **more: Any) -> Any:
        self.told.append((args, more))
        return self.network(*args, **more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.network, name)


@pytest.fixture
def counting(bundle: Bundle) -> Bundle:
    return replace(
        bundle,
        unet=Counting(bundle.unet),
        vae=Counting(bundle.vae),
        text_encoder=Counting(bundle.text_encoder),
    )


@pytest.fixture
def init() -> np.ndarray:
    """A picture of smooth shapes, uint8 (64, 64, 3)."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    planes = [np.sin(5 * x) * np.cos(3 * y), x * y, np.cos(7 * x + 2 * y)]
    return np.stack([np.uint8(127 + 120 * plane) for plane in planes], axis=-1)


def recipe(**changes: Any) -> Recipe:
    """A small recipe to change one thing of."""
    plain: dict[str, Any] = {
        "positive": (("a cat", 1.0),),
        "width": SIDE,
        "height": SIDE,
        "steps": 4,
        "seed": 42,
    }
    return Recipe(**(plain | changes))


@pytest.fixture(scope="session", name="recipe")
def _recipe() -> Any:
    return recipe


def made(bundle: Bundle, recipe: Recipe) -> tuple[list[Step], Picture]:
    *steps, picture = generate(bundle, recipe)
    assert all(isinstance(step, Step) for step in steps)
    assert isinstance(picture, Picture)
    return steps, picture  # type: ignore[return-value]


def pixels(bundle: Bundle, recipe: Recipe) -> np.ndarray:
    return made(bundle, recipe)[1].rgb


def drawn(bundle: Bundle, recipe: Any) -> Picture:
    *_, last = generate(bundle, recipe)
    assert isinstance(last, Picture)
    return last


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.array_equal(a, b))
