"""LoRAs and embeddings on a whole (tiny) SDXL, with its two text encoders of different widths."""

from __future__ import annotations

from copy import deepcopy
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
from invoke_cli.models import architectures
from invoke_cli.models.adapters import Wardrobe
from invoke_cli.models.embeddings import teach
from invoke_cli.models.entries import ModelEntry
from invoke_cli.models.folders import Stamp
from invoke_cli.models.sources import source_of
from invoke_cli.models.wanted import UsedLora, UsedWord, Wanted
from tests.checkpoints import SECOND_WIDTH, WIDTH, Kind, unet_name
from tests.tiny import make_tokenizer

RANK = 2


@pytest.fixture(params=["file", "directory"])
def bundle(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    kind = Kind("sdxl")
    path = tmp_path / "model.safetensors"
    if request.param == "file":
        kind.save_configs(tmp_path / "configs" / "architectures" / "sdxl")
        monkeypatch.setattr(architectures, "configs_directory", lambda: tmp_path / "configs")
        make_tokenizer().save_pretrained(tmp_path / "words")
        save_file(kind.tensors(), path)
    else:
        path = kind.save_directory(tmp_path / "model")
    entry = ModelEntry(name="xl", source=str(path), tokenizer=str(tmp_path / "words"))
    return source_of(entry).load(entry, torch.device("cpu"), torch.float32)


def drawn(bundle: Bundle, prompt: str) -> np.ndarray:
    recipe = Recipe(positive=((prompt, 1.0),), width=64, height=64, steps=2, seed=4)
    *_, last = generate(bundle, recipe)
    assert isinstance(last, Picture)
    return last.rgb


def layers(network: nn.Module) -> dict[str, nn.Module]:
    return {name: layer for name, layer in network.named_modules() if isinstance(layer, nn.Linear)}


def kohya(bundle: Bundle) -> tuple[dict[str, Tensor], dict[str, nn.Module]]:
    """A LoRA for every linear layer under the names of kohya's trainer, and the layers by their base."""
    bases: dict[str, nn.Module] = {}
    for name, layer in layers(bundle.unet).items():
        original = unet_name(f"{name}.weight", bundle.unet).removesuffix(".weight")
        bases[f"lora_unet_{original.replace('.', '_')}"] = layer
    for number, encoder in ((1, bundle.text_encoder), (2, bundle.text_encoder_2)):
        for name, layer in layers(encoder).items():
            if "encoder.layers" in name:
                inner = name.removeprefix("text_model.").replace(".", "_")
                bases[f"lora_te{number}_text_model_{inner}"] = layer
    made = torch.Generator().manual_seed(5)
    tensors: dict[str, Tensor] = {}
    for base, layer in bases.items():
        out, inside = layer.weight.shape  # type: ignore[union-attr, misc]
        tensors[f"{base}.lora_up.weight"] = 0.3 * torch.randn(out, RANK, generator=made)
        tensors[f"{base}.lora_down.weight"] = 0.3 * torch.randn(RANK, inside, generator=made)
        tensors[f"{base}.alpha"] = torch.tensor(1.0)
    return tensors, bases


def test_a_lora_of_kohya_changes_the_unet_and_both_encoders(bundle: Bundle, tmp_path: Path) -> None:
    tensors, bases = kohya(bundle)
    save_file(tensors, tmp_path / "grain.safetensors")
    before = {base: layer.weight.clone() for base, layer in bases.items()}  # type: ignore[operator]
    plain = drawn(bundle, "a cat")
    lora = UsedLora("grain", 0.8, Stamp.of(tmp_path / "grain.safetensors"))
    wardrobe = Wardrobe()
    dressed, notices = wardrobe.dress(bundle, Wanted((lora,)))
    assert notices == (f"LoRA grain at 0.8: {len(tensors)} of {len(tensors)} keys match",)
    assert {base.split("_")[1] for base in bases} == {"unet", "te1", "te2"}
    for base, layer in bases.items():
        up, down = tensors[f"{base}.lora_up.weight"], tensors[f"{base}.lora_down.weight"]
        torch.testing.assert_close(layer.weight, before[base] + 0.8 * (up @ down) / RANK)
    assert not np.array_equal(drawn(dressed, "a cat"), plain)
    assert np.array_equal(drawn(wardrobe.dress(bundle, Wanted())[0], "a cat"), plain)


def penultimate(encoder: Any, tokenizer: Any, ids: list[int], put: dict[int, Tensor]) -> Tensor:
    """The layer before the last of a copy of the encoder whose table holds the vectors as new tokens."""
    copy = deepcopy(encoder)
    table = copy.get_input_embeddings()
    start = table.num_embeddings
    vectors = torch.stack([*put.values()])
    table.weight = nn.Parameter(torch.cat([table.weight, vectors]), requires_grad=False)
    known = {place: start + number for number, place in enumerate(put)}
    framed = [tokenizer.bos_token_id, *ids, tokenizer.eos_token_id]
    framed += [tokenizer.pad_token_id] * (77 - len(framed))
    tokens = torch.tensor([[known.get(place, token) for place, token in enumerate(framed)]])
    with torch.no_grad():
        # as the encoder of a higher id would take it for the end mark
        copy.config.eos_token_id = encoder.config.eos_token_id
        found: Tensor = copy(tokens, output_hidden_states=True).hidden_states[-2]
    return found[0]


def test_an_embedding_of_both_widths_goes_to_each_encoder(bundle: Bundle, tmp_path: Path) -> None:
    made = torch.Generator().manual_seed(6)
    tables = {
        "clip_g": torch.randn(2, SECOND_WIDTH, generator=made),
        "clip_l": torch.randn(2, WIDTH, generator=made),
    }
    save_file(tables, tmp_path / "toy.safetensors")
    found = teach(bundle, {"toy": tmp_path / "toy.safetensors"}).condition((("<toy>", 1.0),), ())
    expected = [
        penultimate(encoder, tokenizer, [0, 0], dict(enumerate(tables[name], start=1)))
        for name, (tokenizer, encoder) in zip(("clip_l", "clip_g"), bundle.readers, strict=True)
    ]
    torch.testing.assert_close(found.positive[0], torch.cat(expected, dim=-1))
    word = UsedWord("toy", Stamp.of(tmp_path / "toy.safetensors"))
    dressed, _ = Wardrobe().dress(bundle, Wanted(words=(word,)))
    assert not np.array_equal(drawn(dressed, "a <toy>"), drawn(dressed, "a "))
