"""Completing the names of files and folders, as they are written in a line."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice

from invoke_cli.language.quoting import quoted, value_text

WEIGHT_SUFFIXES = frozenset({".safetensors", ".ckpt"})
VAE_SUFFIXES = WEIGHT_SUFFIXES | {".pt", ".bin"}
PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"})
TEXT_SUFFIXES = frozenset({".txt", ".log", ".md"})

_LISTED = 500


@dataclass(frozen=True)
class PathChoice:
    """A file or folder that fits. path: what may replace what was typed, without quotes."""

    path: str
    name: str
    is_folder: bool

    def in_line(self, is_quoted: bool) -> str:
        """The path as a line to draw has to hold it. A folder's quote stays open, so that one can go on."""
        if not self.is_folder:
            return quoted(self.path) if is_quoted else value_text(self.path)
        inside = self.path + "/"
        must_quote = is_quoted or value_text(inside) != inside
        return quoted(inside)[:-1] if must_quote else inside


def path_choices(typed: str, *, suffixes: Collection[str], within: str = "") -> Iterator[PathChoice]:
    """The folders, and the files with such suffixes, whose path begins as typed; not too many.

    within: a folder whose files also go by their bare names.
    """
    return islice(_all_choices(typed, suffixes, within), _LISTED)


def _all_choices(typed: str, suffixes: Collection[str], within: str) -> Iterator[PathChoice]:
    folder, beginning = os.path.split(typed)
    for entry in _entries(os.path.expanduser(folder) or "."):
        if not _fits(entry.name, beginning):
            continue
        is_folder = _is_folder(entry)
        if is_folder or os.path.splitext(entry.name)[1].lower() in suffixes:
            path = typed[: len(typed) - len(beginning)] + entry.name
            yield PathChoice(path, entry.name, is_folder)
    for entry in _entries(within) if within and not folder and beginning else ():
        is_file = os.path.splitext(entry.name)[1].lower() in suffixes and not _is_folder(entry)
        if is_file and _fits(entry.name, beginning) and not os.path.exists(entry.name):
            yield PathChoice(entry.name, entry.name, False)


def _fits(name: str, beginning: str) -> bool:
    """Whether the name begins so; hidden names only where the dot was typed."""
    return name.startswith(beginning) and (beginning != "" or not name.startswith("."))


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """What lies in the folder, by name; nothing where one may not look."""
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except (OSError, ValueError):  # ValueError: a character that no path may hold
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
