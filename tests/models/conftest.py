"""Tiny models and LoRAs for them; checkpoints in one file, and a place of their own to look for things."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.generate import Picture, generate
from invoke_cli.diffusion.recipe import Recipe
from invoke_cli.diffusion.schedule import NoiseTable
from invoke_cli.models import architectures
from invoke_cli.models.entries import ModelEntry
from invoke_cli.models.folders import Stamp
from invoke_cli.models.sources import source_of
from invoke_cli.models.wanted import UsedLora
from tests.checkpoints import Kind
from tests.tiny import make_text_encoder, make_tokenizer, make_unet, make_vae

CPU = torch.device("cpu")
NAMES = ["sd-1", "sd-2", "sdxl", "sdxl-refiner"]
RANK, ALPHA = 3, 1.5
Weights = dict[str, Tensor]
Spell = Callable[[str, str], tuple[str, str, str | None]]


# --- LoRAs ----------------------------------------------------------------------------------------------


@pytest.fixture
def bundle() -> Bundle:
    tokenizer = make_tokenizer()
    return Bundle(
        unet=make_unet(),
        vae=make_vae(),
        text_encoder=make_text_encoder(tokenizer),
        tokenizer=tokenizer,
        table=NoiseTable.from_config({}),
        native=64,
        name="tiny",
    )


def layers(network: nn.Module) -> dict[str, nn.Module]:
    """Every linear layer and convolution, by its name without the outer shell of text encoders."""
    return {
        name.removeprefix("text_model."): module
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear | nn.Conv2d)
    }


def factors(module: Any, seed: int) -> tuple[Tensor, Tensor]:
    """Random (up, down) of the shapes that trainers write for the module."""
    drawn = torch.Generator().manual_seed(seed)
    out, inside, *kernel = module.weight.shape
    up = torch.randn(out, RANK, *[1] * len(kernel), generator=drawn)
    return up, torch.randn(RANK, inside, *kernel, generator=drawn) * 0.1


def kohya(part: str, name: str) -> tuple[str, str, str | None]:
    inner = f"text_model_{name.replace('.', '_')}" if part == "te" else name.replace(".", "_")
    base = f"lora_{part}_{inner}"
    return f"{base}.lora_up.weight", f"{base}.lora_down.weight", f"{base}.alpha"


def content(bundle: Bundle, spell: Spell) -> Weights:
    """A LoRA for every layer of the tiny model."""
    tensors: Weights = {}
    for part, network in (("unet", bundle.unet), ("te", bundle.text_encoder)):
        for seed, (name, module) in enumerate(layers(network).items()):
            up_key, down_key, alpha_key = spell(part, name)
            tensors[up_key], tensors[down_key] = factors(module, seed)
            if alpha_key is not None:
                tensors[alpha_key] = torch.tensor(ALPHA)
    return tensors


def used(path: Path, tensors: Mapping[str, Tensor], weight: float = 1.0, **notes: str) -> UsedLora:
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, notes)
    return UsedLora(path.stem, weight, Stamp.of(path))


def weights(bundle: Bundle) -> Weights:
    return {
        f"{part}.{name}": module.weight.clone()  # type: ignore[operator]
        for part, network in (("unet", bundle.unet), ("te", bundle.text_encoder))
        for name, module in layers(network).items()
    }


def same(one: Weights, other: Weights) -> bool:
    return all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def last_picture(bundle: Bundle, recipe: Recipe) -> Any:
    *_, picture = generate(bundle, recipe)
    assert isinstance(picture, Picture)
    return picture.rgb


# --- checkpoints in one file ----------------------------------------------------------------------------


@pytest.fixture
def own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nobody's real configuration, and no hub's cache."""
    from huggingface_hub import constants

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "own" / "invoke-cli"


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    tried: list[Any] = []

    def connect(*args: Any, **_more: Any) -> None:
        tried.append(args)
        raise OSError("no network in this test")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, connect)
    monkeypatch.setattr(socket, "getaddrinfo", connect)
    monkeypatch.setattr(socket, "create_connection", connect)
    return tried


@pytest.fixture
def tiny_sizes(own_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes tiny models, and has their configurations taken for the shipped ones."""
    monkeypatch.setattr(architectures, "configs_directory", lambda: tmp_path / "configs")
    make_tokenizer().save_pretrained(own_directory / "tokenizer")

    def make(name: str, **changes: Any) -> Kind:
        kind = Kind(name, **changes)
        kind.save_configs(tmp_path / "configs" / "architectures" / name)
        return kind

    return make


def loaded(path: Path, dtype: torch.dtype = torch.float32, **more: Any) -> Bundle:
    entry = ModelEntry(name="some", source=str(path), **more)
    return source_of(entry).load(entry, CPU, dtype)
