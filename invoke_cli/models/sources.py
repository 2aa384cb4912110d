"""Where models come from: the embedded demo, diffusers directories, checkpoint files, the hub.

A source finds the files of an entry, says what they say of the model, and loads it. To add one, write a
class like those below and register it; the first that claims an entry's source takes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from invoke_cli.errors import ModelError
from invoke_cli.models.catalog import ModelEntry
from invoke_cli.models.files import Facts, assumed_facts, check_parts, read_facts, text_parts
from invoke_cli.models.single_file import SingleFileSource
from invoke_cli.paths import expanded
from invoke_cli.registry import Registry

if TYPE_CHECKING:
    import torch

    from invoke_cli.diffusion.bundle import Bundle

EMBEDDED = "embedded:"
# What a Stable Diffusion model needs of its repository, and nothing else: no second copy of the weights
# in another format, no safety checker.
HUB_PATTERNS = [
    "model_index.json",
    "unet/config.json",
    "unet/*.safetensors",
    "unet/*.safetensors.index.json",
    "vae/config.json",
    "vae/*.safetensors",
    "text_encoder/config.json",
    "text_encoder/*.safetensors",
    "tokenizer/*",
    "text_encoder_2/config.json",
    "text_encoder_2/*.safetensors",
    "tokenizer_2/*",
    "scheduler/*",
]
HUB_LEAVE_OUT = ["*.fp16.safetensors", "*non_ema*"]


class Source(Protocol):
    """A kind of place that models come from."""

    def claims(self, source: str) -> bool:
        """Whether this text, from a catalog entry, names such a place."""

    def facts(self, entry: ModelEntry) -> Facts:
        """What planning needs, read without torch and without the network."""

    def load(self, entry: ModelEntry, device: torch.device, dtype: torch.dtype) -> Bundle:
        """The loaded model. Raises ModelError for what a user can mend."""


SOURCES: Registry[Source] = Registry("model source")


@dataclass(frozen=True)
class DirectorySource:
    """A directory in the diffusers layout, wherever `locate` finds it."""

    claims_source: Callable[[str], bool]
    locate: Callable[[ModelEntry], Path]

    def claims(self, source: str) -> bool:
        """See Source."""
        return self.claims_source(source)

    def facts(self, entry: ModelEntry) -> Facts:
        """See Source."""
        return facts_of(self.locate(entry), entry)

    def load(self, entry: ModelEntry, device: torch.device, dtype: torch.dtype) -> Bundle:
        """See Source."""
        return load_directory(self.locate(entry), entry, device, dtype)


def embedded_directory(entry: ModelEntry) -> Path:
    """The directory inside the package that holds the embedded model."""
    path = Path(str(files("invoke_cli"))) / "data" / entry.source.removeprefix(EMBEDDED)
    if not (path / "unet").is_dir():
        raise ModelError(
            f"the model {entry.name!r} does not travel with this copy of the program", "reinstall it"
        )
    return path


def local_directory(entry: ModelEntry) -> Path:
    """The diffusers directory that the entry names."""
    path = expanded(entry.source)
    if not path.is_dir():
        raise ModelError(f"the model {entry.name!r} should be in {path}, and there is no such directory")
    check_parts(path)
    return path


SOURCES.add("embedded")(DirectorySource(lambda source: source.startswith(EMBEDDED), embedded_directory))
SOURCES.add("directory")(DirectorySource(lambda source: expanded(source).is_dir(), local_directory))


SOURCES.add("file")(SingleFileSource())


class HubSource:
    """A repository on the Hugging Face hub, "org/name" or "org/name@revision"; offline once cached."""

    def claims(self, source: str) -> bool:
        """See Source."""
        return source.count("/") == 1 and source[0] not in "./~"

    def facts(self, entry: ModelEntry) -> Facts:
        """See Source. A model that has not been fetched yet is assumed to be an ordinary one."""
        cached = self._snapshot(entry, offline=True)
        return facts_of(cached, entry)

    def load(self, entry: ModelEntry, device: torch.device, dtype: torch.dtype) -> Bundle:
        """See Source. Downloads what is not in the hub's cache, with its progress bar."""
        path = self._snapshot(entry, offline=True) or self._snapshot(entry, offline=False)
        if path is None:
            raise ModelError(f"{entry.source} could not be fetched from the hub")
        return load_directory(path, entry, device, dtype)

    def _snapshot(self, entry: ModelEntry, *, offline: bool) -> Path | None:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

        repository, _, revision = entry.source.partition("@")
        try:
            path = snapshot_download(
                repository,
                revision=revision or entry.revision,
                allow_patterns=HUB_PATTERNS,
                ignore_patterns=HUB_LEAVE_OUT,
                local_files_only=offline,
            )
        except LocalEntryNotFoundError as error:
            if offline:
                return None
            raise ModelError(
                f"{repository} is not in the hub's cache, and the hub cannot be reached",
                "check the network, or name a local directory with --model",
            ) from error
        except (HfHubHTTPError, OSError, ValueError) as error:
            raise ModelError(f"{repository} cannot be fetched from the hub: {_first_line(error)}") from error
        # An interrupted download leaves a snapshot with parts missing.
        return Path(path) if _complete(Path(path)) else None


SOURCES.add("hub")(HubSource())


def source_of(entry: ModelEntry) -> Source:
    """The source that claims the entry. Raises ModelError when none does."""
    for name in SOURCES:
        if SOURCES[name].claims(entry.source):
            return SOURCES[name]
    raise ModelError(
        f"the model {entry.name!r} cannot come from {entry.source!r}",
        "a source is a diffusers directory, a checkpoint file or a hub id such as org/name",
    )


def load_directory(directory: Path, entry: ModelEntry, device: torch.device, dtype: torch.dtype) -> Bundle:
    """Load a diffusers directory, offline, safetensors only. Raises ModelError when it is unfit."""
    from invoke_cli.models.diffusers_directory import load

    check_parts(directory)
    return load(directory, entry, facts_of(directory, entry), device, dtype)


def facts_of(directory: Path | None, entry: ModelEntry) -> Facts:
    """What the entry says, or else the directory's configurations, where there is one yet."""
    said = {"prediction": entry.prediction, "spacing": entry.spacing}
    if directory is None:
        return assumed_facts(entry.native_size, **said)
    return read_facts(directory, entry.native_size, **said)


def _complete(path: Path) -> bool:
    texts = text_parts(path)
    weights = all(any((path / part).glob("*.safetensors")) for part in ("unet", "vae", *texts))
    return weights and bool(texts) and all((path / tokenizer).is_dir() for tokenizer in texts.values())


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
