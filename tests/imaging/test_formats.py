"""JPEG and WebP files carry what PNG files do, as far as they have room."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from invoke_cli.errors import MetadataError
from invoke_cli.imaging.formats import LOSSY, SUFFIXES, encode, holds, kept_texts
from invoke_cli.imaging.metadata import Stored, pack, read_texts, unpack

RGB = np.random.default_rng(5).integers(0, 256, (16, 24, 3), np.uint8)
QUIET = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
USER_COMMENT, EXIF_IFD = 0x9286, 0x8769


def comment(path: Path) -> bytes:
    """As another program reads it."""
    with Image.open(path) as image:
        return bytes(image.getexif().get_ifd(EXIF_IFD)[USER_COMMENT])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_line_and_facts_come_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    texts = pack('a "cat" 猫 -s10', {"steps": 3, "init": {"name": "é"}})
    path.write_bytes(encode(RGB, texts, suffix))
    stored = unpack(read_texts(path))
    assert stored == Stored('a "cat" 猫 -s10', {"steps": 3, "init": {"name": "é"}})
    assert read_texts(path)["Dream"] == stored.line
    assert encode(RGB, texts, suffix) == path.read_bytes()
    with Image.open(path) as image:
        assert image.size == (24, 16)


@pytest.mark.parametrize("suffix", LOSSY)
def test_the_comment_is_plain_text_in_its_standard_place(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(encode(RGB, pack("a cat", {"steps": 3}), suffix))
    assert comment(path) == b'ASCII\0\0\0invoke-cli: {"line": "a cat", "steps": 3}'


def test_quality_and_its_ends() -> None:
    smooth = np.asarray(Image.fromarray(RGB).resize((96, 64), Image.Resampling.BICUBIC))
    for suffix in (".jpg", ".webp"):
        files = [encode(smooth, {}, suffix, quality=quality) for quality in (30, 80, 100)]
        assert len(files[0]) < len(files[1]) < len(files[2])
    with Image.open(io.BytesIO(encode(smooth, {}, ".webp", quality=100))) as image:
        np.testing.assert_array_equal(np.asarray(image), smooth)


def test_what_is_too_long_for_jpeg_leaves_the_line_or_nothing() -> None:
    short, long, endless = pack("a cat", {}), pack("a cat", {"a": "x" * 70_000}), pack("x" * 70_000, {})
    assert kept_texts(short, ".jpg") == (short, "")
    kept, note = kept_texts(long, ".jpg")
    assert kept == {"Dream": "a cat"}
    assert "only the line" in note
    kept, note = kept_texts(endless, ".jpg")
    assert kept == {}
    assert "nothing" in note
    for texts in (long, endless):
        assert kept_texts(texts, ".webp") == kept_texts(texts, ".png") == (texts, "")


def test_the_line_alone_is_found_too(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(encode(RGB, {"Dream": "a 猫"}, ".jpg"))
    assert read_texts(tmp_path / "a.jpg") == {"Dream": "a 猫"}


@pytest.mark.parametrize("encoding", ["utf-16-be", "utf-16-le", "utf-16"])
def test_comments_of_other_programs_are_texts_too(tmp_path: Path, encoding: str) -> None:
    exif = Image.Exif()
    exif.get_ifd(EXIF_IFD)[USER_COMMENT] = b"UNICODE\0" + "a cat\nSteps: 20, 猫\x1b".encode(encoding)
    Image.fromarray(RGB).save(tmp_path / "a.jpg", exif=exif)
    assert read_texts(tmp_path / "a.jpg") == {"UserComment": "a cat\nSteps: 20, 猫"}


def test_no_texts_and_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.webp").write_bytes(encode(RGB, {}, ".webp"))
    assert read_texts(tmp_path / "a.webp") == {}
    (tmp_path / "b.jpg").write_bytes(b"\xff\xd8\xff" + b"junk" * 9)
    with pytest.raises(MetadataError, match=r"b\.jpg"):
        read_texts(tmp_path / "b.jpg")


@QUIET
@given(suffix=st.sampled_from([".jpg", ".webp"]), where=st.integers(0), value=st.integers(0, 255))
def test_damaged_bytes_never_raise_anything_else(tmp_path: Path, suffix: str, where: int, value: int) -> None:
    data = bytearray(encode(RGB, pack("a cat 猫", {"steps": 10}), suffix))
    data[where % min(len(data), 300)] = value
    (tmp_path / "a").write_bytes(data)
    with contextlib.suppress(MetadataError):
        unpack(read_texts(tmp_path / "a"))


def test_sides_that_a_format_cannot_have() -> None:
    assert holds(".webp", (16_383, 8))
    assert not holds(".webp", (8, 16_384))
    assert holds(".png", (70_000, 8))
