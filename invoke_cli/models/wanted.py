"""The adapters that a line uses: known by name and file before anything is loaded, and without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from invoke_cli.errors import ModelError
from invoke_cli.models.folders import SUFFIXES, Folder, Stamp
from invoke_cli.models.headers import triggers_of
from invoke_cli.models.hub import Report, Wish, cached, fetch, looks_like_hub_id
from invoke_cli.paths import expanded

HUB_PATTERNS = ("config.json", "diffusion_pytorch_model*.safetensors", "vae/config.json", "vae/*.safetensors")
HUB_LEAVE_OUT = ("*.fp16.safetensors",)
OWN = "own"
"""What --vae takes for the model's own, where its entry names another."""


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
class UsedVae:
    """A VAE in the place of the model's own. file: None while it still has to be fetched from the hub."""

    name: str
    file: Stamp | None

    def fetched(self, report: Report) -> UsedVae:
        """The same with its file, fetched from the hub where it is not here yet. Raises ModelError."""
        if self.file is not None:
            return self
        return UsedVae(self.name, Stamp.of(_weights_in(fetch(_wish(self.name), report))))


@dataclass(frozen=True)
class Wanted:
    """Everything that a line, or its model's entry, adds to a model's own weights."""

    loras: tuple[UsedLora, ...] = ()
    words: tuple[UsedWord, ...] = ()
    vae: UsedVae | None = None

    def facts(self) -> list[dict[str, object]]:
        """What files should say of the adapters."""
        loras: list[dict[str, object]] = [
            {"kind": "lora", "name": lora.name, "weight": lora.weight, "sha256": lora.file.sha256}
            for lora in self.loras
        ]
        named = [("embedding", word.trigger, word.file) for word in self.words]
        if self.vae is not None and self.vae.file is not None:
            named.append(("vae", self.vae.name, self.vae.file))
        return loras + [{"kind": kind, "name": name, "sha256": file.sha256} for kind, name, file in named]


@dataclass(frozen=True)
class AdapterFolders:
    """Where adapters are looked for."""

    loras: Folder = field(default_factory=lambda: Folder("LoRA", Path("loras")))
    embeddings: Folder = field(default_factory=lambda: Folder("embedding", Path("embeddings")))
    vaes: Folder = field(default_factory=lambda: Folder("VAE", Path("vaes")))

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

    def vae(self, wanted: str) -> UsedVae:
        """The VAE in a file or directory, of this name in the folder, or in a hub's repository.

        Nothing is fetched here. Raises ModelError when there is none.
        """
        path = expanded(wanted)
        if not path.exists() and wanted not in self.vaes.files() and _is_on_hub(wanted):
            there = cached(_wish(wanted))
            return UsedVae(wanted, None if there is None else _stamp_in(there))
        if path.is_dir():
            path = _weights_in(path)
        elif not path.is_file():
            path = self.vaes.find(wanted)
        return UsedVae(wanted, Stamp.of(path))

    def _teaching(self, trigger: str) -> Path:
        for path in self.embeddings.files().values():
            if trigger in triggers_of(Stamp.of(path)):
                return path
        unknown = self.embeddings.unknown(trigger)
        raise ModelError(unknown.message, rf"{unknown.hint}; \< makes a plain bracket")

    def triggers(self) -> tuple[str, ...]:
        """The triggers as they are typed, for completion."""
        return tuple(f"<{name}>" for name in self.embeddings.files())


def _weights_in(directory: Path) -> Path:
    """The weight file of a VAE's directory, or of the VAE within a whole model's."""
    for place in (directory / "vae", directory):
        for suffix in SUFFIXES:
            if found := sorted(place.glob(f"*{suffix}")):
                return found[0]
    raise ModelError(f"there is no VAE in {directory}", "it should hold a file of weights")


def _stamp_in(directory: Path) -> Stamp | None:
    """The VAE of what is in the hub's cache; None after a fetch that did not end."""
    try:
        return Stamp.of(_weights_in(directory))
    except ModelError:
        return None


def _is_on_hub(text: str) -> bool:
    return looks_like_hub_id(text) and not text.endswith(SUFFIXES)


def _wish(source: str) -> Wish:
    return Wish(source, HUB_PATTERNS, HUB_LEAVE_OUT)


def without_vae(model: str) -> ModelError:
    """The error of a model that came without an autoencoder, where nobody has named another."""
    return ModelError(
        f"the model {model} has no VAE of its own",
        f"name one with --vae on the line, or with !edit_model {model} vae=NAME: a file, a directory, "
        "a name in the VAE folder, or a hub id",
    )


def unique(words: Sequence[UsedWord]) -> tuple[UsedWord, ...]:
    """The words, each once, in the order of their first use."""
    return tuple({word.trigger: word for word in words}.values())
