"""Loaded models: several within a budget of memory, each loaded once, in the background where possible."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from invoke_cli.diffusion.shortage import is_out_of_memory, is_the_devices
from invoke_cli.errors import UnavailableError
from invoke_cli.models.devices import PRECISIONS
from invoke_cli.models.entries import ModelEntry
from invoke_cli.models.hub import Fetched, Report, StoppedError, let_go, until

if TYPE_CHECKING:
    from invoke_cli.diffusion.bundle import Bundle
    from invoke_cli.diffusion.engines import Engine
    from invoke_cli.models.kept import Kept

Load = Callable[[ModelEntry, str, str], "Bundle"]
Fetch = Callable[[ModelEntry, Report], None]
Weigh = Callable[["Bundle"], int]

_log = logging.getLogger(__name__)

GIGABYTE = 2**30
# So that a model which does not stay beside the others still fits in while they are there.
SHARE_OF_MEMORY = 0.5


def fetch_from_source(entry: ModelEntry, report: Report) -> None:
    """Bring what the entry needs from the hub, where it is not on this machine."""
    from invoke_cli.models.sources import source_of

    source_of(entry).fetch(entry, report)


def fetch_nothing(_entry: ModelEntry, _report: Report) -> None:
    """What a loader of its own needs: nothing from the hub."""


def load_from_source(
    entry: ModelEntry, device: str, precision: str, kept: Kept | None = None, *, away: bool = False
) -> Bundle:
    """Import torch, choose device and dtype, and load the entry through its source.

    kept: where the converted weights of full-size models are. away: load into main memory, from where
    weights come to a device with memory of its own when they are needed.
    """
    from invoke_cli.diffusion.residence import CPU, carrier_of
    from invoke_cli.models.devices import pick_device, pick_dtype
    from invoke_cli.models.libraries import import_once
    from invoke_cli.models.networks import lay_out
    from invoke_cli.models.sources import source_of
    from invoke_cli.models.threads import use_threads

    import_once()
    use_threads()
    place, source = pick_device(device), source_of(entry)
    wanted = _precision(entry, precision, place.type)
    full_size = source.facts(entry).full_size
    dtype = pick_dtype(wanted, place, full_size=full_size)
    carrier = carrier_of(place) if away else None
    to = place if carrier is None else CPU
    is_kept = kept is not None and kept.budget != 0 and full_size and dtype.itemsize == 2
    bundle = source.load(entry, to, dtype, kept) if is_kept else source.load(entry, to, dtype)
    if carrier is None:
        return bundle
    carrier.away = True
    lay_out((bundle.unet, bundle.vae), place)
    colours = bundle.colour_map() if bundle.has_vae else bundle.colours
    return replace(bundle, device=place, carrier=carrier, colours=colours)


def _precision(entry: ModelEntry, wanted: str, device: str) -> str:
    """What the user asked for; else what suits the model, where the device can."""
    suited = PRECISIONS[entry.dtype] if entry.dtype is not None else "auto"
    if wanted != "auto" or (suited == "float16" and device == "cpu"):
        return wanted
    return suited


def size_of(bundle: Bundle) -> int:
    """The bytes that the networks' parameters and buffers take."""
    from torch.nn import Module

    from invoke_cli.diffusion.packed import given_up

    tensors = {
        id(tensor): tensor.numel() * tensor.element_size()
        for part in vars(bundle).values()
        if isinstance(part, Module)
        for tensor in (*part.parameters(), *part.buffers())
        if not tensor.is_meta or given_up(tensor)
    }
    return sum(tensors.values())


@dataclass(frozen=True)
class Budget:
    """How much may stay loaded. models: how many at most. gigabytes: how large together.

    None is no limit to the number, and half of the device's memory. The model in use always stays.
    """

    models: int | None = None
    gigabytes: float | None = None

    def size(self, bundle: Bundle) -> float:
        """The bytes that models on the bundle's device may take together."""
        from invoke_cli.models.memory import memory_of

        if self.gigabytes is not None:
            return self.gigabytes * GIGABYTE
        return memory_of(bundle.device) * SHARE_OF_MEMORY


class ModelCache:
    """Lends the `Bundle` of an entry. A load runs in a thread of its own and happens once.

    device and precision are the settings' words, such as "auto". A load that nobody waits for any more,
    because another model was chosen meanwhile, goes on and is kept if there is room. Models that were not
    used for the longest time go first. compiles: whether their UNets are to be compiled. load_away: loads
    into main memory what a device does not hold. All methods may be called from any thread.
    """

    def __init__(
        self,
        device: str,
        precision: str,
        load: Load = load_from_source,
        *,
        fetch: Fetch = fetch_nothing,
        budget: Budget | None = None,
        weigh: Weigh = size_of,
        compiles: bool = False,
        load_away: Load | None = None,
    ) -> None:
        self._device = device
        self._precision = precision
        self._load = load
        self._fetch = fetch
        self.budget = budget if budget is not None else Budget()
        self._weigh = weigh
        self._compiles = compiles
        self._load_away = load_away
        self._lock = threading.RLock()
        self._loads: OrderedDict[Hashable, Future[Bundle]] = OrderedDict()
        self._sizes: dict[Hashable, int] = {}
        self._fetches: dict[Hashable, Fetched] = {}
        self._stops: dict[Hashable, threading.Event] = {}  # of those that are not wholly here yet
        self._engine: Engine | None = None

    def start(self, entry: ModelEntry) -> Future[Bundle]:
        """Begin to load the entry unless that has begun; returns at once."""
        key = entry.weights
        with self._lock:
            if key in self._loads:
                self._loads.move_to_end(key)
                return self._loads[key]
            future: Future[Bundle] = Future()
            self._loads[key] = future
            stop = self._stops[key] = threading.Event()
        # A daemon: a person who quits while the model still loads should not wait for it.
        threading.Thread(target=self._run, args=(entry, future, stop), name="load", daemon=True).start()
        return future

    def _run(self, entry: ModelEntry, future: Future[Bundle], stop: threading.Event) -> None:
        try:
            self._bring(entry, stop)
            bundle = self._loaded(entry)
            bundle = self._run_by_engine(bundle)
            self._make_room(entry.weights, bundle)
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(bundle)
        finally:
            self._fetches.pop(entry.weights, None)

    def _bring(self, entry: ModelEntry, stop: threading.Event) -> None:
        """Have on this machine what the entry needs. Raises StoppedError once `stop` is set."""
        try:
            self._fetch(entry, until(stop, lambda told: self._fetches.update({entry.weights: told})))
        finally:
            with self._lock:
                if self._stops.get(entry.weights) is stop:
                    del self._stops[entry.weights]
        if stop.is_set():
            raise StoppedError(f"the model {entry.name} was not loaded, for nobody waited for it")

    def stop_fetching(self, entry: ModelEntry) -> None:
        """End the download of a model, if it has one; the next `start` takes it up again.

        A load that has come further than that goes on.
        """
        with self._lock:
            stop = self._stops.pop(entry.weights, None)
            if stop is None:
                return
            stop.set()
            self.drop(entry)
        let_go()

    def _run_by_engine(self, bundle: Bundle) -> Bundle:
        """The model with what is common to all: on a GPU one engine, so that few graphs are kept."""
        is_graphed = bundle.device.type == "cuda"
        if not is_graphed and not self._compiles:
            return bundle
        from invoke_cli.diffusion.engines import engine_for

        with self._lock:
            if self._engine is None and is_graphed:
                self._engine = engine_for(bundle.device)
        # a copy remembers no colours that were fitted, which takes a while
        colours = bundle.colour_map() if bundle.has_vae else bundle.colours
        return replace(bundle, compiles=self._compiles, shared_engine=self._engine, colours=colours)

    def _loaded(self, entry: ModelEntry) -> Bundle:
        """The entry's model. Where memory does not suffice, without the others, and then into main memory."""
        attempts = {"beside the others": self._load, "alone": self._load, "at all": self._load_away}
        for attempt, load in attempts.items():
            if load is None:
                continue
            try:
                return load(entry, self._device, self._precision)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                _log.info("%s: no memory to load it %s", entry.name, attempt)
                if attempt == "alone" and not is_the_devices(error):
                    break
            self._forget_others(entry.weights)
        raise UnavailableError(
            f"there is not enough memory for the model {entry.name}", "try --precision fp16"
        )

    def _forget_others(self, wanted: Hashable) -> None:
        with self._lock:
            for key in [key for key in self._sizes if key != wanted]:
                del self._loads[key], self._sizes[key]

    def _make_room(self, newest: Hashable, bundle: Bundle) -> None:
        """Forget models until the rest fits. The one that was asked for last is never among them."""
        with self._lock:
            if newest not in self._loads:  # dropped while it was loading
                return
            self._sizes[newest] = self._weigh(bundle)
            room = self.budget.size(bundle)
            *others, _ = self._loads
            for key in others:
                if self._fits(room):
                    return
                if key in self._sizes:  # the size of one that still loads is not known
                    del self._loads[key], self._sizes[key]

    def _fits(self, room: float) -> bool:
        few = self.budget.models is None or len(self._sizes) <= self.budget.models
        return few and sum(self._sizes.values()) <= room

    def lend(self, entry: ModelEntry) -> Bundle:
        """The loaded model; waits for a load in progress. A failed load is forgotten, to be tried anew.

        Raises ModelError or SettingsError as the load did.
        """
        future = self.start(entry)
        try:
            return future.result()
        except Exception:
            with self._lock:
                if self._loads.get(entry.weights) is future:
                    self.drop(entry)
            raise

    def drop(self, entry: ModelEntry) -> None:
        """Forget the model, whatever its state."""
        with self._lock:
            self._loads.pop(entry.weights, None)
            self._sizes.pop(entry.weights, None)

    def state(self, entry: ModelEntry) -> str:
        """One of "not loaded", "loading", "ready", "failed"."""
        with self._lock:
            future = self._loads.get(entry.weights)
        if future is None:
            return "not loaded"
        if not future.done():
            return "loading"
        return "failed" if future.exception() else "ready"

    def progress(self, entry: ModelEntry) -> Fetched | None:
        """How far the download of a model that is being loaded is; None where nothing is downloaded."""
        return self._fetches.get(entry.weights)

    def size(self, entry: ModelEntry) -> int | None:
        """The bytes that a loaded model takes; None for one that is not loaded."""
        with self._lock:
            return self._sizes.get(entry.weights)
