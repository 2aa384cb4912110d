"""The cache of the Hugging Face hub: what is in it, found without the hub's library."""

from __future__ import annotations

import os
from pathlib import Path

_REPOSITORY = "models--"


def cached_repositories() -> tuple[str, ...]:
    """The ids of model repositories in the cache, "org/name", sorted."""
    try:
        names = sorted(os.listdir(cache_directory()))
    except OSError:
        return ()
    ids = (
        name.removeprefix(_REPOSITORY).replace("--", "/") for name in names if name.startswith(_REPOSITORY)
    )
    return tuple(known for known in ids if known.count("/") == 1)


def cache_directory() -> Path:
    """Where the hub's library keeps what it fetched, by the environment variables that it reads."""
    for name, below in (("HF_HUB_CACHE", ""), ("HUGGINGFACE_HUB_CACHE", ""), ("HF_HOME", "hub")):
        if os.environ.get(name):
            return Path(os.path.expandvars(os.environ[name])).expanduser() / below
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path("~/.cache")).expanduser() / "huggingface" / "hub"
