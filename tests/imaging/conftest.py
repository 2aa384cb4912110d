"""Files made by hand, byte by byte, so that no library vouches for itself."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence

import numpy as np
import pytest

Chunk = tuple[bytes, bytes]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_file(
    rows: Sequence[bytes],
    width: int,
    *,
    depth: int = 8,
    colour: int = 0,
    before: Sequence[Chunk] = (),
    after: Sequence[Chunk] = (),
) -> bytes:
    """A PNG of packed rows; colour: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA."""
    head = struct.pack(">IIBBBBB", width, len(rows), depth, colour, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    parts = [(b"IHDR", head), *before, (b"IDAT", pixels), *after, (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def profile_file(space: bytes, pcs: bytes, tags: dict[bytes, bytes], kind: bytes = b"mntr") -> bytes:
    """An ICC profile, version 2."""
    offset, table, data = 132 + 12 * len(tags), b"", b""
    for name, body in tags.items():
        table += name + struct.pack(">II", offset + len(data), len(body))
        data += body + b"\0" * (-len(body) % 4)
    head = struct.pack(">I4sI4s4s4s", offset + len(data), b"lcms", 0x02100000, kind, space, pcs)
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    head += struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def fixed(values: Sequence[float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(f">{len(values)}i", *(round(v * 65536) for v in values))


def rgb_profile(gamma: float | bytes, colorants: np.ndarray) -> bytes:
    """A matrix profile; the columns of `colorants` are the XYZ (D50) of red, green and blue.

    gamma: an exponent, or a whole curve tag.
    """
    plain = isinstance(gamma, float)
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) if plain else gamma
    tags = {b"desc": b"desc\0\0\0\0\0\0\0\x05test\0" + bytes(79), b"wtpt": fixed([0.9642, 1, 0.8249])}
    for index, name in enumerate("rgb"):
        tags[f"{name}XYZ".encode()] = fixed(colorants[:, index])
        tags[f"{name}TRC".encode()] = curve
    return profile_file(b"RGB ", b"XYZ ", tags)


@pytest.fixture
def make_png() -> Callable[..., bytes]:
    return png_file


@pytest.fixture
def make_rgb_profile() -> Callable[[float | bytes, np.ndarray], bytes]:
    return rgb_profile


@pytest.fixture
def make_profile() -> Callable[..., bytes]:
    return profile_file


@pytest.fixture
def noise() -> np.ndarray:
    """A picture, uint8 (6, 9, 3), no two pixels alike, that is not symmetrical in any way."""
    return np.random.default_rng(7).integers(0, 256, (6, 9, 3), np.uint8)
