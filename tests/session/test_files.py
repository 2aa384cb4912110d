"""Files are written whole or not at all, and never over another."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from invoke_cli.errors import LineError, OutputError
from invoke_cli.session import files
from invoke_cli.session.files import append, make_directory, write_new
from invoke_cli.session.names import file_name, numbered

VALUES = {"prefix": "000012", "seed": 42, "prompt": "a/b: c", "strength": 0.75, "init_img": None}


def test_a_new_file_is_written_whole(tmp_path: Path) -> None:
    assert write_new(tmp_path / "a.png", b"content")
    assert (tmp_path / "a.png").read_bytes() == b"content"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_an_existing_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"old")
    assert not write_new(tmp_path / "a.png", b"new")
    assert (tmp_path / "a.png").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_file_systems_without_links_are_safe_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(files.os, "link", refuse)
    assert write_new(tmp_path / "a.png", b"first")
    assert not write_new(tmp_path / "a.png", b"second")
    assert (tmp_path / "a.png").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_permissions_follow_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        write_new(tmp_path / "a.png", b"")
    finally:
        os.umask(old)
    assert (tmp_path / "a.png").stat().st_mode & 0o777 == 0o640


def test_a_folder_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be made"):
        make_directory(tmp_path / "file" / "below")
    with pytest.raises(OutputError, match="cannot be written"):
        write_new(tmp_path / "missing" / "a.png", b"")


def test_logs_grow(tmp_path: Path) -> None:
    append(tmp_path / "log.txt", "eins\n")
    append(tmp_path / "log.txt", "zwei 木\n")
    assert (tmp_path / "log.txt").read_text(encoding="utf-8") == "eins\nzwei 木\n"


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{prefix}.{seed}.png", "000012.42.png"),
        ("{seed:010}", "0000000042.png"),
        ("{prompt}", "a_b_ c.png"),
        ("{strength:.1f}-{init_img}", "0.8-.png"),
        ("../{seed}", "_42.png"),
        ("{{{seed}}}", "{42}.png"),
        ("", "picture.png"),
    ],
)
def test_templates(template: str, name: str) -> None:
    assert file_name(template, VALUES) == name


def test_names_are_short_enough_for_any_file_system() -> None:
    name = file_name("{prompt}", {"prompt": "木" * 200})
    assert len(name.encode()) <= 255
    assert name.endswith("木.png")


@pytest.mark.parametrize(
    "template", ["{sed}", "{seed.__class__}", "{seed[0]}", "{seed", "{seed:q}", "{}", "{0}"]
)
def test_templates_that_cannot_be_read_or_look_inside_values_are_refused(template: str) -> None:
    with pytest.raises(LineError) as caught:
        file_name(template, VALUES)
    assert caught.value.switch == "fnformat"


def test_a_misspelt_field_is_suggested() -> None:
    with pytest.raises(LineError) as caught:
        file_name("{sed}", VALUES)
    assert "{seed}" in caught.value.hint


def test_taken_names_are_numbered() -> None:
    assert [numbered("a.png", attempt) for attempt in range(3)] == ["a.png", "a-01.png", "a-02.png"]
