"""The adapters that a line uses: known by name and file before anything is loaded, and without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from invoke_cli.errors import ModelError
from invoke_cli.models.folders import Folder, Stamp
from invoke_cli.models.headers import triggers_of


@dataclass(frozen=True)
class UsedLora:
    """A LoRA at a weight; 1.0 is as trained."""

    name: str
    weight: float
    file: Stamp


@dataclass(frozen=True)
class UsedWord:
    """A trigger that a file teaches."""

    trigger: str
    file: Stamp


@dataclass(frozen=True)
class Wanted:
    """Everything that a line adds to a model."""

    loras: tuple[UsedLora, ...] = ()
    words: tuple[UsedWord, ...] = ()

    def facts(self) -> list[dict[str, object]]:
        """What files should say of the adapters."""
        loras: list[dict[str, object]] = [
            {"kind": "lora", "name": lora.name, "weight": lora.weight, "sha256": lora.file.sha256}
            for lora in self.loras
        ]
        return loras + [
            {"kind": "embedding", "name": word.trigger, "sha256": word.file.sha256} for word in self.words
        ]


@dataclass(frozen=True)
class AdapterFolders:
    """Where adapters are looked for."""

    loras: Folder = field(default_factory=lambda: Folder("LoRA", Path("loras")))
    embeddings: Folder = field(default_factory=lambda: Folder("embedding", Path("embeddings")))

    def lora(self, name: str, weight: float) -> UsedLora:
        """The LoRA called `name`. Raises ModelError with what was probably meant."""
        return UsedLora(name, weight, Stamp.of(self.loras.find(name)))

    def word(self, trigger: str) -> UsedWord:
        """The trigger's file: called like it, or else one that names it inside. Raises ModelError."""
        try:
            path = self.embeddings.find(trigger)
        except ModelError:
            path = self._teaching(trigger)
        return UsedWord(trigger, Stamp.of(path))

    def _teaching(self, trigger: str) -> Path:
        for path in self.embeddings.files().values():
            if trigger in triggers_of(Stamp.of(path)):
                return path
        unknown = self.embeddings.unknown(trigger)
        raise ModelError(unknown.message, rf"{unknown.hint}; \< makes a plain bracket")

    def triggers(self) -> tuple[str, ...]:
        """The triggers as they are typed, for completion."""
        return tuple(f"<{name}>" for name in self.embeddings.files())


def unique(words: Sequence[UsedWord]) -> tuple[UsedWord, ...]:
    """The words, each once, in the order of their first use."""
    return tuple({word.trigger: word for word in words}.values())
