"""What the beginning of a weight file says, read without torch and without running anything in it."""

from __future__ import annotations

import json
import pickle
import pickletools
import re
import struct
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from invoke_cli.models.folders import Stamp

_LENGTH = 8
"""Bytes at the start of a safetensors file that say how long its header is."""
_TRIGGER = re.compile(r"<([^\s<>]+)>")


def is_safetensors(path: Path) -> bool:
    """Whether the file begins as safetensors do: eight bytes that say how long the JSON after them is."""
    with path.open("rb") as stream:
        start = stream.read(9)
    if len(start) < 9 or start[8:] != b"{":
        return False
    return int(struct.unpack("<Q", start[:8])[0]) <= path.stat().st_size - 8


# What people save by mistake in the place of a model, by how it begins.
_MISTAKEN = (
    (
        re.compile(rb"version https://git-lfs"),
        "is only a pointer of Git LFS, without the weights",
        "fetch them with: git lfs pull",
    ),
    (
        re.compile(rb"\s*(<!doctype|<html|<\?xml|<head)", re.IGNORECASE),
        "is a web page, not a file of weights",
        "the download wanted a login, or its address was that of the page",
    ),
    (
        re.compile(rb"\s*[{\[]\s*[\"\]}]"),
        "is a text of JSON, not a file of weights",
        "fetch the file itself",
    ),
)


def no_weights(path: Path) -> tuple[str, str] | None:
    """What is wrong with a file that is something else than weights at first sight, and what to do."""
    with path.open("rb") as stream:
        start = stream.read(256)
    if not start:
        return "is empty", "fetch it again"
    return next(((what, hint) for begins, what, hint in _MISTAKEN if begins.match(start)), None)


def header(path: Path) -> dict[str, Any]:
    """The names of a safetensors file with dtypes and shapes; under "__metadata__" its notes.

    Raises ValueError for a broken one.
    """
    with path.open("rb") as stream:
        stream.seek(_LENGTH)
        found = json.loads(stream.read(header_length(path) - _LENGTH))
    if not isinstance(found, dict):
        raise ValueError("the header is not an object")
    return found


def header_length(path: Path) -> int:
    """How many bytes of a safetensors file come before its tensors."""
    with path.open("rb") as stream:
        return _LENGTH + int(struct.unpack("<Q", stream.read(_LENGTH))[0])


def notes(path: Path) -> dict[str, str]:
    """The metadata of a weight file; nothing where its format has none."""
    found = header(path).get("__metadata__", {}) if is_safetensors(path) else {}
    return found if isinstance(found, dict) else {}


@lru_cache(maxsize=1024)
def triggers_of(stamp: Stamp) -> frozenset[str]:
    """The triggers that an embedding's file itself names, such as "toy" for `<toy>`."""
    try:
        texts = [*_texts(stamp.path)]
    except (OSError, ValueError, KeyError, IndexError, zipfile.BadZipFile, pickle.UnpicklingError):
        return frozenset()  # damage is told when the file is loaded
    return frozenset(found[1] for text in texts if (found := _TRIGGER.fullmatch(text)))


def _texts(path: Path) -> Iterator[str]:
    """The names in a file: of a pickle every text in its instructions, which are read and not followed."""
    if is_safetensors(path):
        yield from header(path)
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            pickled = next((name for name in archive.namelist() if name.endswith("/data.pkl")), None)
            content = archive.read(pickled) if pickled is not None else b""
        yield from (value for _, value, _ in pickletools.genops(content) if isinstance(value, str))
