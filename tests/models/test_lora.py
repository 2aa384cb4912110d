"""LoRA files in their real layouts, against weights merged by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.models.adapters import Wardrobe
from invoke_cli.models.wanted import Wanted
from tests.models.conftest import ALPHA, RANK, Spell, content, factors, kohya, layers, same, used, weights


def delta(module: Any, seed: int, scale: float) -> Tensor:
    """scale * up @ down by a route of its own: one application of the two layers to each unit input."""
    up, down = factors(module, seed)
    if up.ndim == 2:
        return scale * (up @ down)
    return scale * torch.stack([sum(up[o, r, 0, 0] * down[r] for r in range(RANK)) for o in range(len(up))])


def peft(part: str, name: str) -> tuple[str, str, str | None]:
    base = f"text_encoder.text_model.{name}" if part == "te" else f"unet.{name}"
    return f"{base}.lora_B.weight", f"{base}.lora_A.weight", None


def diffusers(part: str, name: str) -> tuple[str, str, str | None]:
    if part == "te":
        base = f"text_encoder.text_model.{name}.lora_linear_layer"
        return f"{base}.up.weight", f"{base}.down.weight", None
    base = f"unet.{name}"
    return f"{base}.lora.up.weight", f"{base}.lora.down.weight", f"{base}.alpha"


@pytest.mark.parametrize(("spell", "scale"), [(kohya, ALPHA / RANK), (peft, 1.0)])
@pytest.mark.parametrize("weight", [1.0, 0.8, -0.5])
def test_every_layer_is_the_hand_merged_one(
    bundle: Bundle, tmp_path: Path, spell: Spell, scale: float, weight: float
) -> None:
    before = weights(bundle)
    lora = used(tmp_path / "grain.safetensors", content(bundle, spell), weight)
    dressed, notices = Wardrobe().dress(bundle, Wanted((lora,)))
    after = weights(dressed)
    for part, network in (("unet", bundle.unet), ("te", bundle.text_encoder)):
        for seed, (name, module) in enumerate(layers(network).items()):
            wanted = before[f"{part}.{name}"] + weight * delta(module, seed, scale)
            torch.testing.assert_close(after[f"{part}.{name}"], wanted, rtol=1e-5, atol=1e-6)
    total = len(content(bundle, spell))
    assert notices == (f"LoRA grain at {weight:g}: {total} of {total} keys match",)


def test_the_layout_with_a_mixture_of_alphas(bundle: Bundle, tmp_path: Path) -> None:
    before = weights(bundle)
    Wardrobe().dress(bundle, Wanted((used(tmp_path / "a.safetensors", content(bundle, diffusers)),)))
    after = weights(bundle)
    name, module = next(iter(layers(bundle.unet).items()))
    torch.testing.assert_close(after[f"unet.{name}"], before[f"unet.{name}"] + delta(module, 0, ALPHA / RANK))
    name, module = next(iter(layers(bundle.text_encoder).items()))
    torch.testing.assert_close(after[f"te.{name}"], before[f"te.{name}"] + delta(module, 0, 1.0))


def test_alphas_in_the_notes_of_a_file_count(bundle: Bundle, tmp_path: Path) -> None:
    before = weights(bundle)
    tensors = {key: tensor for key, tensor in content(bundle, peft).items() if key.startswith("unet.")}
    noted = json.dumps({"unet.r": RANK, "unet.lora_alpha": 6})
    lora = used(tmp_path / "a.safetensors", tensors, lora_adapter_metadata=noted)
    Wardrobe().dress(bundle, Wanted((lora,)))
    name, module = next(iter(layers(bundle.unet).items()))
    wanted = before[f"unet.{name}"] + delta(module, 0, 6 / RANK)
    torch.testing.assert_close(weights(bundle)[f"unet.{name}"], wanted)


def test_several_loras_add_up(bundle: Bundle, tmp_path: Path) -> None:
    before = weights(bundle)
    tensors = content(bundle, kohya)
    one, two = used(tmp_path / "a.safetensors", tensors, 0.25), used(tmp_path / "b.safetensors", tensors, 0.5)
    _, notices = Wardrobe().dress(bundle, Wanted((one, two)))
    name, module = next(iter(layers(bundle.unet).items()))
    wanted = before[f"unet.{name}"] + 0.75 * delta(module, 0, ALPHA / RANK)
    torch.testing.assert_close(weights(bundle)[f"unet.{name}"], wanted)
    assert len(notices) == 2


def test_half_precision_is_rounded_once(bundle: Bundle, tmp_path: Path) -> None:
    bundle.unet.to(torch.bfloat16)
    name, module = next(iter(layers(bundle.unet).items()))
    exact = module.weight.float() + 0.3 * delta(module, 0, ALPHA / RANK)  # type: ignore[operator]
    Wardrobe().dress(bundle, Wanted((used(tmp_path / "a.safetensors", content(bundle, kohya), 0.3),)))
    merged = layers(bundle.unet)[name].weight
    assert isinstance(merged, Tensor)
    torch.testing.assert_close(merged, exact.to(torch.bfloat16), rtol=0, atol=1e-6)


def test_weight_zero_changes_nothing(bundle: Bundle, tmp_path: Path) -> None:
    before = weights(bundle)
    _, notices = Wardrobe().dress(
        bundle, Wanted((used(tmp_path / "a.safetensors", content(bundle, kohya), 0.0),))
    )
    assert "keys match" in notices[0]
    assert same(before, weights(bundle))


def test_tucker_convolutions_are_contracted(bundle: Bundle, tmp_path: Path) -> None:
    drawn = torch.Generator().manual_seed(0)
    own = bundle.unet.conv_in.weight.clone()
    up, mid = torch.randn(8, 2, 1, 1, generator=drawn), torch.randn(2, 2, 3, 3, generator=drawn)
    down = torch.randn(2, 4, 1, 1, generator=drawn)
    tensors = {"up": up, "mid": mid, "down": down}
    lora = used(
        tmp_path / "a.safetensors",
        {f"lora_unet_conv_in.lora_{role}.weight": tensor for role, tensor in tensors.items()},
    )
    Wardrobe().dress(bundle, Wanted((lora,)))
    x = torch.randn(1, 4, 5, 5, generator=drawn)
    conv = torch.nn.functional.conv2d
    wanted = conv(x, own) + conv(conv(conv(x, down), mid), up)
    torch.testing.assert_close(conv(x, bundle.unet.conv_in.weight), wanted, rtol=1e-4, atol=1e-4)
