"""CLIP's vocabulary, the one thing that every prompt needs and no checkpoint in a single file holds.

It is the same for all of Stable Diffusion, so that any copy will do. The first one that is found, in a
model of the catalog or in the hub's cache, or else the hub's own, is kept beside the user's models.yaml.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from invoke_cli.errors import ModelError, UnavailableError
from invoke_cli.models.architectures import configs_directory
from invoke_cli.models.catalog import Catalog
from invoke_cli.models.hub import Report, Wish, fetch, looks_like_hub_id
from invoke_cli.paths import expanded

REPOSITORY = "openai/clip-vit-large-patch14"
CLIP_WORDS = 49408
FILES = ("vocab.json", "merges.txt")
OPTIONAL = ("tokenizer.json",)
WAYS = (
    "it is fetched once when the hub can be reached; else give a directory that has it with --tokenizer DIR, "
    "or name a model in the diffusers layout in models.yaml, whose tokenizer will do"
)


def find(words: int, given: str | None = None, report: Report = lambda _: None) -> Path:
    """A tokenizer directory with a vocabulary of so many words; afterwards one is kept.

    given: the directory that the user named, which then is the only one looked at. report: is told of a
    download. Raises ModelError that says how to come by one, when there is none and the hub cannot be
    reached.
    """
    if given is not None:
        return checked(expanded(given), words)
    if vocabulary_size(kept_directory()) == words:
        return kept_directory()
    for directory in _elsewhere():
        if vocabulary_size(directory) == words:
            return keep(directory, words)
    return keep(_fetched(report), words)


def keep(directory: Path, words: int) -> Path:
    """Copy the vocabulary to where `find` looks first; returns that. Raises ModelError for an unfit one."""
    checked(directory, words)
    kept = kept_directory()
    kept.mkdir(parents=True, exist_ok=True)
    for name in (*FILES, *OPTIONAL):
        if (directory / name).is_file():
            part = kept / f"{name}.{os.getpid()}.part"
            shutil.copyfile(directory / name, part)
            part.replace(kept / name)
    return kept


def checked(directory: Path, words: int) -> Path:
    """`directory`, when it holds a vocabulary of so many words. Raises ModelError else."""
    found = vocabulary_size(directory)
    if found != words:
        holds = f"a vocabulary of {found} words" if found else "no vocabulary that can be read"
        raise ModelError(f"the tokenizer in {directory} holds {holds}; this model needs {words}", WAYS)
    return directory


def vocabulary_size(directory: Path) -> int:
    """How many words the tokenizer in the directory knows; 0 for none, or broken ones."""
    try:
        if (directory / "tokenizer.json").is_file():
            return len(json.loads((directory / "tokenizer.json").read_text("utf-8"))["model"]["vocab"])
        if all((directory / name).is_file() for name in FILES):
            return len(json.loads((directory / FILES[0]).read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return 0
    return 0


def kept_directory() -> Path:
    """Where the vocabulary is kept, beside the user's models.yaml."""
    return _own_directory() / "tokenizer"


def _own_directory() -> Path:
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "invoke-cli"


def _elsewhere() -> Iterator[Path]:
    """The tokenizers of the catalog's models that are on this machine, then CLIP's in the hub's cache."""
    from huggingface_hub import try_to_load_from_cache

    catalog = Catalog.read(configs_directory() / "models.yaml", _own_directory() / "models.yaml")
    for entry in map(catalog.find, catalog.names):
        if expanded(entry.source).is_dir():
            yield expanded(entry.source) / "tokenizer"
        elif looks_like_hub_id(entry.source):
            repository, _, revision = entry.source.partition("@")
            cached = try_to_load_from_cache(
                repository, "tokenizer/vocab.json", revision=revision or entry.revision
            )
            if isinstance(cached, str):
                yield Path(cached).parent
    cached = try_to_load_from_cache(REPOSITORY, FILES[0])
    if isinstance(cached, str):
        yield Path(cached).parent


def _fetched(report: Report) -> Path:
    """CLIP's own files from the hub."""
    try:
        return fetch(Wish(REPOSITORY, FILES), report)
    except ModelError as error:
        raise UnavailableError(
            "a checkpoint needs CLIP's vocabulary, and there is none on this machine", WAYS
        ) from error
