"""models.yaml: the names of models, where they come from, and what suits them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from invoke_cli.errors import ModelError
from invoke_cli.models.entries import ModelEntry, read_entry
from invoke_cli.paths import expanded
from invoke_cli.registry import nearest
from invoke_cli.yaml_edit import drop, put
from invoke_cli.yaml_file import load_placed, placed_in, read_text, write_text

__all__ = ["Catalog", "ModelEntry"]


class Catalog:
    """The entries of one or more models.yaml files; later files override entries of the same name.

    The last file is the user's own, the only one that is ever written.
    """

    def __init__(self, entries: Mapping[str, ModelEntry], paths: Sequence[Path] = ()) -> None:
        self._entries = dict(entries)
        self._paths = tuple(paths)

    @classmethod
    def read(cls, *paths: Path) -> Catalog:
        """The catalog of those files that exist. Raises SettingsError for unknown keys or wrong values."""
        entries: dict[str, ModelEntry] = {}
        for path in paths:
            if path.is_file():
                entries |= _entries(read_text(path), path)
        return cls(entries, paths)

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in the order of the files."""
        return tuple(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def find(self, wanted: str) -> ModelEntry:
        """The entry called `wanted`, or one made up for a path or a hub id; "" is the default.

        Raises ModelError when it is none of these.
        """
        if not wanted:
            return self._default()
        if wanted in self._entries:
            return self._entries[wanted]
        if expanded(wanted).exists():
            path = expanded(wanted).resolve()
            return ModelEntry(name=path.name if path.is_dir() else path.stem, source=str(path))
        if _looks_like_hub_id(wanted):
            return ModelEntry(name=wanted, source=wanted)
        meant = nearest(wanted, self._entries)
        raise ModelError(
            f"there is no model {wanted!r}: no such name in models.yaml, and no such file",
            f"did you mean {meant}?" if meant else f"models.yaml knows: {', '.join(self._entries)}",
        )

    def _default(self) -> ModelEntry:
        marked = [entry for entry in self._entries.values() if entry.default]
        candidates = marked or list(self._entries.values())
        if not candidates:
            raise ModelError("the catalog of models is empty", "give a model with --model")
        return candidates[-1] if marked else candidates[0]

    @property
    def own(self) -> Path:
        """The user's own file. Raises ModelError where there is none."""
        if not self._paths:
            raise ModelError("this catalog of models is in no file")
        return self._paths[-1]

    def is_own(self, name: str) -> bool:
        """Whether the user's own file has an entry of this name."""
        return name in placed_in(self._own_text(), self.own)

    def write(self, name: str, changes: Mapping[str, object]) -> None:
        """Set these keys of an entry in the user's file; None takes a key away.

        A new name becomes a new entry; one that came with the program is copied first. The default
        passes from the user's other entries to this one. Raises SettingsError, and changes nothing, when
        the result would be wrong.
        """
        text = self._own_text()
        mine = placed_in(text, self.own)
        base = {} if name in mine else self._shipped(name)
        text = put(text, name, {**base, **changes}, self.own)
        if changes.get("default") is True:
            for other, placed in mine.items():
                if other != name and isinstance(placed.value, dict) and placed.value.get("default"):
                    text = put(text, other, {"default": None}, self.own)
        self._replace(text)

    def remove(self, name: str) -> None:
        """Take the entry out of the user's file; where it hid one of the same name, that one is back."""
        self._replace(drop(self._own_text(), name, self.own))

    def _own_text(self) -> str:
        return read_text(self.own) if self.own.is_file() else ""

    def _shipped(self, name: str) -> dict[str, object]:
        """The mapping of the entry in the files that are not the user's."""
        found: dict[str, object] = {}
        for path in self._paths[:-1]:
            placed = load_placed(path).get(name) if path.is_file() else None
            found = dict(placed.value) if placed is not None else found
        return found

    def _replace(self, text: str) -> None:
        """Write the user's file and take its entries over, once they are known to be right."""
        mine = _entries(text, self.own)
        others = Catalog.read(*self._paths[:-1])
        write_text(self.own, text)
        self._entries = others._entries | mine


def _entries(text: str, path: Path) -> dict[str, ModelEntry]:
    return {name: read_entry(name, placed, str(path)) for name, placed in placed_in(text, path).items()}


def _looks_like_hub_id(text: str) -> bool:
    # A hub id is org/name; a path that is meant to be local starts with a dot, a slash or a tilde.
    owner, slash, name = text.partition("/")
    return bool(slash and owner and name) and "/" not in name and owner[0] not in ".~"
