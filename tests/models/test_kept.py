"""Converted weights on disk: the same numbers, found again, renewed with their source, within a budget."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from invoke_cli.models.entries import ModelEntry
from invoke_cli.models.kept import PACKED, UNFINISHED, Kept
from invoke_cli.models.sources import facts_of, load_directory
from tests.tiny import save_model

CPU = torch.device("cpu")
PLENTY = 2**40


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "weights", PLENTY)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return save_model(tmp_path / "model")


def load(model: Path, kept: Kept | None, dtype: torch.dtype = torch.bfloat16):
    return load_directory(model, ModelEntry(name="tiny", source=str(model)), CPU, dtype, kept)


def weights(bundle) -> dict[str, torch.Tensor]:
    parts = {"unet": bundle.unet, "vae": bundle.vae, "text": bundle.text_encoder}
    found: dict[str, torch.Tensor] = {}
    for part, network in parts.items():
        found |= {f"{part} {name}": tensor for name, tensor in network.state_dict().items()}
    return found


def files(kept: Kept) -> list[Path]:
    return sorted(kept.folder.iterdir())


def test_kept_weights_are_those_of_the_model(model: Path, kept: Kept) -> None:
    plain, first = weights(load(model, None)), weights(load(model, kept))
    assert len(files(kept)) == 3
    source = {path.read_bytes() for path in model.rglob("*.safetensors")}
    assert not source & {path.read_bytes() for path in files(kept)}
    again = weights(load(model, kept))
    assert plain.keys() == first.keys() == again.keys()
    for name, tensor in plain.items():
        assert tensor.dtype == again[name].dtype == torch.bfloat16
        assert torch.equal(tensor, first[name])
        assert torch.equal(tensor, again[name])


def test_the_source_is_not_read_again(model: Path, kept: Kept) -> None:
    expected = weights(load(model, kept))
    for path in files(kept):  # what is kept is doubled, to tell it from the source
        doubled = {name: tensor * 2 for name, tensor in (kept.tensors(path) or {}).items()}
        path.unlink()
        assert kept.keep(path, doubled, torch.bfloat16)
    found = weights(load(model, kept))
    assert all(torch.equal(found[name], tensor * 2) for name, tensor in expected.items())


def test_a_kept_file_is_an_ordinary_safetensors_file(tmp_path: Path, kept: Kept) -> None:
    tensors = {
        "a": torch.randn(3, 5).bfloat16(),
        "b.c": torch.arange(6).float().reshape(2, 3).t(),
        "none": torch.empty(0),
        "one": torch.tensor(2.5),
    }
    given = dict(tensors)
    assert kept.keep(kept.folder / "x.safetensors", given, torch.bfloat16)
    assert not given
    found = load_file(kept.folder / "x.safetensors")
    assert tensors.keys() <= found.keys()
    mapped = kept.tensors(kept.folder / "x.safetensors")
    assert mapped is not None
    assert mapped.keys() == tensors.keys()
    assert all(tensor.data_ptr() % 64 == 0 for tensor in mapped.values() if tensor.numel())
    assert all(torch.equal(found[name], tensor) for name, tensor in tensors.items())


def test_a_changed_source_is_converted_anew(model: Path, kept: Kept) -> None:
    load(model, kept)
    source = model / "vae" / "diffusion_pytorch_model.safetensors"
    content = bytearray(source.read_bytes())
    content[-4:] = torch.tensor([0.625]).numpy().tobytes()
    source.write_bytes(bytes(content))
    plain, again = weights(load(model, None)), weights(load(model, kept))
    assert all(torch.equal(again[name], tensor) for name, tensor in plain.items())
    assert len(files(kept)) == 4


def test_dtypes_are_kept_apart_and_nothing_is_kept_that_was_not_converted(model: Path, kept: Kept) -> None:
    load(model, kept, torch.float32)
    assert not kept.folder.exists()
    load(model, kept, torch.float16)
    load(model, kept, torch.bfloat16)
    assert len(files(kept)) == 6


def test_a_damaged_file_is_written_anew(model: Path, kept: Kept) -> None:
    expected = weights(load(model, kept))
    for path in files(kept):
        path.write_bytes(path.read_bytes()[:100])
    found = weights(load(model, kept))
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())
    assert all(load_file(path) for path in files(kept))


def test_the_oldest_go_when_there_is_no_room(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "weights", 2600)
    tensors = {"a": torch.zeros(500, dtype=torch.float16)}
    paths = [kept.folder / f"{name}.safetensors" for name in "abc"]
    for age, path in enumerate(paths[:2]):
        assert kept.keep(path, dict(tensors), torch.float16)
        os.utime(path, (age, age))
    assert kept.tensors(paths[0]) is not None  # used, and so the newest
    assert kept.keep(paths[2], dict(tensors), torch.float16)
    assert files(kept) == [paths[0], paths[2]]
    large = {"a": torch.zeros(5000, dtype=torch.float16)}
    assert not kept.keep(kept.folder / "d.safetensors", large, torch.float16)
    assert large
    assert not Kept(kept.folder, 0).keep(paths[1], tensors, torch.float16)


def test_a_folder_that_cannot_be_written_is_no_failure(model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    kept = Kept(tmp_path / "file" / "weights", PLENTY)
    assert load(model, kept).dtype == torch.bfloat16


def test_old_names_are_still_left_to_the_library(model: Path, kept: Kept) -> None:
    from safetensors.torch import save_file

    source = model / "text_encoder" / "model.safetensors"
    tensors = load_file(source)
    expected = weights(load(model, None))
    positions = torch.arange(77).expand(1, -1).contiguous()
    old = {f"text_model.{name.removeprefix('text_model.')}": tensor for name, tensor in tensors.items()}
    save_file({**old, "text_model.embeddings.position_ids": positions}, source, {"format": "pt"})
    found = weights(load(model, kept))
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())
    assert facts_of(model, ModelEntry(name="tiny", source=str(model))).native


def test_plain_weights_take_the_place_of_packed_ones_and_of_what_was_left_unfinished(kept: Kept) -> None:
    kept.folder.mkdir()
    for number, name in enumerate(
        ("old.safetensors", f"new{PACKED}", f"{UNFINISHED}dead", f"{UNFINISHED}now")
    ):
        (kept.folder / name).write_bytes(bytes(1000))
        os.utime(kept.folder / name, (number, number) if name != f"{UNFINISHED}now" else None)
    assert not Kept(kept.folder, 2500).has_room(2000, for_packed=True)
    assert Kept(kept.folder, 2500).has_room(1500)
    assert sorted(path.name for path in kept.folder.iterdir()) == [f"{UNFINISHED}now", "old.safetensors"]
    assert Kept(kept.folder, 2500).has_room(2000)
    assert not (kept.folder / "old.safetensors").exists()
