"""Folders of LoRAs, embeddings and VAEs: files that a line or a model names. Read without torch."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from invoke_cli.errors import ModelError
from invoke_cli.registry import nearest

SUFFIXES = (".safetensors", ".pt", ".bin", ".ckpt")
# What a trainer calls every embedding; the folder around it says which one it is.
NAMELESS = ("learned_embeds", "pytorch_lora_weights", "diffusion_pytorch_model")


class Folder:
    """The weight files below a directory, which need not exist, by the names that people type.

    kind: what they are, for messages, such as "LoRA". A file is called by its name without suffix, blanks
    as underscores; where two have the same, by its path within the directory.
    """

    def __init__(self, kind: str, path: Path) -> None:
        self.kind = kind
        self.path = path
        self._stamps: dict[str, int] = {}
        self._files: dict[str, Path] = {}

    def files(self) -> Mapping[str, Path]:
        """Name -> file, sorted; the disk is walked again only when a directory has changed."""
        if self._stamps != {place: _changed(place) for place in (self._stamps or [str(self.path)])}:
            self._scan()
        return self._files

    def _scan(self) -> None:
        stamps: dict[str, int] = {str(self.path): _changed(str(self.path))}
        by_name: dict[str, list[Path]] = defaultdict(list)
        for place, _, names in os.walk(self.path, followlinks=True):
            stamps[place] = _changed(place)
            for path in _best(Path(place), names):
                by_name[_name(path)].append(path)
        found = {
            name if len(paths) == 1 else self._long_name(path): path
            for name, paths in by_name.items()
            for path in paths
        }
        self._stamps, self._files = stamps, dict(sorted(found.items()))

    def _long_name(self, path: Path) -> str:
        return path.relative_to(self.path).with_suffix("").as_posix().replace(" ", "_")

    def find(self, name: str) -> Path:
        """The file called `name`, in any case. Raises ModelError with what was probably meant."""
        files = self.files()
        wanted = name.lower()
        found = files.get(name) or next((path for key, path in files.items() if key.lower() == wanted), None)
        if found is None:
            raise self.unknown(name)
        return found

    def unknown(self, name: str) -> ModelError:
        """The error of a name that no file has."""
        names = list(self.files())
        alike = [known for known in names if known.rpartition("/")[2].lower() == name.lower()]
        meant = nearest(name, names)
        if alike:
            hint = f"there are several: {', '.join(alike)}"
        elif meant:
            hint = f"did you mean {meant}?"
        else:
            hint = f"there are: {', '.join(names[:8])}" if names else f"put its file into {self.path}"
        return ModelError(f"there is no {self.kind} {name!r} in {self.path}", hint)


def _changed(place: str) -> int:
    try:
        return os.stat(place).st_mtime_ns
    except OSError:
        return -1


def _best(place: Path, names: list[str]) -> list[Path]:
    """The weight files among the names, one for each stem: safetensors rather than a pickle."""
    by_stem: dict[str, Path] = {}
    for suffix in reversed(SUFFIXES):
        fitting = (place / name for name in names if name.lower().endswith(suffix))
        by_stem |= {path.stem: path for path in fitting}
    return list(by_stem.values())


def _name(path: Path) -> str:
    name = path.parent.name if path.stem in NAMELESS else path.stem
    return name.replace(" ", "_")


@dataclass(frozen=True)
class Stamp:
    """A file as it is now: the same stamp is the same content."""

    path: Path
    size: int
    changed: int

    @classmethod
    def of(cls, path: Path) -> Stamp:
        """The stamp of a file. Raises ModelError when it has gone."""
        try:
            status = path.stat()
        except OSError as error:
            raise ModelError(f"{path} cannot be read: {error.strerror or error}") from error
        return cls(path, status.st_size, status.st_mtime_ns)

    @property
    def sha256(self) -> str:
        """The SHA-256 of the whole file, in hexadecimal; each file is read for it only once."""
        return _sha256(self)


@lru_cache(maxsize=256)
def _sha256(stamp: Stamp) -> str:
    with stamp.path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
