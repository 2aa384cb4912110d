"""Files and pipes of prompt lines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from invoke_cli.errors import BatchError

NumberedLine = tuple[int, str | BatchError]

_BOM = b"\xef\xbb\xbf"
_REMEDY = "save the file as UTF-8"


def lines_of(source: BinaryIO | Path) -> Iterator[NumberedLine]:
    """The lines of a file or a stream with their numbers, each as soon as it has come.

    A line that is not UTF-8 comes as the BatchError that says so, for the others can still run. A
    file that cannot be opened raises BatchError at once.
    """
    if isinstance(source, Path):
        return _to_the_end_of(_opened(source))
    return _numbered(source)


def _opened(path: Path) -> BinaryIO:
    try:
        return open(os.path.expanduser(path), "rb")
    except (OSError, ValueError) as error:  # ValueError: a character that no path may hold
        reason = getattr(error, "strerror", None) or "no such path"
        raise BatchError(f"the prompt file {path} cannot be read: {reason}") from error


def _to_the_end_of(stream: BinaryIO) -> Iterator[NumberedLine]:
    with stream:
        yield from _numbered(stream)


def _numbered(stream: BinaryIO) -> Iterator[NumberedLine]:
    for number, raw in enumerate(_raw_lines(stream), start=1):
        if isinstance(raw, BatchError):
            yield number, raw
            return
        if b"\0" in raw:  # a picture, or UTF-16: every further line would only fail in its turn
            yield number, BatchError(f"from line {number} on this is no text in UTF-8", _REMEDY)
            return
        yield number, _decoded(raw.removeprefix(_BOM) if number == 1 else raw, number)


def _raw_lines(stream: BinaryIO) -> Iterator[bytes | BatchError]:
    """The stream's lines, and at last the BatchError that says why reading broke off."""
    try:
        yield from stream
    except OSError as error:
        yield BatchError(f"reading broke off: {error.strerror}")


def _decoded(raw: bytes, number: int) -> str | BatchError:
    try:
        return raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        place = f"byte {error.start + 1} of line {number} is 0x{raw[error.start]:02x}"
        return BatchError(f"{place}, which is not text in UTF-8", _REMEDY)
