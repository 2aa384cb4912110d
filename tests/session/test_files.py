"""Files are written whole or not at all, and never over another."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from invoke_cli.errors import LineError, OutputError
from invoke_cli.session import files
from invoke_cli.session.files import append, make_directory, write_new
from invoke_cli.session.names import beside, file_name, folder_name, numbered, suffix_of

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
        ("{init_img:>9}{seed!s:_>5}", "___42.png"),
        ("../{seed}", "_42.png"),
        ("{{{seed}}}", "{42}.png"),
        ("", "picture.png"),
        ("{seed}.JPG", "42.jpg"),
        ("{seed}.x.webp", "42.x.webp"),
        ("{prompt}. . ", "a_b_ c.png"),
        ("...", "picture.png"),
        ("con", "con_.png"),
        ("AUX.{seed}", "AUX_.42.png"),
        ("com1 .{seed}", "com1_ .42.png"),
        ("console", "console.png"),
        ("a\x1b\u2028\ud800", "a___ud800.png"),
    ],
)
def test_templates(template: str, name: str) -> None:
    assert file_name(template, VALUES) == name


@pytest.mark.parametrize("value", ["x.jpg", "x.gif", "x.png"])
def test_the_format_is_the_templates_not_a_values(value: str) -> None:
    assert file_name("{prompt}", {"prompt": value}).endswith(".png")


@pytest.mark.parametrize("template", ["{seed}.gif", "{seed}.TIFF", "a.heic"])
def test_formats_that_are_not_written_are_refused(template: str) -> None:
    with pytest.raises(LineError, match="not saved as") as caught:
        suffix_of(template)
    assert ".webp" in caught.value.hint


def test_names_are_short_enough_for_any_file_system() -> None:
    name = file_name("{prompt}", {"prompt": "木" * 200})
    assert len(name.encode()) <= 255
    assert name.endswith("木.png")
    for other in (numbered(name, 123), beside(name, ".grid"), folder_name("木" * 200)):
        assert 250 <= len(other.encode()) <= 255


@pytest.mark.parametrize(
    "template",
    ["{sed}", "{seed.__class__}", "{seed[0]}", "{seed", "{seed:q}", "{}", "{0}", "{seed:999999999}",
     "{seed:{seed}}", "{strength:.999999999f}", "{prompt!r}", "{prompt:d}"],
)  # fmt: skip
def test_templates_that_cannot_be_read_or_look_inside_values_are_refused(template: str) -> None:
    with pytest.raises(LineError) as caught:
        file_name(template, VALUES)
    assert caught.value.switch == "fnformat"


def test_a_seed_that_is_no_character_is_refused_as_one() -> None:
    with pytest.raises(LineError):
        file_name("{seed:c}", {**VALUES, "seed": 2**31})


def test_a_misspelt_field_is_suggested() -> None:
    with pytest.raises(LineError) as caught:
        file_name("{sed}", VALUES)
    assert "{seed}" in caught.value.hint


def test_taken_names_are_numbered() -> None:
    assert [numbered("a.png", attempt) for attempt in range(3)] == ["a.png", "a-01.png", "a-02.png"]
    assert numbered("000001.42.jpg", 1) == "000001.42-01.jpg"


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("a red barn", "a red barn"),
        ('<b>: "c"/d\\e|f?*', "_b__ _c__d_e_f__"),
        ("wait ... ", "wait"),
        ("../..", "_"),
        ("nul", "nul_"),
        (" . ", ""),
    ],
)
def test_folders_named_after_a_prompt(prompt: str, name: str) -> None:
    assert folder_name(prompt) == name
