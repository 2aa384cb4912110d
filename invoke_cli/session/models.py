"""The models of a session: the catalog, what is loaded of it, and the one that lines are drawn with."""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from invoke_cli.errors import ModelError, SettingsError
from invoke_cli.language.defaults import as_json, from_pairs
from invoke_cli.language.request import Request
from invoke_cli.language.switches import table
from invoke_cli.models.cache import Budget, ModelCache, fetch_from_source, load_from_source
from invoke_cli.models.catalog import Catalog
from invoke_cli.models.changes import as_changes, changed_keys
from invoke_cli.models.entries import ModelEntry
from invoke_cli.models.kept import Kept
from invoke_cli.paths import expanded
from invoke_cli.registry import nearest
from invoke_cli.session.events import Ask, Event, Notice
from invoke_cli.session.fetching import lent
from invoke_cli.session.lists import Model

if TYPE_CHECKING:
    from invoke_cli.diffusion.bundle import Bundle
    from invoke_cli.models.files import Facts
    from invoke_cli.settings import Settings


def cache_for(settings: Settings) -> ModelCache:
    """A cache that loads as the settings say; where memory is to be spared, into main memory."""
    kept = Kept(Path(settings.weights_directory), settings.kept_weights)
    load, load_away = (partial(load_from_source, kept=kept, away=away) for away in (False, True))
    return ModelCache(
        settings.device,
        settings.precision,
        load_away if settings.defaults.low_memory is True else load,
        fetch=fetch_from_source,
        budget=Budget(settings.max_loaded_models, settings.max_loaded_gb),
        compiles=settings.compile,
        load_away=load_away,
    )


class Models:
    """Which model is in use, and every way to change that or the catalog.

    `active` changes only after everything that could fail has succeeded.
    """

    def __init__(self, catalog: Catalog, cache: ModelCache, wanted: str) -> None:
        self.catalog = catalog
        self.cache = cache
        self._active = catalog.find(wanted)
        self._facts: dict[Hashable, Facts] = {}
        self._remarked: set[str] = set()

    @property
    def active(self) -> ModelEntry:
        """The model that lines are drawn with."""
        return self._active

    @property
    def suited(self) -> Request:
        """What the active model's entry says of switches."""
        return suited(self._active)

    @property
    def facts(self) -> Facts:
        """What is known of the active model without loading it; its size better once it is loaded."""
        return self._facts_of(self._active)

    def _facts_of(self, entry: ModelEntry) -> Facts:
        """The facts of a model, kept: to read those of a pickle is to open it."""
        from invoke_cli.models.sources import source_of

        is_loaded = self.cache.state(entry) == "ready"
        known = self._facts.get(entry.weights)
        if known is None or (known.unsure and is_loaded):
            found = source_of(entry).facts(entry)
            known = self._facts[entry.weights] = replace(found, unsure=found.unsure and not is_loaded)
        return replace(known, native=self.cache.lend(entry).native) if is_loaded else known

    def state(self) -> str:
        """The state of the active model: "not loaded", "loading", "ready" or "failed"."""
        return self.cache.state(self._active)

    def lend(self) -> Bundle:
        """The active model, loaded. Raises ModelError or SettingsError."""
        return self.cache.lend(self._active)

    def awaited(self) -> Generator[Event, None, Bundle]:
        """Yields that and how long one has to wait for the active model, and returns it. Raises as `lend`."""
        if self.state() == "loading":
            yield Notice(f"waiting for the model {self._active.name} to load")
        return (yield from lent(self.cache, self._active))

    def remarks(self, bundle: Bundle, precision: str) -> tuple[str, ...]:
        """What to say, once for a model, of numbers that nobody asked for and that round visibly."""
        chosen = precision == "auto" and bundle.device.type == "cpu"
        if not chosen or str(bundle.dtype) != "torch.bfloat16" or bundle.name in self._remarked:
            return ()
        self._remarked.add(bundle.name)
        return (f"{bundle.name} runs in bfloat16, which this CPU is fast in; --precision fp32 is exact",)

    def find(self, name: str) -> ModelEntry:
        """The entry of this name in the catalog. Raises ModelError that names the nearest one."""
        if name in self.catalog:
            return self.catalog.find(name)
        meant = nearest(name, self.catalog.names)
        raise ModelError(
            f"there is no model {name!r} in the catalog",
            f"did you mean {meant}?" if meant else f"there are: {', '.join(self.catalog.names)}",
        )

    def rows(self) -> Iterator[Model]:
        """All models of the catalog, and the active one where it is not of it."""
        entries = [self.catalog.find(name) for name in self.catalog.names]
        if not any(entry.name == self._active.name for entry in entries):
            entries.append(self._active)
        for entry in entries:
            yield Model(entry.name, self._state_of(entry), self.cache.size(entry), entry.description)

    def _state_of(self, entry: ModelEntry) -> str:
        state = self.cache.state(entry)
        if entry.name == self._active.name:
            return "active" if state == "ready" else f"active, {state}"
        if state in ("ready", "loading"):
            return {"ready": "cached"}.get(state, state)
        return "not loaded" if _is_there(entry) else "missing"

    def switch(self, name: str, *, load: bool = True) -> Iterator[Event]:
        """Draw with another model from now on; the one before stays loaded while there is room.

        Raises ModelError or SettingsError, and keeps the model in use, when the other cannot be used.
        """
        entry = self.catalog.find(name)
        suited(entry)
        if self.cache.state(entry) != "ready":
            self._facts.pop(entry.weights, None)  # the files may have changed meanwhile
            if load:
                yield Notice(f"loading the model {entry.name}")
        if load:
            yield from lent(self.cache, entry)
        self._facts_of(entry)
        self._active = entry
        yield Notice(f"lines are drawn with {entry.name} now")

    def write(self, name: str, changes: dict[str, object]) -> None:
        """Change an entry of the catalog; the model in use follows. Raises SettingsError."""
        before = self.catalog.find(name) if name in self.catalog else None
        self.catalog.write(name, changes)
        after = self.catalog.find(name)
        if before is not None and before.weights != after.weights:
            self.cache.drop(before)
            self._facts.pop(before.weights, None)
        if before is not None and before == self._active:
            self._active = after

    def shown(self, name: str) -> tuple[tuple[str, str], ...]:
        """What models.yaml says of a model, as the changes that `edit` would take to make it so."""
        return as_changes(self.find(name))

    def edit(self, name: str, changes: tuple[tuple[str, str], ...]) -> Iterator[Event]:
        """Change keys of an entry, given as text; an empty text takes a key away.

        What the entry says already is left out, for a line from the prompt names all of it.
        Raises ModelError or SettingsError, and changes nothing, when the result would be wrong.
        """
        entry = self.find(name)
        said = as_changes(entry)
        changes = tuple(change for change in changes if change not in said)
        if not changes:
            yield Notice(f"{name} says that already")
            return
        keys = changed_keys(entry, changes)
        defaults = keys.get("defaults")
        if isinstance(defaults, dict):
            suited(replace(entry, defaults=defaults), f"defaults of {name}")
        was_shipped = not self.catalog.is_own(name)
        self.write(name, keys)
        copied = f", copied to {self.catalog.own}" if was_shipped else ""
        yield Notice(f"{name} is changed: {', '.join(dict.fromkeys(key for key, _ in changes))}{copied}")

    def delete(self, name: str) -> Generator[Event, bool | None, None]:
        """Take an entry off the list, if the answer to the question is yes; no other file is touched."""
        entry = self.find(name)
        if entry.name == self._active.name:
            raise ModelError(f"{name} is the model in use", "change to another with !switch first")
        if not self.catalog.is_own(name):
            raise ModelError(f"{name} came with the program and stays on the list")
        answer = yield Ask(f"take {name} off the list? {entry.source} stays where it is")
        if not answer:
            yield Notice(f"{name} stays on the list")
            return
        self.catalog.remove(name)
        self.cache.drop(entry)
        back = "; the entry that came with the program is back" if name in self.catalog else ""
        yield Notice(f"{name} is off the list{back}")


def suited(entry: ModelEntry, source: str = "") -> Request:
    """What the entry says of switches. Raises SettingsError, which names the source, for unfit ones.

    A default seed or variation would change what stored lines mean.
    """
    source = source if source else f"models.yaml, {entry.name}"
    request = from_pairs(entry.defaults, source)
    given = as_json(request)
    for switch in table():
        if not switch.shell and switch.name in given:
            raise SettingsError(f"{source}: {switch.name} belongs on a line and cannot be a default")
    return request


def _is_there(entry: ModelEntry) -> bool:
    """Whether there is something where the model should be; the hub is taken to have it."""
    from invoke_cli.models.sources import EMBEDDED, SOURCES, embedded_directory, source_of

    try:
        if entry.source.startswith(EMBEDDED):
            return embedded_directory(entry).is_dir()
        return source_of(entry) is SOURCES["hub"] or expanded(entry.source).exists()
    except ModelError:
        return False
