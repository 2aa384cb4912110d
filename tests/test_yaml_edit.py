"""Edits of one entry leave every other byte of the file alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from invoke_cli.errors import SettingsError
from invoke_cli.yaml_edit import drop, put
from invoke_cli.yaml_file import write_text

FILE = Path("models.yaml")
TEXT = """\
# my models

first:   # the best one
  # where it came from
  source: /models/first.safetensors  # do not move
  description: |
    several
    lines

  defaults:
    steps: 30
    cfg_scale: 5   # less is more
# between
second: {source: a/b, default: true}  # short

# the end
"""
BLOCK = "description: |\n    several\n    lines\n"
DEFAULTS = "defaults:\n    steps: 30\n    cfg_scale: 5"


@pytest.mark.parametrize(
    ("key", "value", "old", "new"),
    [
        ("source", "a/b", "source: /models/first.safetensors  #", "source: a/b  #"),
        ("description", "a: b", BLOCK, "description: 'a: b'\n"),
        ("description", None, f"  {BLOCK}", ""),
        ("defaults", {"steps": 4}, DEFAULTS, "defaults: {steps: 4}"),
        ("dtype", "fp16", "# less is more\n", "# less is more\n  dtype: fp16\n"),
        ("dtype", None, "", ""),
    ],
)  # fmt: skip
def test_one_key_changes_and_nothing_else(key: str, value: object, old: str, new: str) -> None:
    assert put(TEXT, "first", {key: value}, FILE) == TEXT.replace(old, new)


def test_an_entry_in_braces_stays_in_braces() -> None:
    changed = put(TEXT, "second", {"default": None, "description": "so, it is"}, FILE)
    assert changed == TEXT.replace("{source: a/b, default: true}", "{source: a/b, description: 'so, it is'}")


def test_a_new_entry_comes_at_the_end() -> None:
    added = "\nthird:\n  source: c/d\n  default: true\n"
    assert put(TEXT, "third", {"source": "c/d", "default": True, "vae": None}, FILE) == TEXT + added


def test_an_entry_goes_with_its_lines_only() -> None:
    first = TEXT[TEXT.index("first:") : TEXT.index("# between")]
    assert drop(TEXT, "first", FILE) == TEXT.replace(first, "")
    assert drop(TEXT, "second", FILE) == TEXT.replace("second: {source: a/b, default: true}  # short\n", "")


@pytest.mark.parametrize("text", ["", "# only a comment", "\ufeff# marked\r\n", "a: {source: x}"])
def test_any_file_can_be_added_to(text: str) -> None:
    changed = put(text, "new", {"source": "a/b"}, FILE)
    assert changed.startswith(text)
    assert yaml.safe_load(changed)["new"] == {"source": "a/b"}


def test_line_ends_stay_what_they_are() -> None:
    text = TEXT.replace("\n", "\r\n")
    changed = put(put(text, "first", {"dtype": "fp16"}, FILE), "third", {"source": "x"}, FILE)
    assert changed.count("\n") == changed.count("\r\n")
    assert drop(changed, "third", FILE).startswith(text[: text.index("second")].split("\r\n# between")[0])


@pytest.mark.parametrize(
    "text",
    [
        "{a: {source: x}}",
        "base: &base {source: x}\na: *base\n",
        "a: {source: x}\n...\n",
    ],
)
def test_what_is_not_foreseen_is_refused_rather_than_damaged(text: str) -> None:
    with pytest.raises(SettingsError, match="only a person"):
        put(put(text, "a", {"source": "y"}, FILE), "b", {"source": "z"}, FILE)


WORDS = st.text(max_size=12).filter(lambda text: text.isprintable() or not text)
VALUES = st.one_of(WORDS, st.integers(), st.booleans(), st.dictionaries(WORDS, st.integers(), max_size=2))


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from(["source", "defaults", "vae", "x y", "1"]), VALUES, min_size=1), WORDS)
def test_what_is_put_is_what_is_read(changes: dict[str, object], name: str) -> None:
    for known in ("first", "second", f"new {name}"):
        changed = put(TEXT, known, changes, FILE)
        assert yaml.safe_load(changed)[known].items() >= changes.items()
        assert yaml.safe_load(drop(changed, known, FILE)).keys() == {"first", "second"} - {known}


def test_a_file_is_replaced_whole_and_links_stay_links(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles" / "models.yaml", tmp_path / "models.yaml"
    write_text(real, "a: 1\n")
    real.chmod(0o600)
    link.symlink_to(real)
    write_text(link, "b: 2\n")
    assert link.is_symlink()
    assert real.read_text() == "b: 2\n"
    assert real.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in real.parent.iterdir()] == ["models.yaml"]


def test_a_file_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="cannot be written"):
        write_text(tmp_path / "file" / "models.yaml", "")
