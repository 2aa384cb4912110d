"""LoRA files that do not fit the model, or are no LoRAs at all."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.errors import ModelError
from invoke_cli.models.adapters import Wardrobe
from invoke_cli.models.lora import read_lora
from invoke_cli.models.wanted import Wanted
from tests.models.conftest import RANK, content, kohya, layers, same, used, weights


def test_what_does_not_fit_is_counted(bundle: Bundle, tmp_path: Path) -> None:
    tensors = content(bundle, kohya)
    tensors["lora_unet_of_some_other_model.lora_up.weight"] = torch.ones(4, RANK)
    tensors["lora_unet_of_some_other_model.lora_down.weight"] = torch.ones(RANK, 4)
    name = kohya("unet", next(iter(layers(bundle.unet))))[1]
    tensors[name] = torch.ones(RANK, 99, 3, 3)
    _, notices = Wardrobe().dress(bundle, Wanted((used(tmp_path / "a.safetensors", tensors),)))
    assert notices == (f"LoRA a at 1: {len(tensors) - 5} of {len(tensors)} keys match",)


@pytest.mark.parametrize(
    ("width", "base"), [(768, "Stable Diffusion 1.x"), (1024, "Stable Diffusion 2.x"), (2048, "SDXL")]
)
def test_nothing_that_fits_names_the_likely_base(
    bundle: Bundle, tmp_path: Path, width: int, base: str
) -> None:
    module = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"
    tensors = {
        f"{module}.lora_up.weight": torch.ones(320, 4),
        f"{module}.lora_down.weight": torch.ones(4, width),
    }
    wardrobe, before = Wardrobe(), weights(bundle)
    with pytest.raises(ModelError, match="nothing in the LoRA") as caught:
        wardrobe.dress(bundle, Wanted((used(tmp_path / "a.safetensors", tensors),)))
    assert base in caught.value.hint
    assert same(before, weights(bundle))


def test_a_lora_that_does_not_fit_leaves_the_one_before_off(bundle: Bundle, tmp_path: Path) -> None:
    before = weights(bundle)
    good = used(tmp_path / "a.safetensors", content(bundle, kohya))
    bad = used(tmp_path / "b.safetensors", {"unet.x.lora_A.weight": torch.ones(1, 2)})
    wardrobe = Wardrobe()
    wardrobe.dress(bundle, Wanted((good,)))
    with pytest.raises(ModelError):
        wardrobe.dress(bundle, Wanted((good, bad)))
    assert same(before, weights(bundle))
    assert wardrobe.dress(bundle, Wanted())[0] is bundle


@pytest.mark.parametrize(
    ("key", "family"),
    [
        ("lora_unet_mid_block.dora_scale", "DoRA"),
        ("unet.mid_block.lora_magnitude_vector", "DoRA"),
        ("lora_unet_mid_block.hada_w1_a", "LoHa"),
        ("lora_unet_mid_block.lokr_w1", "LoKr"),
    ],
)
def test_relatives_are_refused_by_name(tmp_path: Path, key: str, family: str) -> None:
    save_file({key: torch.ones(2, 2)}, tmp_path / "a.safetensors")
    with pytest.raises(ModelError, match=f"is a {family}"):
        read_lora(tmp_path / "a.safetensors")


def test_a_file_of_other_weights_is_no_lora(tmp_path: Path) -> None:
    save_file({"decoder.conv_in.weight": torch.ones(2, 2)}, tmp_path / "a.safetensors")
    with pytest.raises(ModelError, match="is not a LoRA"):
        read_lora(tmp_path / "a.safetensors")
