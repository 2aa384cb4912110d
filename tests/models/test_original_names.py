"""Names of the original code, at the real sizes, against those that other code gives to the same weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from diffusers import UNet2DConditionModel
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint, convert_ldm_vae_checkpoint

from invoke_cli.models.architectures import ARCHITECTURES, configs_directory
from invoke_cli.models.files import read_json
from invoke_cli.models.ldm_names import unet_tensors, vae_tensors
from invoke_cli.models.networks import empty_network
from tests.checkpoints import flat_as_convolution, unet_name, vae_name

UNET = "model.diffusion_model."


def config_of(kind: str, part: str) -> dict[str, Any]:
    return read_json(configs_directory() / "architectures" / kind / part / "config.json")


@pytest.mark.parametrize("kind", [found.name for found in ARCHITECTURES])
def test_every_weight_of_a_unet_finds_its_place(kind: str) -> None:
    config = config_of(kind, "unet")
    own = empty_network(config)
    with torch.device("meta"):
        known = UNet2DConditionModel.from_config(config)
    original = {UNET + unet_name(name, known): tensor for name, tensor in known.state_dict().items()}
    found = unet_tensors({**original, UNET + "loss.weight": torch.zeros(1)}, own)
    theirs = convert_ldm_unet_checkpoint(original, config)
    assert found.keys() == theirs.keys() == own.state_dict().keys()
    assert all(found[name] is theirs[name] for name in theirs)


@pytest.mark.parametrize("kind", ["sd-1", "sdxl"])
def test_every_weight_of_an_autoencoder_finds_its_place(kind: str) -> None:
    config = config_of(kind, "vae")
    own = empty_network(config)
    original = {
        vae_name(name): flat_as_convolution(name, torch.full_like(tensor, index, device="cpu").flatten()[:8])
        if tensor.ndim == 1
        else flat_as_convolution(name, torch.full((2, 3, *tensor.shape[2:]), float(index)))
        for index, (name, tensor) in enumerate(own.state_dict().items())
    }
    found = vae_tensors({**original, "loss.discriminator.weight": torch.zeros(1)}, config)
    theirs = convert_ldm_vae_checkpoint(original, config)
    assert found.keys() == theirs.keys() == own.state_dict().keys()
    assert all(torch.equal(found[name], theirs[name]) for name in theirs)
    assert all(len({*found[name].flatten().tolist()}) == 1 for name in found)
