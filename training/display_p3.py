"""A small ICC profile for the Display P3 colours, written by the ICC.1 specification, version 4."""

from __future__ import annotations

import struct

# Primaries and white point (D50-adapted XYZ), and the sRGB transfer curve's five parameters.
_COLUMNS = {
    b"rXYZ": (0.51512, 0.24120, -0.00105),
    b"gXYZ": (0.29198, 0.69225, 0.04189),
    b"bXYZ": (0.15710, 0.06657, 0.78407),
}
_WHITE = (0.96420, 1.0, 0.82491)
_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_HEADER_SIZE = 128


def display_p3_profile() -> bytes:
    """The profile as the bytes that a picture file embeds."""
    curve = b"para" + bytes(4) + struct.pack(">HH", 3, 0) + _fixed(*_CURVE)
    tags = {b"desc": _text("Display P3"), b"cprt": _text("No copyright, use freely"), b"wtpt": _xyz(_WHITE)}
    tags |= {name: _xyz(column) for name, column in _COLUMNS.items()}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    return _assembled(tags)


def _fixed(*numbers: float) -> bytes:
    """Numbers as signed 16.16 fixed point."""
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(*values)


def _text(words: str) -> bytes:
    """A multi-localised text with one English entry."""
    letters = words.encode("utf-16-be")
    return b"mluc" + bytes(4) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(letters), 28) + letters


def _assembled(tags: dict[bytes, bytes]) -> bytes:
    """Header, tag table and tag data, each tag at a multiple of four bytes."""
    offset = _HEADER_SIZE + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for name, body in tags.items():
        table += struct.pack(">4sII", name, offset + len(data), len(body))
        data += body + bytes(-len(body) % 4)
    header = struct.pack(">I4sI4s4s4s", offset + len(data), bytes(4), 0x04200000, b"mntr", b"RGB ", b"XYZ ")
    # The date is fixed, so that the file is the same whenever it is made.
    header += struct.pack(">6H", 2024, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + _fixed(*_WHITE)
    return header.ljust(_HEADER_SIZE, b"\0") + table + data
