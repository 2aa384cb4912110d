"""Where models come from: the embedded demo, diffusers directories, checkpoint files, the hub.

A source finds the files of an entry, says what they say of the model, and loads it. To add one, write a
class like those below and register it; the first that claims an entry's source takes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from invoke_cli.errors import ModelError
from invoke_cli.models.catalog import ModelEntry
from invoke_cli.models.files import (
    Facts,
    assumed_facts,
    check_parts,
    has_weights,
    read_facts,
    read_json,
    text_parts,
)
from invoke_cli.models.hub import Report, Wish, cached, fetch, looks_like_hub_id
from invoke_cli.models.single_file import SingleFileSource
from invoke_cli.paths import expanded
from invoke_cli.registry import Registry

if TYPE_CHECKING:
    import torch

    from invoke_cli.diffusion.bundle import Bundle
    from invoke_cli.models.kept import Kept

EMBEDDED = "embedded:"
# What a Stable Diffusion model needs of its repository, and nothing else: no second copy of the weights
# in another format, no safety checker.
HUB_PATTERNS = (
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
)
HUB_LEAVE_OUT = ("*.fp16.safetensors", "*non_ema*")


class Source(Protocol):
    """A kind of place that models come from."""

    def claims(self, source: str) -> bool:
        """Whether this text, from a catalog entry, names such a place."""

    def facts(self, entry: ModelEntry) -> Facts:
        """What planning needs, read without torch and without the network."""

    def fetch(self, entry: ModelEntry, report: Report) -> None:
        """Bring from the hub what loading needs and is not on this machine. Raises ModelError."""

    def load(
        self, entry: ModelEntry, device: torch.device, dtype: torch.dtype, kept: Kept | None = None
    ) -> Bundle:
        """The loaded model. kept: where converted weights are. Raises ModelError for what a user can mend."""


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

    def fetch(self, entry: ModelEntry, report: Report) -> None:
        """See Source. All is here."""

    def load(
        self, entry: ModelEntry, device: torch.device, dtype: torch.dtype, kept: Kept | None = None
    ) -> Bundle:
        """See Source."""
        return load_directory(self.locate(entry), entry, device, dtype, kept)


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
        return looks_like_hub_id(source)

    def facts(self, entry: ModelEntry) -> Facts:
        """See Source. A model that has not been fetched yet is assumed to be an ordinary one."""
        return facts_of(_complete(cached(_wish(entry))), entry)

    def fetch(self, entry: ModelEntry, report: Report) -> None:
        """See Source."""
        if _complete(cached(_wish(entry))) is None:
            fetch(_wish(entry), report)

    def load(
        self, entry: ModelEntry, device: torch.device, dtype: torch.dtype, kept: Kept | None = None
    ) -> Bundle:
        """See Source. Downloads what is not in the hub's cache, where nobody has fetched it before."""
        wish = _wish(entry)
        path = _complete(cached(wish)) or fetch(wish, lambda _: None)
        if _complete(path) is None:
            raise ModelError(
                f"{wish.repository} holds no Stable Diffusion model in the diffusers layout as safetensors",
                "a checkpoint file of it can be downloaded by hand and given to !import_model",
            )
        return load_directory(path, entry, device, dtype, kept)


def _wish(entry: ModelEntry) -> Wish:
    return Wish(entry.source, HUB_PATTERNS, HUB_LEAVE_OUT, entry.revision)


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


def load_directory(
    directory: Path, entry: ModelEntry, device: torch.device, dtype: torch.dtype, kept: Kept | None = None
) -> Bundle:
    """Load a diffusers directory, offline, safetensors only. Raises ModelError when it is unfit."""
    from invoke_cli.models.diffusers_directory import load

    check_parts(directory)
    return load(directory, entry, facts_of(directory, entry), device, dtype, kept)


def facts_of(directory: Path | None, entry: ModelEntry) -> Facts:
    """What the entry says, or else the directory's configurations, where there is one yet."""
    said: dict[str, Any] = {
        "prediction": entry.prediction,
        "spacing": entry.spacing,
        "zero_snr": entry.zero_snr,
    }
    if directory is None:
        return assumed_facts(entry.native_size, **said)
    return read_facts(directory, entry.native_size, **said)


def _complete(path: Path | None) -> Path | None:
    """The directory when it holds all parts; an interrupted download leaves one that does not.

    Of the parts of Stable Diffusion only the autoencoder may be missing, where none is listed.
    """
    if path is None:
        return None
    texts = text_parts(path)
    parts = ["unet", *texts, *(["vae"] if _lists_vae(path) else [])]
    whole = bool(texts) and all(has_weights(path / part) for part in parts)
    return path if whole and all((path / words).is_dir() for words in texts.values()) else None


def _lists_vae(path: Path) -> bool:
    index = path / "model_index.json"
    listed = read_json(index).get("vae", [None]) if index.is_file() else [None]
    return (path / "vae").is_dir() or bool(listed and listed[0])
