"""models.yaml: the names of models, where they come from, and what suits them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from invoke_cli.errors import ModelError
from invoke_cli.models.entries import ModelEntry, read_entry
from invoke_cli.registry import nearest
from invoke_cli.yaml_file import load_placed

__all__ = ["Catalog", "ModelEntry"]


class Catalog:
    """The entries of one or more models.yaml files; later files override entries of the same name."""

    def __init__(self, entries: Mapping[str, ModelEntry]) -> None:
        self._entries = dict(entries)

    @classmethod
    def read(cls, *paths: Path) -> Catalog:
        """The catalog of those files that exist. Raises SettingsError for unknown keys or wrong values."""
        entries: dict[str, ModelEntry] = {}
        for path in paths:
            if path.is_file():
                placed = load_placed(path)
                entries |= {name: read_entry(name, value, str(path)) for name, value in placed.items()}
        return cls(entries)

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in the order of the files."""
        return tuple(self._entries)

    def find(self, wanted: str) -> ModelEntry:
        """The entry called `wanted`, or one made on the spot for a directory or hub id; "" is the default.

        Raises ModelError when it is none of these.
        """
        if not wanted:
            return self._default()
        if wanted in self._entries:
            return self._entries[wanted]
        if Path(wanted).expanduser().is_dir():
            path = Path(wanted).expanduser().resolve()
            return ModelEntry(name=path.name, source=str(path))
        if _looks_like_hub_id(wanted):
            return ModelEntry(name=wanted, source=wanted)
        meant = nearest(wanted, self._entries)
        raise ModelError(
            f"there is no model {wanted!r}: no such name in models.yaml, and no such directory",
            f"did you mean {meant}?" if meant else f"models.yaml knows: {', '.join(self._entries)}",
        )

    def _default(self) -> ModelEntry:
        marked = [entry for entry in self._entries.values() if entry.default]
        candidates = marked or list(self._entries.values())
        if not candidates:
            raise ModelError("the catalog of models is empty", "give a model with --model")
        return candidates[-1] if marked else candidates[0]


def _looks_like_hub_id(text: str) -> bool:
    # A hub id is org/name; a path that is meant to be local starts with a dot, a slash or a tilde.
    owner, slash, name = text.partition("/")
    return bool(slash and owner and name) and "/" not in name and owner[0] not in ".~"
