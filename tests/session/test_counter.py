"""Numbers in front of file names: never twice, whoever asks and whatever was deleted."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from invoke_cli.errors import OutputError
from invoke_cli.session.counter import CLAIMS, claim_number, next_number


def claim_many(outdir: Path) -> list[int]:
    return [claim_number(outdir) for _ in range(40)]


def test_numbers_count_up_from_one(tmp_path: Path) -> None:
    assert [claim_number(tmp_path) for _ in range(3)] == [1, 2, 3]


def test_existing_pictures_are_counted_by_value_not_by_text(tmp_path: Path) -> None:
    for name in ("9.1.png", "000012.5.png", "1000000.7.png", "notes.txt", "12 monkeys.png"):
        (tmp_path / name).touch()
    assert claim_number(tmp_path) == 1000001


def test_a_deleted_picture_does_not_free_its_number(tmp_path: Path) -> None:
    number = claim_number(tmp_path)
    picture = tmp_path / f"{number:06}.1.png"
    picture.touch()
    picture.unlink()
    assert claim_number(tmp_path) == number + 1


def test_looking_claims_nothing(tmp_path: Path) -> None:
    assert [next_number(tmp_path), next_number(tmp_path)] == [1, 1]
    assert list(tmp_path.iterdir()) == []


def test_a_stale_look_never_wins(tmp_path: Path) -> None:
    """Somebody who looked before two others claimed and cleaned up must not get the number between."""
    claims = tmp_path / CLAIMS
    claims.mkdir()
    (claims / "7").touch()  # 6 was claimed and forgotten; a picture of it may be on its way
    assert claim_number(tmp_path) == 8
    assert [path.name for path in claims.iterdir()] == ["8"]


def test_processes_never_share_a_number(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        claimed = [number for numbers in pool.map(claim_many, [tmp_path] * 4) for number in numbers]
    assert sorted(claimed) == sorted(set(claimed))
    assert len(claimed) == 160


def test_a_claim_that_cannot_be_made_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(OutputError, match="Permission denied"):
        claim_number(tmp_path)
