"""The adapters that a line uses: known by name and file before anything is loaded, and without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from invoke_cli.errors import ModelError
from invoke_cli.models.folders import SUFFIXES, Folder, Stamp
from invoke_cli.models.headers import triggers_of
from invoke_cli.paths import expanded

HUB_PATTERNS = ["config.json", "*.safetensors", "vae/config.json", "vae/*.safetensors"]


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
    """A VAE in the place of the model's own."""

    name: str
    file: Stamp


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
        named += [("vae", self.vae.name, self.vae.file)] if self.vae is not None else []
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
        """The VAE in a file or directory, of this name in the folder, or from the hub's repository.

        Raises ModelError when there is none.
        """
        path = expanded(wanted)
        if not path.exists() and wanted not in self.vaes.files() and looks_like_hub_id(wanted):
            path = fetched(wanted)
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


def looks_like_hub_id(text: str) -> bool:
    """Whether this may be "org/name[@revision]"."""
    return text.count("/") == 1 and text[0] not in "./~" and not text.endswith(SUFFIXES)


def fetched(repository: str) -> Path:
    """The VAE of a repository, from the hub's cache or else from the hub. Raises ModelError."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    name, _, revision = repository.partition("@")
    for offline in (True, False):
        try:
            found = snapshot_download(
                name, revision=revision or None, allow_patterns=HUB_PATTERNS, local_files_only=offline
            )
            return Path(found)
        except LocalEntryNotFoundError as error:
            missing: Exception = error
        except (HfHubHTTPError, OSError, ValueError) as error:
            missing = error
    raise ModelError(
        f"the VAE {repository} is neither in the hub's cache nor to be fetched",
        "check its name, and the network",
    ) from missing


def unique(words: Sequence[UsedWord]) -> tuple[UsedWord, ...]:
    """The words, each once, in the order of their first use."""
    return tuple({word.trigger: word for word in words}.values())
