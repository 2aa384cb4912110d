"""Which kind of model a checkpoint in one file is: told by its tensors, and refused where it is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from invoke_cli.errors import ModelError
from invoke_cli.models import architectures
from invoke_cli.models.architectures import ARCHITECTURES, recognise
from invoke_cli.models.networks import empty_network
from tests.models.conftest import NAMES, loaded

pytestmark = pytest.mark.usefixtures("own_directory")
SHIPPED = architectures.configs_directory()


def real_shapes(name: str) -> dict[str, tuple[int, ...]]:
    """The names and shapes of a full-size checkpoint, as far as recognising it looks at them."""
    config = json.loads((SHIPPED / "architectures" / name / "unet" / "config.json").read_text())
    shapes: dict[str, tuple[int, ...]] = {
        "model.diffusion_model.input_blocks.0.0.weight": (config["block_out_channels"][0], 4, 3, 3),
        "model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight": (
            640,
            {"sd-1": 768, "sd-2": 1024, "sdxl": 2048, "sdxl-refiner": 1280}[name],
        ),
        "first_stage_model.quant_conv.weight": (8, 8, 1, 1),
    }
    if name.startswith("sdxl"):
        shapes["model.diffusion_model.label_emb.0.0.weight"] = (1280, 2816)
    texts = {
        "sd-1": ["cond_stage_model.transformer.text_model.embeddings.token_embedding.weight"],
        "sd-2": ["cond_stage_model.model.token_embedding.weight"],
        "sdxl": [
            "conditioner.embedders.0.transformer.text_model.embeddings.token_embedding.weight",
            "conditioner.embedders.1.model.token_embedding.weight",
        ],
        "sdxl-refiner": ["conditioner.embedders.0.model.token_embedding.weight"],
    }
    return shapes | dict.fromkeys(texts[name], (49408, 768))


@pytest.mark.parametrize("name", NAMES)
def test_each_kind_is_recognised_by_its_tensors(name: str) -> None:
    assert recognise(real_shapes(name), Path("sdxl_v2_inpainting.safetensors")).name == name


@pytest.mark.parametrize(
    ("name", "part", "parameters"),
    [
        ("sd-1", "unet", 859_520_964),
        ("sd-1", "vae", 83_653_863),
        ("sd-1", "text_encoder", 123_060_480),
        ("sd-2", "unet", 865_910_724),
        ("sd-2", "text_encoder", 340_387_840),
        ("sdxl", "unet", 2_567_463_684),
        ("sdxl", "text_encoder_2", 694_659_840),
    ],
)
def test_shipped_configurations_make_networks_of_the_published_size(
    name: str, part: str, parameters: int
) -> None:
    config = json.loads((SHIPPED / "architectures" / name / part / "config.json").read_text())
    assert sum(tensor.numel() for tensor in empty_network(config).parameters()) == parameters


def test_every_architecture_ships_its_configurations() -> None:
    for found in ARCHITECTURES:
        parts = {path.name for path in (SHIPPED / "architectures" / found.name).iterdir()}
        assert parts == {"unet", "vae", "scheduler", *(text.part for text in found.texts)}


def test_what_is_no_checkpoint_is_said(tmp_path: Path, tiny_sizes: Any) -> None:
    tensors = tiny_sizes("sd-1").tensors()
    unet = {name: tensor for name, tensor in tensors.items() if name.startswith("model.")}
    for content, message in (
        ({"lora_unet_mid.alpha": torch.ones(1)}, "is a LoRA, not a model"),
        ({name: t for name, t in tensors.items() if name.startswith("first")}, "is a VAE, not a model"),
        ({"clip_l": torch.ones(1, 4)}, "holds no UNet"),
        (unet, "holds no text encoder"),
        ({name: t for name, t in tensors.items() if not name.startswith("cond")}, "text encoder"),
        ({name: t for name, t in tensors.items() if "input_blocks.1" not in name}, "lacks tensors"),
    ):
        save_file(content, tmp_path / "part.safetensors")
        with pytest.raises(ModelError, match=message):
            loaded(tmp_path / "part.safetensors")
    with pytest.raises(ModelError, match="no such file"):
        loaded(tmp_path / "away.safetensors")
    with pytest.raises(ModelError, match="called 'sd-9'"):
        recognise(real_shapes("sd-1"), Path("x"), "sd-9")


def test_a_checkpoint_with_a_hole_is_said(tmp_path: Path, tiny_sizes: Any) -> None:
    tensors = tiny_sizes("sdxl").tensors()
    del tensors["model.diffusion_model.label_emb.0.2.bias"]
    save_file(tensors, tmp_path / "torn.safetensors")
    with pytest.raises(ModelError, match=r"lacks tensors .*add_embedding\.linear_2\.bias"):
        loaded(tmp_path / "torn.safetensors")


def test_an_unfit_width_is_said() -> None:
    shapes = {
        name: shape if "attn2" not in name else (640, 512) for name, shape in real_shapes("sd-1").items()
    }
    with pytest.raises(ModelError, match="text of width 512 instead of 768"):
        recognise(shapes, Path("x"))
