"""The Hugging Face hub and its cache: what is there, and fetching what is not, with its progress told."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invoke_cli.errors import ModelError, UnavailableError

_log = logging.getLogger(__name__)

_REPOSITORY = "models--"
WHOLE_KEPT = "files that have come whole are kept"  # the library keeps no others


@dataclass(frozen=True)
class Fetched:
    """How far a download is. what: the hub id. done, total: bytes."""

    what: str
    done: int
    total: int


Report = Callable[[Fetched], None]


class StoppedError(UnavailableError):
    """A download that nobody wants any more has ended; its files that have come whole are kept."""


def until(stop: threading.Event, report: Report) -> Report:
    """The report as one that ends its download, by raising StoppedError, once `stop` is set."""

    def told(fetched: Fetched) -> None:
        if stop.is_set():
            raise _stopped(fetched.what)
        report(fetched)

    return told


def _stopped(what: str) -> StoppedError:
    return StoppedError(f"fetching {what} was stopped", WHOLE_KEPT)


def let_go() -> None:
    """End what the library downloads in threads of its own, which nothing that a report raises can reach.

    That is everything it brings over Xet at the time. Reports that raise keep it from beginning more.
    """
    xet = sys.modules.get("huggingface_hub.utils._xet")
    abort = getattr(xet, "abort_xet_session", None)  # what the library itself does after Ctrl-C
    if abort is not None:
        abort()


@dataclass(frozen=True)
class Wish:
    """Files of a repository. source: "org/name[@revision]". patterns, leave_out: of their paths."""

    source: str
    patterns: tuple[str, ...]
    leave_out: tuple[str, ...] = ()
    revision: str | None = None

    @property
    def repository(self) -> str:
        """The id without its revision."""
        return self.source.partition("@")[0]

    @property
    def wanted_revision(self) -> str | None:
        """The revision in the source, or else the other one."""
        return self.source.partition("@")[2] or self.revision


def looks_like_hub_id(text: str) -> bool:
    """Whether this may be "org/name[@revision]", and no path."""
    return text.partition("@")[0].count("/") == 1 and text[0] not in "./~" and not text.endswith("/")


def cached(wish: Wish) -> Path | None:
    """The directory in the hub's cache that holds the files, found without the network."""
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(_snapshot(wish, local_files_only=True))
    except (LocalEntryNotFoundError, OSError, ValueError):
        return None


def fetch(wish: Wish, report: Report) -> Path:
    """The directory with the files, fetched as far as the cache lacks them; whole ones are kept on the way.

    report is called, from any thread, whenever more has come or a file begins; what it raises ends the
    download. Raises ModelError for what the user can mend, UnavailableError where the hub cannot be
    reached, and what report raised.
    """
    try:
        listed = _snapshot(wish, dry_run=True)
        total = sum(file.file_size or 0 for file in listed if file.will_download)
        report(Fetched(wish.repository, 0, total))
        return Path(_snapshot(wish, tqdm_class=_meter(wish.repository, total, report)))
    except StoppedError:
        raise
    except KeyboardInterrupt as error:  # what the library raises in all of its downloads after `let_go`
        if threading.current_thread() is threading.main_thread():
            raise
        raise _stopped(wish.repository) from error
    except Exception as error:  # the library lets those of its HTTP client through, which differ by version
        raise _told(wish, error) from error


def _snapshot(wish: Wish, **options: Any) -> Any:
    from huggingface_hub import snapshot_download

    return snapshot_download(
        wish.repository,
        revision=wish.wanted_revision,
        allow_patterns=list(wish.patterns),
        ignore_patterns=list(wish.leave_out),
        tqdm_class=options.pop("tqdm_class", _meter(wish.repository, 0, lambda _: None)),
        **options,
    )


def _meter(what: str, total: int, report: Report) -> type:
    """A class in the place of the library's progress bar, which draws nothing and reports."""
    from huggingface_hub.utils import tqdm

    lock = threading.Lock()
    counts: dict[int, int] = {}

    class Meter(tqdm):  # type: ignore[misc]  # untyped
        def __init__(self, *args: Any, **options: Any) -> None:
            options.pop("name", None)
            self._is_bytes = options.get("unit") == "B"
            super().__init__(*args, **{**options, "disable": True})

        def update(self, n: float | None = 1) -> None:
            if self._is_bytes and n:
                self._tell(int(n))

        def refresh(self, *args: Any, **options: Any) -> None:
            """The library asks for it whenever a file begins, which is the time to say that none should."""
            super().refresh(*args, **options)
            if self._is_bytes:
                self._tell(0)

        def _tell(self, more: int) -> None:
            with lock:
                # several bars count the same bytes, on their way and on the disk
                counts[id(self)] = counts.get(id(self), 0) + more
                done = max(counts.values())
            report(Fetched(what, min(done, total), total))

    return Meter


def _told(wish: Wish, error: Exception) -> ModelError:
    """The library's error as one sentence."""
    from huggingface_hub.errors import (
        DryRunError,
        GatedRepoError,
        HFValidationError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    if isinstance(error, DryRunError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    name, page = wish.repository, f"https://huggingface.co/{wish.repository}"
    if isinstance(error, GatedRepoError):
        return ModelError(f"{name} wants its terms accepted first", f"on {page}, then: hf auth login")
    if isinstance(error, RevisionNotFoundError):
        return ModelError(f"{name} has no revision {wish.wanted_revision!r}", f"they are listed on {page}")
    if isinstance(error, RepositoryNotFoundError):
        hint = "check how it is written; a private one needs: hf auth login"
        return ModelError(f"there is no model {name} on the hub", hint)
    if isinstance(error, HFValidationError):
        return ModelError(f"{name} is not an id that the hub could have", "it looks like org/name")
    _log.info("%s: %r", name, error)
    if isinstance(error, OfflineModeIsEnabled):
        reason = "HF_HUB_OFFLINE forbids to fetch it"
    else:
        reason = f"the hub cannot be reached ({type(error).__name__})"
    return UnavailableError(
        f"{name} is not wholly in the hub's cache, and {reason}",
        f"check the network; {WHOLE_KEPT}",
    )


def cached_repositories() -> tuple[str, ...]:
    """The ids of model repositories in the cache, "org/name", sorted; found without the hub's library."""
    try:
        names = sorted(os.listdir(cache_directory()))
    except OSError:
        return ()
    return tuple(_ids(names))


def _ids(names: Iterable[str]) -> Iterable[str]:
    for name in names:
        known = name.removeprefix(_REPOSITORY).replace("--", "/")
        if name.startswith(_REPOSITORY) and known.count("/") == 1:
            yield known


def cache_directory() -> Path:
    """Where the hub's library keeps what it fetched, by the environment variables that it reads."""
    for name, below in (("HF_HUB_CACHE", ""), ("HUGGINGFACE_HUB_CACHE", ""), ("HF_HOME", "hub")):
        if os.environ.get(name):
            return Path(os.path.expandvars(os.environ[name])).expanduser() / below
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path("~/.cache")).expanduser() / "huggingface" / "hub"
