"""Checkpoints in one file: what they are loaded as, and that they draw what a directory draws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.generate import Picture, generate
from invoke_cli.diffusion.recipe import Recipe
from invoke_cli.models.bundles import vae_dtype
from tests.models.conftest import NAMES, loaded

pytestmark = pytest.mark.usefixtures("own_directory")


def recipe(**changes: Any) -> Recipe:
    plain: dict[str, Any] = {"positive": (("a cat", 1.0),), "width": 64, "height": 64, "steps": 3, "seed": 4}
    return Recipe(**(plain | changes))


def drawn(bundle: Bundle, **changes: Any) -> np.ndarray:
    *_, last = generate(bundle, recipe(**changes))
    assert isinstance(last, Picture)
    return last.rgb


@pytest.mark.parametrize("name", NAMES)
def test_a_file_and_a_directory_of_the_same_weights_draw_the_same(
    name: str, tiny_sizes: Any, tmp_path: Path, no_network: list[Any]
) -> None:
    kind = tiny_sizes(name)
    save_file(kind.tensors(), tmp_path / "model.ckpt")  # the suffix says nothing
    torch.save({"state_dict": kind.tensors(), "global_step": 7}, tmp_path / "pickled.safetensors")
    directory = loaded(kind.save_directory(tmp_path / "directory"))
    negative = (("dull", 1.0),)
    expected = [drawn(directory), drawn(directory, negative=negative)]
    for file in ("model.ckpt", "pickled.safetensors"):
        bundle = loaded(tmp_path / file, prediction="epsilon")
        assert np.array_equal(drawn(bundle), expected[0])
        assert np.array_equal(drawn(bundle, negative=negative), expected[1])
    assert not no_network


@pytest.mark.parametrize("name", NAMES)
def test_half_precision_files_become_what_is_asked_for(name: str, tiny_sizes: Any, tmp_path: Path) -> None:
    kind = tiny_sizes(name)
    halves = {key: tensor.half() if tensor.is_floating_point() else tensor
              for key, tensor in kind.tensors().items()}  # fmt: skip
    save_file(halves, tmp_path / "model.safetensors", metadata={"format": "pt"})
    bundle = loaded(tmp_path / "model.safetensors", torch.bfloat16)
    for network in (bundle.unet, bundle.vae, *(encoder for _, encoder in bundle.readers)):
        assert {parameter.dtype for parameter in network.parameters()} == {torch.bfloat16}
        assert not any(tensor.is_meta for tensor in (*network.parameters(), *network.buffers()))


def test_loading_a_file_says_nothing(
    tiny_sizes: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    save_file(tiny_sizes("sdxl").tensors(), tmp_path / "model.safetensors")
    capfd.readouterr()
    loaded(tmp_path / "model.safetensors")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("changes", [{"in_channels": 9}, {"time_cond_proj_dim": 8}])
def test_variants_are_read_off_the_tensors(changes: dict[str, int], tiny_sizes: Any, tmp_path: Path) -> None:
    kind = tiny_sizes("sd-1", **changes)
    save_file(kind.tensors(), tmp_path / "model.safetensors")
    bundle = loaded(tmp_path / "model.safetensors")
    assert bundle.inpaints == ("in_channels" in changes)
    assert bundle.scale_within == bundle.table.trailing == ("time_cond_proj_dim" in changes)
    assert not loaded(tmp_path / "model.safetensors", spacing="linspace").table.trailing
    assert loaded(tmp_path / "model.safetensors", spacing="trailing").table.trailing
    directory = loaded(kind.save_directory(tmp_path / "directory"))
    assert np.array_equal(drawn(bundle), drawn(directory))


def test_only_the_autoencoder_that_overflows_stays_in_float32() -> None:
    def kept(half: torch.dtype = torch.float16, **config: Any) -> torch.dtype:
        return vae_dtype(config, half)

    assert kept(scaling_factor=0.13025) == kept(scaling_factor=0.13025, force_upcast=True) == torch.float32
    assert kept(scaling_factor=0.13025, force_upcast=False) == torch.float16
    assert kept(scaling_factor=0.18215, force_upcast=True) == torch.float16
    assert kept(torch.bfloat16, scaling_factor=0.13025) == torch.bfloat16
