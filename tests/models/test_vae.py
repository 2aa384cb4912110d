"""A separate VAE in the place of a model's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.schedule import NoiseTable
from invoke_cli.errors import ModelError
from invoke_cli.models.adapters import Wardrobe
from invoke_cli.models.entries import ModelEntry
from invoke_cli.models.folders import Folder
from invoke_cli.models.wanted import AdapterFolders, Wanted
from tests.checkpoints import flat_as_convolution, make_vae, vae_name
from tests.tiny import make_text_encoder, make_tokenizer, make_unet


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    tokenizer = make_tokenizer()
    return Bundle(
        unet=make_unet(),
        vae=make_vae().eval().requires_grad_(False),
        text_encoder=make_text_encoder(tokenizer),
        tokenizer=tokenizer,
        table=NoiseTable.from_config({}),
        name="tiny",
    )


@pytest.fixture(scope="module")
def other() -> Any:
    """An autoencoder of the model's shape with other weights."""
    vae = make_vae().eval().requires_grad_(False)
    drawn = torch.Generator().manual_seed(9)
    for parameter in vae.parameters():
        parameter.add_(0.05 * torch.randn(parameter.shape, generator=drawn))
    return vae


def laid_out(vae: Any, folder: Path, layout: str) -> str:
    """Write the VAE and return what an entry would say of it."""
    tensors = dict(vae.state_dict())
    if layout == "directory":
        vae.save_pretrained(folder / "fine")
        return "fine"
    if layout == "path of a model":
        vae.save_pretrained(folder / "elsewhere" / "vae")
        return str(folder / "elsewhere")
    if layout != "diffusers names":
        prefix = "first_stage_model." if layout == "within a checkpoint" else ""
        tensors = {
            prefix + vae_name(name): flat_as_convolution(name, tensor) for name, tensor in tensors.items()
        }
    if layout == "within a checkpoint":
        tensors["model.diffusion_model.out.0.weight"] = torch.ones(2)
    if layout == "pickle":
        torch.save({"state_dict": tensors}, folder / "fine.ckpt")
    else:
        save_file(
            {name: tensor.contiguous() for name, tensor in tensors.items()}, folder / "fine.safetensors"
        )
    return "fine"


@pytest.mark.parametrize(
    "layout",
    ["directory", "path of a model", "diffusers names", "original names", "within a checkpoint", "pickle"],
)
def test_every_layout_decodes_like_the_vae_itself(
    bundle: Bundle, other: Any, tmp_path: Path, layout: str
) -> None:
    folders = AdapterFolders(vaes=Folder("VAE", tmp_path))
    wanted = Wanted(vae=folders.vae(laid_out(other, tmp_path, layout)))
    wardrobe = Wardrobe()
    dressed, _ = wardrobe.dress(bundle, wanted)
    latents = torch.randn(1, 4, 4, 4, generator=torch.Generator().manual_seed(0))
    found = dressed.decode(latents)
    assert np.array_equal(found, replace(bundle, vae=other).decode(latents))
    assert not np.array_equal(found, bundle.decode(latents))
    assert dressed.unet is bundle.unet
    assert wardrobe.dress(bundle, Wanted())[0] is bundle
    assert wardrobe.dress(bundle, wanted)[0].vae is dressed.vae
    (fact,) = wanted.facts()
    assert (fact["kind"], len(str(fact["sha256"]))) == ("vae", 64)


def test_a_vae_of_another_shape_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    tensors = {"encoder.conv_in.weight": torch.ones(2, 3, 3, 3), "decoder.conv_in.weight": torch.ones(2, 2)}
    save_file(tensors, tmp_path / "small.safetensors")
    folders = AdapterFolders(vaes=Folder("VAE", tmp_path))
    with pytest.raises(ModelError, match="does not fit the model tiny"):
        Wardrobe().dress(bundle, Wanted(vae=folders.vae("small")))


def test_a_vae_that_is_not_there_is_told_with_a_suggestion(tmp_path: Path) -> None:
    (tmp_path / "fine.pt").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    folders = AdapterFolders(vaes=Folder("VAE", tmp_path))
    with pytest.raises(ModelError, match="there is no VAE 'fyne'") as caught:
        folders.vae("fyne")
    assert caught.value.hint == "did you mean fine?"
    with pytest.raises(ModelError, match="there is no VAE in"):
        folders.vae(str(tmp_path / "empty"))


def test_another_vae_needs_no_other_load_of_the_model() -> None:
    plain = ModelEntry(name="a", source="x")
    assert replace(plain, vae="fine", loras=(("grain", 1.0),)).weights == plain.weights
