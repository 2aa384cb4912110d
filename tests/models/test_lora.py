"""LoRA files in their real layouts, against weights merged by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.generate import Picture, generate
from invoke_cli.diffusion.recipe import Recipe
from invoke_cli.diffusion.schedule import NoiseTable
from invoke_cli.errors import ModelError
from invoke_cli.models.adapters import Wardrobe
from invoke_cli.models.folders import Stamp
from invoke_cli.models.lora import read_lora
from invoke_cli.models.lora_keys import read_key, spellings
from invoke_cli.models.wanted import UsedLora, Wanted
from tests import checkpoints
from tests.tiny import make_text_encoder, make_tokenizer, make_unet, make_vae

RANK, ALPHA = 3, 1.5
Weights = dict[str, Tensor]


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


def delta(module: Any, seed: int, scale: float) -> Tensor:
    """scale * up @ down by a route of its own: one application of the two layers to each unit input."""
    up, down = factors(module, seed)
    if up.ndim == 2:
        return scale * (up @ down)
    return scale * torch.stack([sum(up[o, r, 0, 0] * down[r] for r in range(RANK)) for o in range(len(up))])


Spell = Callable[[str, str], tuple[str, str, str | None]]


def kohya(part: str, name: str) -> tuple[str, str, str | None]:
    inner = f"text_model_{name.replace('.', '_')}" if part == "te" else name.replace(".", "_")
    base = f"lora_{part}_{inner}"
    return f"{base}.lora_up.weight", f"{base}.lora_down.weight", f"{base}.alpha"


def peft(part: str, name: str) -> tuple[str, str, str | None]:
    base = f"text_encoder.text_model.{name}" if part == "te" else f"unet.{name}"
    return f"{base}.lora_B.weight", f"{base}.lora_A.weight", None


def diffusers(part: str, name: str) -> tuple[str, str, str | None]:
    if part == "te":
        base = f"text_encoder.text_model.{name}.lora_linear_layer"
        return f"{base}.up.weight", f"{base}.down.weight", None
    base = f"unet.{name}"
    return f"{base}.lora.up.weight", f"{base}.lora.down.weight", f"{base}.alpha"


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


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_taking_a_lora_off_gives_back_the_very_bits(
    bundle: Bundle, tmp_path: Path, dtype: torch.dtype
) -> None:
    for network in (bundle.unet, bundle.text_encoder):
        network.to(dtype)
    before = weights(bundle)
    lora = used(tmp_path / "a.safetensors", content(bundle, kohya), 3.7)
    wardrobe = Wardrobe()
    for weight in (3.7, 0.1, -9.0):
        wardrobe.dress(bundle, Wanted((replace(lora, weight=weight),)))
        assert not same(before, weights(bundle))
        assert {module.dtype for module in weights(bundle).values()} == {dtype}
    plain, notices = wardrobe.dress(bundle, Wanted())
    assert plain is bundle
    assert notices == ()
    assert same(before, weights(bundle))


def test_weights_that_were_given_up_for_packed_ones_are_merged_all_the_same(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lora = Wanted((used(tmp_path / "a.safetensors", content(bundle, kohya), 0.3),))
    recipe = Recipe(positive=(("a cat", 1.0),), width=64, height=64, steps=1, seed=1)
    expected = last_picture(Wardrobe().dress(bundle, lora)[0], recipe)
    monkeypatch.setattr("invoke_cli.diffusion.packed.SPARED", 0)
    spared = replace(bundle, unet=make_unet(), text_encoder=make_text_encoder(bundle.tokenizer))
    wardrobe = Wardrobe()
    plain = last_picture(spared, recipe)
    assert spared.unet.conv_in.weight.is_meta
    assert np.array_equal(last_picture(wardrobe.dress(spared, lora)[0], recipe), expected)
    assert np.array_equal(last_picture(wardrobe.dress(spared, Wanted())[0], recipe), plain)
    assert not np.array_equal(plain, expected)


def last_picture(bundle: Bundle, recipe: Recipe) -> Any:
    *_, picture = generate(bundle, recipe)
    assert isinstance(picture, Picture)
    return picture.rgb


def test_half_precision_is_rounded_once(bundle: Bundle, tmp_path: Path) -> None:
    bundle.unet.to(torch.bfloat16)
    name, module = next(iter(layers(bundle.unet).items()))
    exact = module.weight.float() + 0.3 * delta(module, 0, ALPHA / RANK)  # type: ignore[operator]
    Wardrobe().dress(bundle, Wanted((used(tmp_path / "a.safetensors", content(bundle, kohya), 0.3),)))
    merged = layers(bundle.unet)[name].weight
    assert isinstance(merged, Tensor)
    torch.testing.assert_close(merged, exact.to(torch.bfloat16), rtol=0, atol=1e-6)


def test_the_same_adapters_are_not_merged_again(bundle: Bundle, tmp_path: Path) -> None:
    wanted = Wanted((used(tmp_path / "a.safetensors", content(bundle, kohya)),))
    wardrobe = Wardrobe()
    first, notices = wardrobe.dress(bundle, wanted)
    merged = bundle.unet.conv_in.weight
    assert notices
    assert wardrobe.dress(bundle, wanted) == (first, ())
    assert bundle.unet.conv_in.weight is merged


def test_embeddings_are_remembered_for_each_set_of_adapters(bundle: Bundle, tmp_path: Path) -> None:
    prompt = (("a cat", 1.0),)
    plain = bundle.condition(prompt, ()).positive
    lora = used(tmp_path / "a.safetensors", content(bundle, kohya))
    wardrobe = Wardrobe()
    dressed, _ = wardrobe.dress(bundle, Wanted((lora,)))
    assert not torch.equal(dressed.condition(prompt, ()).positive, plain)
    back, _ = wardrobe.dress(bundle, Wanted())
    assert torch.equal(back.condition(prompt, ()).positive, plain)


def test_weight_zero_changes_nothing(bundle: Bundle, tmp_path: Path) -> None:
    before = weights(bundle)
    _, notices = Wardrobe().dress(
        bundle, Wanted((used(tmp_path / "a.safetensors", content(bundle, kohya), 0.0),))
    )
    assert "keys match" in notices[0]
    assert same(before, weights(bundle))


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


@pytest.mark.parametrize(
    ("name", "part", "module", "role"),
    [
        ("lora_te1_text_model_encoder_layers_0_mlp_fc1.alpha", "text_encoder", "encoder_layers_0_mlp_fc1",
         "alpha"),
        ("lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_up.weight", "text_encoder_2",
         "encoder_layers_0_mlp_fc1", "up"),
        ("unet.mid_block.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.down.weight", "unet",
         "mid_block_attentions_0_transformer_blocks_0_attn1_to_q", "down"),
        ("mid_block.attn1.processor.to_out_lora.up.weight", "unet", "mid_block_attn1_to_out", "up"),
        ("base_model.model.unet.conv_in.lora_A.default.weight", "unet", "conv_in", "down"),
    ],
)  # fmt: skip
def test_keys_of_other_layouts(name: str, part: str, module: str, role: str) -> None:
    key = read_key(name)
    assert key is not None
    assert (key.part, key.module, key.role) == (part, module, role)


@pytest.mark.parametrize(
    ("original", "ours"),
    [
        ("input_blocks_4_1_transformer_blocks_0_attn1_to_k",
         "down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_k"),
        ("input_blocks_8_1_proj_in", "down_blocks_2_attentions_1_proj_in"),
        ("input_blocks_2_0_in_layers_2", "down_blocks_0_resnets_1_conv1"),
        ("input_blocks_3_0_op", "down_blocks_0_downsamplers_0_conv"),
        ("middle_block_1_transformer_blocks_9_ff_net_2",
         "mid_block_attentions_0_transformer_blocks_9_ff_net_2"),
        ("middle_block_2_emb_layers_1", "mid_block_resnets_1_time_emb_proj"),
        ("output_blocks_5_1_proj_out", "up_blocks_1_attentions_2_proj_out"),
        ("output_blocks_3_0_skip_connection", "up_blocks_1_resnets_0_conv_shortcut"),
        ("output_blocks_2_2_conv", "up_blocks_0_upsamplers_0_conv"),
        ("output_blocks_2_1_conv", "up_blocks_0_upsamplers_0_conv"),
        ("time_embed_2", "time_embedding_linear_2"),
        ("label_emb_0_2", "add_embedding_linear_2"),
        ("input_blocks_0_0", "conv_in"),
        ("out_2", "conv_out"),
    ],
)  # fmt: skip
def test_names_of_the_original_checkpoint_are_translated(original: str, ours: str) -> None:
    assert ours in spellings(original, 2)


@pytest.mark.parametrize("layers_per_block", [1, 2])
def test_every_module_is_found_by_its_original_name(layers_per_block: int) -> None:
    unet = checkpoints.make_unet(layers_per_block=layers_per_block)
    for name in layers(unet):
        original = checkpoints.unet_name(f"{name}.weight", unet).removesuffix(".weight")
        key = read_key(f"lora_unet_{original.replace('.', '_')}.lora_up.weight")
        assert key is not None
        assert name.replace(".", "_") in spellings(key.module, layers_per_block), original
