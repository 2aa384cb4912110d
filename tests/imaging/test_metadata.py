"""Texts in PNG files: what goes in comes out, and what strangers put in does no harm."""

from __future__ import annotations

import contextlib
import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from invoke_cli.errors import MetadataError, PictureError
from invoke_cli.imaging import metadata
from invoke_cli.imaging.metadata import MOST_TEXT, Stored, encode_png, pack, read_texts, unpack

RGB = np.random.default_rng(5).integers(0, 256, (4, 6, 3), np.uint8)
QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
PLAIN = st.text(st.characters(exclude_categories=["Cs", "Cc"]))


@pytest.fixture
def hold(tmp_path: Path, make_png):
    """A PNG with the given chunks before its pixels, or after."""

    def hold(*chunks: tuple[bytes, bytes], after: bool = False) -> Path:
        path = tmp_path / "a.png"
        path.write_bytes(make_png([b"\0"], 1, **{"after" if after else "before": chunks}))
        return path

    return hold


@QUIET
@given(texts=st.dictionaries(st.sampled_from(["Dream", "invoke-cli", "Über"]), PLAIN))
def test_texts_come_back(tmp_path: Path, texts: dict[str, str]) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encode_png(RGB, texts))
    assert read_texts(path) == texts
    with Image.open(path) as image:  # and another reader agrees
        np.testing.assert_array_equal(np.asarray(image), RGB)
        assert {name: str(text) for name, text in image.text.items()} == texts


def test_line_ends_and_tabs_are_text(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode_png(RGB, {"Dream": "a\n\tb"}))
    assert read_texts(tmp_path / "a.png") == {"Dream": "a\n\tb"}


def test_equal_input_gives_equal_bytes_and_compression_only_changes_the_size() -> None:
    texts = pack("a cat -s10", {"seed": 3})
    assert encode_png(RGB, texts, 6) == encode_png(RGB.copy(), dict(texts), 6)
    flat = np.zeros((64, 64, 3), np.uint8)
    sizes = [len(encode_png(flat, {}, level)) for level in (0, 9)]
    assert sizes[0] > 64 * 64 * 3 > sizes[1]


def painted() -> np.ndarray:
    """Soft shapes under a grain, (96, 96, 3), as photographs and what models draw."""
    waves = np.sin(np.arange(96) / 9)[:, None, None] * np.cos(np.arange(96) / 13)[None, :, None]
    grain = np.random.default_rng(8).normal(0, 3, (96, 96, 3))
    return (120 + 90 * waves + grain).clip(0, 255).astype(np.uint8)


def drawn() -> np.ndarray:
    """One small pattern again and again, as in charts and labels."""
    return np.tile(np.random.default_rng(9).integers(0, 2, (8, 8, 3), np.uint8) * 255, (12, 12, 1))


def searched(rgb: np.ndarray, level: int) -> bytes:
    """The file as Pillow squeezes it by itself."""
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "PNG", compress_level=level)
    return file.getvalue()


@pytest.mark.parametrize("level", range(10))
@pytest.mark.parametrize("make", [painted, drawn])
def test_no_level_of_compression_gives_larger_files_than_a_plain_writer(make, level: int) -> None:
    # but for the 3 % that haste may cost
    rgb = make()
    content = encode_png(rgb, {}, level)
    with Image.open(io.BytesIO(content)) as image:
        np.testing.assert_array_equal(np.asarray(image), rgb)
    assert len(content) <= len(searched(rgb, level)) * 1.03 + 8


def test_ways_that_suit_pictures_are_found() -> None:
    assert metadata._strategy(painted(), 4) == zlib.Z_RLE
    assert metadata._strategy(drawn(), 4) == metadata.SEARCH
    assert metadata._strategy(painted(), 0) == metadata.SEARCH
    # a picture with a drawn margin is judged by more than its middle
    framed = drawn()
    framed[36:60] = painted()[36:60]
    assert metadata._strategy(framed, 4) == metadata.SEARCH


@pytest.mark.parametrize("size", [(1, 1), (1, 70), (70, 1), (7, 5), (25, 3), (100, 2)])
def test_pictures_of_any_size_are_written(size: tuple[int, int]) -> None:
    rgb = np.random.default_rng(4).integers(0, 256, (*size, 3), np.uint8)
    with Image.open(io.BytesIO(encode_png(rgb, {}, 4))) as image:
        np.testing.assert_array_equal(np.asarray(image), rgb)


@pytest.mark.parametrize("name", ["", "a" * 80, " a", "a ", "a  b", "a\nb", "a\0b", "猫", "\x80"])
def test_names_that_png_does_not_allow_are_a_bug(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name"):
        encode_png(RGB, {name: "x"})


@pytest.mark.parametrize("name", ["a", "a" * 79, "a b", "é"])
def test_names_that_png_allows(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.png").write_bytes(encode_png(RGB, {name: "x"}))
    assert read_texts(tmp_path / "a.png") == {name: "x"}


def test_texts_that_png_cannot_hold() -> None:
    with pytest.raises(MetadataError, match="NUL"):
        encode_png(RGB, {"Dream": "a\0b"})
    with pytest.raises(MetadataError, match="longer than"):
        encode_png(RGB, {"Dream": "a" * (MOST_TEXT + 1)})


def wide(name: bytes, text: bytes, flag: int = 0, method: int = 0) -> tuple[bytes, bytes]:
    return b"iTXt", name + bytes([0, flag, method]) + b"en\0translated\0" + text


def test_every_kind_of_chunk_is_read_wherever_it_stands(hold) -> None:
    chunks = [
        (b"tEXt", b"a\0caf\xe9"),
        (b"zTXt", b"b\0\0" + zlib.compress(b"packed \xe9")),
        wide(b"c", "猫".encode()),
        wide(b"d", zlib.compress("猫".encode()), flag=1),
        (b"tEXt", b"e\0"),
    ]
    expected = {"a": "café", "b": "packed é", "c": "猫", "d": "猫", "e": ""}
    assert read_texts(hold(*chunks)) == expected
    assert read_texts(hold(*chunks, after=True)) == expected


def test_of_equal_names_the_last_counts(hold) -> None:
    assert read_texts(hold((b"tEXt", b"a\0old"), (b"tEXt", b"a\0new"))) == {"a": "new"}


def test_control_characters_are_taken_out(hold) -> None:
    hostile = "a\x1b[2J\x07b\r\n\tc\x9b31m\x7fd".encode()
    assert read_texts(hold(wide(b"Dream\x1b", hostile))) == {"Dream": "a[2Jb\n\tc31md"}


@pytest.mark.parametrize(
    "oversized",
    [
        (b"tEXt", b"big\0" + b"x" * MOST_TEXT),
        (b"zTXt", b"big\0\0" + zlib.compress(bytes(200_000_000))),
        wide(b"big", zlib.compress(b"x" * (MOST_TEXT + 1)), flag=1),
    ],
)
def test_oversized_texts_are_passed_over(hold, oversized: tuple[bytes, bytes]) -> None:
    assert read_texts(hold(oversized, (b"tEXt", b"Dream\0a cat"))) == {"Dream": "a cat"}


def test_the_sum_of_all_texts_is_limited(hold) -> None:
    with pytest.raises(MetadataError, match="more text than is read"):
        read_texts(hold(*[(b"tEXt", b"a\0" + b"x" * (MOST_TEXT - 9))] * 9))


@pytest.mark.parametrize(
    ("chunk", "words"),
    [
        ((b"tEXt", b"no end of name"), "malformed"),
        ((b"iTXt", b"a\0\0\0no end"), "malformed"),
        ((b"iTXt", b"a\0"), "malformed"),
        ((b"zTXt", b"a\0\7" + zlib.compress(b"x")), "unknown way"),
        ((b"zTXt", b"a\0\0junk"), "damaged"),
        ((b"zTXt", b"a\0\0" + zlib.compress(b"x" * 99)[:-6]), "cut off"),
        (wide(b"a", b"\xff\xfe"), "not UTF-8"),
        (wide(b"a", b"x", flag=1), "damaged|cut off"),
        ((b"zTXt", b"a\0"), "unknown way"),
    ],
)
def test_malformed_texts(hold, chunk: tuple[bytes, bytes], words: str) -> None:
    path = hold(chunk)
    with pytest.raises(MetadataError, match=words) as caught:
        read_texts(path)
    assert str(path) in caught.value.message


def test_broken_files(tmp_path: Path, hold) -> None:
    whole = hold((b"tEXt", b"Dream\0a cat")).read_bytes()
    cases = {
        whole[:-15]: "ends in the middle",
        whole[:45]: "ends in the middle",
        whole[:8]: "ends in the middle",
        whole.replace(b"a cat", b"a cot"): "checksum",
        whole.replace(
            struct.pack(">I", 11) + b"tEXt", struct.pack(">I", 2**32 - 1) + b"tEXt"
        ): "ends in the middle",
        b"GIF89a": "not a PNG",
    }
    for data, words in cases.items():
        (tmp_path / "b.png").write_bytes(data)
        with pytest.raises(MetadataError, match=words):
            read_texts(tmp_path / "b.png")


def test_missing_and_empty_files(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    for name in ("a.png", "b.png"):
        with pytest.raises(PictureError):
            read_texts(tmp_path / name)


@QUIET
@given(where=st.integers(0), value=st.integers(0, 255))
def test_damaged_bytes_never_raise_anything_else(tmp_path: Path, where: int, value: int) -> None:
    data = bytearray(encode_png(RGB, pack("a cat 猫", {"steps": 10})))
    data[where % len(data)] = value
    (tmp_path / "a.png").write_bytes(data)
    with contextlib.suppress(MetadataError):
        assert set(unpack(read_texts(tmp_path / "a.png")).facts) <= {"steps"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=60)
@given(line=PLAIN, facts=st.dictionaries(PLAIN.filter(lambda key: key != "line"), JSON, max_size=3))
def test_line_and_facts_come_back(line: str, facts: dict[str, object]) -> None:
    texts = pack(line, facts)
    assert texts["Dream"] == line
    assert unpack(texts) == Stored(line, facts)


def test_an_undecodable_file_name_survives(tmp_path: Path) -> None:
    line = "a cat -I caf\udce9.png"
    (tmp_path / "a.png").write_bytes(encode_png(RGB, pack(line, {})))
    assert unpack(read_texts(tmp_path / "a.png")).line == line


def test_facts_that_are_not_json_are_a_bug() -> None:
    for facts in ({"line": "x"}, {"a": float("nan")}):
        with pytest.raises(ValueError, match=r"line|JSON"):
            pack("a", facts)
    with pytest.raises(TypeError):
        pack("a", {"a": Path("x")})


@pytest.mark.parametrize(
    "damaged", ["", "{", "[]", "3", '{"steps": 1}', '{"line": 3}', '{"line": "x", "a": NaN}', "[" * 100_000]
)
def test_damaged_json_leaves_the_line(damaged: str) -> None:
    assert unpack({"Dream": "a cat", "invoke-cli": damaged}) == Stored("a cat")


def test_json_goes_before_the_line_and_is_cleaned_too() -> None:
    stored = unpack(
        {"Dream": "old", "invoke-cli": json.dumps({"line": "n\x1bew", "a": [{"k\x07": "\x9bv"}]})}
    )
    assert stored == Stored("new", {"a": [{"k": "v"}]})


def test_a_picture_without_a_line() -> None:
    assert unpack({"Comment": "hello"}) == Stored(None)


def test_a_picture_of_the_ancestor() -> None:
    line = '"a cat" -s50 -S42'
    assert unpack({"Dream": line, "sd-metadata": "{}"}) == Stored(line)
