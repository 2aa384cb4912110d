"""Where the vocabulary of a checkpoint without one is found, and what is said where it is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from invoke_cli.errors import ModelError
from invoke_cli.models import architectures, vocabulary
from tests.tiny import make_tokenizer

pytestmark = pytest.mark.usefixtures("own_directory")
WORDS = len(make_tokenizer())


def test_a_vocabulary_is_taken_from_the_catalog_and_kept(
    own_directory: Path, tiny_model: Path, tmp_path: Path, no_network: list[Any]
) -> None:
    own_directory.mkdir(parents=True)
    (own_directory / "models.yaml").write_text(f"tiny:\n  source: {tiny_model}\n")
    assert vocabulary.find(WORDS) == own_directory / "tokenizer"
    (own_directory / "models.yaml").unlink()
    assert vocabulary.find(WORDS) == own_directory / "tokenizer"
    assert not no_network


def test_a_vocabulary_is_taken_from_the_hubs_cache(
    own_directory: Path, tiny_model: Path, tmp_path: Path, no_network: list[Any]
) -> None:
    repository = tmp_path / "hub" / "models--openai--clip-vit-large-patch14"
    snapshot = repository / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    words = {str(index): index for index in range(WORDS)}
    (snapshot / "vocab.json").write_text(json.dumps(words))
    (snapshot / "merges.txt").write_text("#version: 0.2\n")
    assert vocabulary.find(WORDS) == own_directory / "tokenizer"
    assert (own_directory / "tokenizer" / "vocab.json").is_file()
    assert not no_network


def test_without_a_vocabulary_the_error_says_how_to_get_one(no_network: list[Any]) -> None:
    with pytest.raises(ModelError) as caught:
        vocabulary.find(49408)
    assert "vocabulary" in caught.value.message
    for way in ("fetched once", "--tokenizer DIR", "models.yaml"):
        assert way in caught.value.hint


def test_broken_and_foreign_tokenizers_are_refused(tmp_path: Path, tiny_model: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "tokenizer_config.json").write_text("{}")
    torn = tmp_path / "torn"
    torn.mkdir()
    (torn / "tokenizer.json").write_text('{"model": {"vocab": {"a"')
    for directory, holds in (
        (empty, "no vocabulary"),
        (torn, "no vocabulary"),
        (tmp_path / "away", "no voc"),
    ):
        with pytest.raises(ModelError, match=holds):
            vocabulary.find(WORDS, str(directory))
    with pytest.raises(ModelError, match=f"vocabulary of {WORDS} words; this model needs 49408"):
        vocabulary.find(49408, str(tiny_model / "tokenizer"))


def test_the_demos_vocabulary_is_not_taken_for_real_checkpoints() -> None:
    demo = Path(architectures.__file__).parent.parent / "data" / "demo" / "tokenizer"
    assert vocabulary.vocabulary_size(demo) != 49408


def test_the_shell_switch_takes_a_vocabulary_from_a_directory(
    own_directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from invoke_cli.__main__ import main

    given = tmp_path / "given"
    given.mkdir()
    assert main(["--tokenizer", str(given), "--model", "nowhere", "a cat"]) == 2
    assert "no vocabulary" in capsys.readouterr().err
    (given / "vocab.json").write_text(json.dumps({str(index): index for index in range(49408)}))
    (given / "merges.txt").write_text("#version: 0.2\n")
    assert main(["--tokenizer", str(given), "--model", "nowhere", "a cat"]) == 2
    assert "no model 'nowhere'" in capsys.readouterr().err
    assert vocabulary.vocabulary_size(own_directory / "tokenizer") == 49408
