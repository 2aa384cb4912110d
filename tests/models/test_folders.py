"""Folders of adapters: names, files, and what a file says of itself."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from invoke_cli.errors import ModelError
from invoke_cli.models.folders import Folder, Stamp
from invoke_cli.models.headers import notes, triggers_of
from invoke_cli.models.wanted import AdapterFolders


def filled(path: Path, *names: str) -> Folder:
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(name.encode())
    return Folder("LoRA", path)


def test_names_are_stems_in_all_subfolders(tmp_path: Path) -> None:
    folder = filled(
        tmp_path, "b.safetensors", "deep/er/a.v2.PT", "My Style.bin", "notes.txt", "c/preview.png"
    )
    assert list(folder.files()) == ["My_Style", "a.v2", "b"]
    assert folder.find("my_style") == tmp_path / "My Style.bin"


def test_safetensors_come_before_pickles(tmp_path: Path) -> None:
    assert filled(tmp_path, "a.pt", "a.safetensors", "a.ckpt").find("a").suffix == ".safetensors"


def test_files_that_trainers_name_alike_are_called_by_their_folder(tmp_path: Path) -> None:
    folder = filled(tmp_path, "toy/learned_embeds.bin", "mug/learned_embeds.bin")
    assert list(folder.files()) == ["mug", "toy"]


def test_the_same_name_twice_needs_its_folder(tmp_path: Path) -> None:
    folder = filled(tmp_path, "x/a.safetensors", "y/a.safetensors")
    assert folder.find("y/a") == tmp_path / "y" / "a.safetensors"
    with pytest.raises(ModelError) as caught:
        folder.find("a")
    assert caught.value.hint == "there are several: x/a, y/a"


def test_unknown_names_are_told_with_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no LoRA 'grian'") as caught:
        filled(tmp_path, "grain.safetensors").find("grian")
    assert caught.value.hint == "did you mean grain?"
    with pytest.raises(ModelError) as caught:
        Folder("LoRA", tmp_path / "missing").find("x")
    assert str(tmp_path / "missing") in caught.value.hint


def test_files_that_come_and_go_are_noticed(tmp_path: Path) -> None:
    folder = Folder("LoRA", tmp_path / "loras")
    assert not folder.files()
    filled(tmp_path / "loras", "deep/a.pt")
    assert list(folder.files()) == ["a"]
    (tmp_path / "loras/deep/a.pt").unlink()
    assert not folder.files()


def test_a_changed_file_has_another_hash(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    for content in (b"one", b"three"):
        path.write_bytes(content)
        assert Stamp.of(path).sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("name", ["a.bin", "a.safetensors"])
def test_triggers_are_found_inside_files(tmp_path: Path, name: str) -> None:
    content = {"<cat-toy>": torch.ones(4)}
    if name.endswith("bin"):
        torch.save(content, tmp_path / name)
    else:
        save_file(content, tmp_path / name, {"author": "someone"})
        assert notes(tmp_path / name) == {"author": "someone"}
    assert triggers_of(Stamp.of(tmp_path / name)) == {"cat-toy"}
    folders = AdapterFolders(embeddings=Folder("embedding", tmp_path))
    assert folders.word("cat-toy").file.path == folders.word("a").file.path == tmp_path / name


def test_an_unknown_trigger_says_how_to_write_a_plain_bracket(tmp_path: Path) -> None:
    (tmp_path / "toy.pt").write_bytes(b"damaged")
    with pytest.raises(ModelError, match="there is no embedding 'tyo'") as caught:
        AdapterFolders(embeddings=Folder("embedding", tmp_path)).word("tyo")
    assert "did you mean toy?" in caught.value.hint
    assert r"\<" in caught.value.hint


def test_names_are_found_without_torch() -> None:
    code = "import sys, invoke_cli.models.wanted; print('torch' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
