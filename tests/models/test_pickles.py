"""Weight files: read by content, and never run."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import sys
import zipfile
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from invoke_cli.errors import ModelError
from invoke_cli.models.pickles import load_tensors

NAMES = ["a.ckpt", "a.pt", "a.bin", "a.safetensors"]
WEIGHTS = {"one.weight": torch.arange(6.0).reshape(2, 3), "two.bias": torch.ones(4, dtype=torch.float16)}


class Payload:
    """Makes a folder when a pickle of it is opened by Python itself."""

    def __init__(self, run: Any, argument: Any) -> None:
        self.call = (run, (argument,))

    def __reduce__(self) -> tuple[Any, tuple[Any]]:
        return self.call


def payloads(folder: Path) -> list[Payload]:
    return [
        Payload(os.mkdir, str(folder)),
        Payload(os.system, f"mkdir {folder}"),
        Payload(eval, f"__import__('os').mkdir({str(folder)!r})"),
        Payload(exec, f"import os; os.mkdir({str(folder)!r})"),
    ]


def same(found: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]) -> bool:
    return found.keys() == wanted.keys() and all(
        found[name].dtype == wanted[name].dtype and torch.equal(found[name], wanted[name]) for name in wanted
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", range(4))
@pytest.mark.parametrize("packing", ["zip", "legacy", "plain"])
def test_a_pickle_that_tries_to_run_something_runs_nothing(
    tmp_path: Path, name: str, kind: int, packing: str
) -> None:
    content = {"state_dict": dict(WEIGHTS), "extra": payloads(tmp_path / "ran")[kind]}
    if packing == "plain":
        (tmp_path / name).write_bytes(pickle.dumps(content))
    else:
        torch.save(content, tmp_path / name, _use_new_zipfile_serialization=packing == "zip")
    with pytest.raises(ModelError) as caught:
        load_tensors(tmp_path / name)
    assert "safetensors" in caught.value.hint
    assert not (tmp_path / "ran").exists()


def test_the_payload_of_these_tests_works_where_it_is_let(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(payloads(tmp_path / "ran")[0]))
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("packing", ["zip", "legacy", "safetensors"])
@pytest.mark.parametrize("nested", [False, True])
def test_content_decides_not_the_suffix(tmp_path: Path, name: str, packing: str, nested: bool) -> None:
    if packing == "safetensors":
        save_file(WEIGHTS, tmp_path / name)
    else:
        content = {"state_dict": WEIGHTS, "epoch": 3} if nested else WEIGHTS
        torch.save(content, tmp_path / name, _use_new_zipfile_serialization=packing == "zip")
    assert same(load_tensors(tmp_path / name), WEIGHTS)


def trained(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A checkpoint as trainers write them, with objects of classes that are not here when it is read."""
    module = ModuleType("pytorch_lightning.callbacks.model_checkpoint")

    class ModelCheckpoint:
        def __init__(self) -> None:
            self.best = 0.5

    ModelCheckpoint.__module__ = module.__name__
    ModelCheckpoint.__qualname__ = "ModelCheckpoint"
    module.ModelCheckpoint = ModelCheckpoint  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pytorch_lightning", ModuleType("pytorch_lightning"))
    monkeypatch.setitem(sys.modules, "pytorch_lightning.callbacks", ModuleType("callbacks"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    import numpy as np

    return {
        "state_dict": WEIGHTS,
        "callbacks": {ModelCheckpoint: {"best": np.float64(0.25), "kept": ModelCheckpoint()}},
        "global_step": 470000,
    }


def test_a_lightning_checkpoint_loads_without_its_classes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.ckpt"
    with monkeypatch.context() as patched:
        torch.save(trained(patched), path)
    assert "pytorch_lightning" not in sys.modules
    assert same(load_tensors(path), WEIGHTS)
    assert "pytorch_lightning" not in sys.modules


def test_parameters_in_a_module_of_torch_are_found(tmp_path: Path) -> None:
    vectors = torch.nn.ParameterDict({"*": torch.nn.Parameter(torch.ones(2, 3))})
    torch.save({"string_to_token": {"*": 265}, "string_to_param": vectors}, tmp_path / "a.pt")
    found = load_tensors(tmp_path / "a.pt")
    assert same(found, {"string_to_param.*": torch.ones(2, 3)})
    assert not found["string_to_param.*"].requires_grad


def test_pickled_and_safe_weights_are_mapped_not_read(tmp_path: Path) -> None:
    large = {**WEIGHTS, "large": torch.ones(100_000)}  # small ones are read in either case
    torch.save(large, tmp_path / "a.ckpt")
    save_file(large, tmp_path / "b.safetensors")
    for name in ("a.ckpt", "b.safetensors"):
        tensors = load_tensors(tmp_path / name)
        maps = Path("/proc/self/maps")
        if maps.is_file():
            assert str(tmp_path / name) in maps.read_text()
        assert tensors


def zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        b"not weights at all",
        b"\xff" * 4096,
        b"\x02\x00\x00\x00\x00\x00\x00\x00{}",
        b"\x09\x00\x00\x00\x00\x00\x00\x00{",
        b"\x04\x00\x00\x00\x00\x00\x00\x00{abc" + b"\x00" * 64,
        zipped({"readme.txt": b"hello"}),
        zipped({"archive/data.pkl": b"garbage", "archive/version": b"3\n"}),
        pickle.dumps({"a": 1}),
    ],
    ids=range(10),
)
def test_damage_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.ckpt"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"broken\.ckpt"):
        load_tensors(path)


def test_cut_short_at_any_place_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "short"
    for write in (lambda: torch.save(WEIGHTS, path), lambda: save_file(WEIGHTS, path)):
        write()
        whole = path.read_bytes()
        for length in range(0, len(whole), max(1, len(whole) // 40)):
            path.write_bytes(whole[:length])
            with pytest.raises(ModelError, match="short"):
                load_tensors(path)


@pytest.mark.parametrize("zipped", [True, False])
def test_wrong_bytes_are_one_sentence_or_weights(tmp_path: Path, zipped: bool) -> None:
    path, random = tmp_path / "wrong", Random(1)
    torch.save(WEIGHTS, path, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    for _ in range(150):
        damaged = bytearray(whole)
        damaged[random.randrange(min(len(whole), 1000))] = random.randrange(256)
        path.write_bytes(damaged)
        with contextlib.suppress(ModelError):
            load_tensors(path)


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.ckpt"):
        with pytest.raises(ModelError, match="cannot be read"):
            load_tensors(path)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html>Please log in</html>", "is a web page"),
        (b"\n <html lang='en'>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "pointer of Git LFS"),
        (b'{"error": "Repository not found"}', "text of JSON"),
    ],
)
def test_what_people_save_by_mistake_is_named(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=message) as caught:
        load_tensors(tmp_path / name)
    assert caught.value.hint


@pytest.mark.parametrize("packing", ["zip", "safetensors"])
def test_what_was_cut_short_is_said(tmp_path: Path, packing: str) -> None:
    path = tmp_path / "a.ckpt"
    save_file(WEIGHTS, path) if packing == "safetensors" else torch.save(WEIGHTS, path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ModelError, match="cut short") as caught:
        load_tensors(path)
    assert caught.value.hint.startswith("fetch it again")
