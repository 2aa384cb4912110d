"""Loaded models: loaded once, in the background where possible, and lent to whoever draws."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from invoke_cli.models.catalog import ModelEntry

if TYPE_CHECKING:
    from invoke_cli.diffusion.bundle import Bundle

Load = Callable[[ModelEntry, str, str], "Bundle"]


def load_from_source(entry: ModelEntry, device: str, precision: str) -> Bundle:
    """Import torch, choose device and dtype, and load the entry through its source."""
    from invoke_cli.models.devices import pick_device, pick_dtype
    from invoke_cli.models.sources import source_of

    place = pick_device(device)
    return source_of(entry).load(entry, place, pick_dtype(precision, place))


class ModelCache:
    """Lends the `Bundle` of an entry; the load runs in a thread of its own and happens once.

    device and precision are the settings' words, such as "auto".
    """

    def __init__(self, device: str, precision: str, load: Load = load_from_source) -> None:
        self._device = device
        self._precision = precision
        self._load = load
        self._loads: dict[str, Future[Bundle]] = {}

    def start(self, entry: ModelEntry) -> Future[Bundle]:
        """Begin to load the entry unless that has begun; returns at once."""
        if entry.name not in self._loads:
            future: Future[Bundle] = Future()
            self._loads[entry.name] = future
            # A daemon: a person who quits while the model still loads should not wait for it.
            threading.Thread(target=self._run, args=(entry, future), name="load", daemon=True).start()
        return self._loads[entry.name]

    def _run(self, entry: ModelEntry, future: Future[Bundle]) -> None:
        try:
            future.set_result(self._load(entry, self._device, self._precision))
        except BaseException as error:
            future.set_exception(error)

    def lend(self, entry: ModelEntry) -> Bundle:
        """The loaded model; waits for a load in progress. A failed load is forgotten, to be tried anew.

        Raises ModelError or SettingsError as the load did.
        """
        future = self.start(entry)
        try:
            return future.result()
        except Exception:
            self._loads.pop(entry.name, None)
            raise

    def state(self, entry: ModelEntry) -> str:
        """One of "not loaded", "loading", "ready", "failed"."""
        future = self._loads.get(entry.name)
        if future is None:
            return "not loaded"
        if not future.done():
            return "loading"
        return "failed" if future.exception() else "ready"
