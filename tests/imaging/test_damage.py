"""Whatever is wrong with a file is one plain sentence, and nothing else is written anywhere."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import time
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from invoke_cli.errors import PictureError
from invoke_cli.imaging.init_image import header, open_picture

READERS = pytest.mark.parametrize("reader", [header, open_picture])


@READERS
def test_missing_file_with_the_name_that_was_meant(tmp_path: Path, reader) -> None:
    for name in ("SKETCH.PNG", "sketch2.png", "other.txt"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(PictureError, match="there is no picture") as caught:
        reader(tmp_path / "sketch.png")
    assert str(tmp_path / "sketch.png") in caught.value.message
    assert str(tmp_path / "SKETCH.PNG") in caught.value.hint
    assert str(tmp_path / "sketch2.png") in caught.value.hint
    assert "other.txt" not in caught.value.hint


def test_missing_file_with_nothing_like_it(tmp_path: Path) -> None:
    with pytest.raises(PictureError) as caught:
        open_picture(tmp_path / "sketch.png")
    assert caught.value.hint == ""


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(PictureError) as caught:
        open_picture(tmp_path / "no" / "sketch.png")
    assert caught.value.hint == f"there is no folder {tmp_path / 'no'}"


def test_names_that_would_steer_the_terminal_are_not_suggested(tmp_path: Path) -> None:
    (tmp_path / "sketch\x1b[2J.png").write_bytes(b"x")
    with pytest.raises(PictureError) as caught:
        open_picture(tmp_path / "sketch.png")
    assert "\x1b" not in caught.value.hint


@READERS
def test_folder_empty_file_and_other_content(tmp_path: Path, reader) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("not a picture")
    for name, words in [(".", "is a folder"), ("empty.png", "is empty"), ("text.png", "is not a picture")]:
        with pytest.raises(PictureError, match=words):
            reader(tmp_path / name)


@READERS
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path, reader) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(PictureError, match="is not a file"):
        reader(tmp_path / "pipe.png")


@pytest.mark.parametrize("name", ["a\0b.png", "a" * 5000 + ".png"])
def test_impossible_names(name: str) -> None:
    with pytest.raises(PictureError):
        open_picture(Path(name))


def test_permission(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "a.png").write_bytes(b"x")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(PictureError, match="permission denied"):
        open_picture(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.gif", "a.tif", "a.bmp"])
def test_files_that_were_cut_off(tmp_path: Path, name: str, capfd) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (40, 50, 3), np.uint8)
    Image.fromarray(picture).save(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    for share in (0.01, 0.1, 0.5, 0.9):
        (tmp_path / name).write_bytes(whole[: int(len(whole) * share) + 4])
        with pytest.raises(PictureError, match=r"is cut off|is damaged|is not a picture"):
            open_picture(tmp_path / name)
    assert capfd.readouterr().err == ""


def test_a_damaged_tiff_makes_no_noise(tmp_path: Path, capfd) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.tif", compression="tiff_lzw")
    data = bytearray((tmp_path / "a.tif").read_bytes())
    data[200:400] = b"\xff" * 200
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(PictureError, match="is damaged"):
        open_picture(tmp_path / "a.tif")
    assert capfd.readouterr().err == ""


def claimed(width: int, height: int) -> bytes:
    """A PNG that says it is of this size and holds next to nothing."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    body = (struct.pack(">I", len(b)) + k + b + struct.pack(">I", zlib.crc32(k + b)) for k, b in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


@READERS
def test_a_decompression_bomb_is_refused_by_its_size(tmp_path: Path, reader) -> None:
    (tmp_path / "bomb.png").write_bytes(claimed(40_000, 30_000))
    with pytest.raises(PictureError, match="1,200 million pixels"):
        reader(tmp_path / "bomb.png")


@READERS
def test_no_pixels(tmp_path: Path, reader) -> None:
    (tmp_path / "none.png").write_bytes(claimed(0, 5))
    with pytest.raises(PictureError, match="is damaged"):
        reader(tmp_path / "none.png")


def test_the_header_of_a_huge_picture_is_quick_and_silent(tmp_path: Path, capfd) -> None:
    (tmp_path / "huge.png").write_bytes(claimed(10_000, 10_000))
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert header(tmp_path / "huge.png").size == (10_000, 10_000)
    assert time.perf_counter() - start < 0.1
    assert capfd.readouterr().err == ""


def originals() -> list[tuple[str, bytes]]:
    picture = Image.fromarray(np.random.default_rng(3).integers(0, 256, (9, 11, 4), np.uint8))
    found = []
    for name in ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"):
        file = io.BytesIO()
        exif = Image.Exif()
        exif[0x0112] = 6
        picture.convert("RGBA" if name in ("PNG", "WEBP", "TIFF") else "RGB").save(file, name, exif=exif)
        found.append((name, file.getvalue()))
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    original=st.sampled_from(originals()),
    damage=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6
    ),
)
def test_damaged_bytes_never_raise_anything_else(
    tmp_path: Path, original: tuple[str, bytes], damage: list[tuple[float, int]]
) -> None:
    data = bytearray(original[1])
    for where, value in damage:
        data[int(where**3 * len(data))] = value  # headers are near the start
    path = tmp_path / "damaged"
    path.write_bytes(data)
    with contextlib.suppress(PictureError):
        size = header(path).size
        assert open_picture(path).size == size
