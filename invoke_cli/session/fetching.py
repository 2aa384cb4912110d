"""Waiting for models, and telling meanwhile how far their downloads are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from invoke_cli.models.cache import ModelCache
from invoke_cli.models.entries import ModelEntry
from invoke_cli.models.hub import Fetched, Report, let_go, until
from invoke_cli.models.wanted import Wanted
from invoke_cli.session.events import Event, Fetching

if TYPE_CHECKING:
    from invoke_cli.diffusion.bundle import Bundle

T = TypeVar("T")

_EVERY_SECONDS = 0.2


def lent(cache: ModelCache, entry: ModelEntry) -> Generator[Event, None, Bundle]:
    """Yields how far its download is; returns the loaded model. Raises ModelError or SettingsError.

    The download ends when nobody waits for it any more.
    """
    try:
        yield from _followed(cache.start(entry), lambda: cache.progress(entry))
    except (KeyboardInterrupt, GeneratorExit):
        cache.stop_fetching(entry)
        raise
    return cache.lend(entry)


def with_vae(wanted: Wanted) -> Generator[Event, None, Wanted]:
    """Yields how far the download of a VAE is; returns the adapters with its file. Raises ModelError."""
    vae = wanted.vae
    if vae is None or vae.file is not None:
        return wanted
    return replace(wanted, vae=(yield from _watched(vae.fetched)))


def _watched(work: Callable[[Report], T]) -> Generator[Event, None, T]:
    """Do the work in a thread of its own; yields what it reports, returns what it does.

    It ends when nobody waits for it any more.
    """
    told: list[Fetched] = []
    future: Future[T] = Future()
    stop = threading.Event()

    def run() -> None:
        try:
            future.set_result(work(until(stop, told.append)))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="load", daemon=True).start()
    try:
        yield from _followed(future, lambda: told[-1] if told else None)
    except (KeyboardInterrupt, GeneratorExit):
        stop.set()
        let_go()
        raise
    return future.result()


def _followed(future: Future[T], progress: Callable[[], Fetched | None]) -> Generator[Event, None, None]:
    """Yields the progress, whenever it has changed, until the future is done."""
    shown: Fetched | None = None
    while not wait([future], _EVERY_SECONDS).done:
        now = progress()
        if now is not None and now != shown:
            yield Fetching(now.what, now.done, now.total)
            shown = now
