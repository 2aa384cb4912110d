"""Bringing models into the catalog, and checkpoint files into the diffusers layout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from invoke_cli.errors import InvokeError, ModelError, UnavailableError
from invoke_cli.models import distilled
from invoke_cli.models.entries import ModelEntry
from invoke_cli.models.failures import NAME, Failures
from invoke_cli.models.finds import free_name, same_source, sources_in
from invoke_cli.paths import expanded
from invoke_cli.session.events import Event, Notice
from invoke_cli.session.fetching import lent
from invoke_cli.session.models import Models

if TYPE_CHECKING:
    from invoke_cli.diffusion.bundle import Bundle


@dataclass(frozen=True)
class Wish:
    """What the user wants of an imported model; what is left out is found out."""

    name: str = ""
    description: str = ""
    default: bool = False


def import_models(models: Models, text: str, wish: Wish) -> Iterator[Event]:
    """Load what `text` names once, to prove that it works, and write it into the catalog.

    Of a folder all new models are imported, and those that do not load say why. Raises ModelError where
    a single one does not load.
    """
    sources = sources_in(text)
    if len(sources) == 1:
        known = _known(models, sources[0])
        if known is not None:
            raise ModelError(f"this model is in the catalog already, as {known}", f"!switch {known}")
        yield from _import(models, sources[0], wish)
        return
    if wish.name:
        raise ModelError(f"--name is for one model, and there are {len(sources)} in {text}")
    yield from _import_new(models, sources, wish)


def autoimport(models: Models, folder: str) -> Iterator[Event]:
    """Import the models of a folder that the catalog does not have; a notice for each, also of failures.

    Those that have failed are not tried again before they change.
    """
    try:
        sources = sources_in(folder)
    except ModelError as error:
        yield Notice(f"nothing is imported: {error.message}")
        return
    failures = Failures(models.catalog.own.parent / NAME)
    left = tuple(source for source in sources if not failures.knows(source))
    yield from _import_new(models, left, Wish(), failures)


def _import_new(
    models: Models, sources: tuple[str, ...], wish: Wish, failures: Failures | None = None
) -> Iterator[Event]:
    for source in sources:
        if _known(models, source) is None:
            try:
                yield from _import(models, source, wish)
            except InvokeError as error:
                yield Notice(_not_imported(source, error))
                if failures is not None and not isinstance(error, UnavailableError):
                    failures.add(source)


def _not_imported(source: str, error: InvokeError) -> str:
    place = "" if source in error.message else f"{source}: "
    hint = f" ({error.hint})" if error.hint else ""
    return f"not imported: {place}{error.message}{hint}"


def _known(models: Models, source: str) -> str | None:
    entries = (models.catalog.find(name) for name in models.catalog.names)
    return next((entry.name for entry in entries if same_source(entry, source)), None)


def _import(models: Models, source: str, wish: Wish) -> Iterator[Event]:
    from invoke_cli.models.distilled import described, keys_for
    from invoke_cli.models.sources import source_of

    name = wish.name if wish.name else free_name(source, models.catalog)
    if wish.name in models.catalog:
        raise ModelError(f"there is a model called {name} already", "choose another name with --name")
    entry = ModelEntry(name=name, source=source)
    yield Notice(f"loading {source}")
    is_unsure = source_of(entry).facts(entry).unsure
    bundle = yield from lent(models.cache, entry)
    keys: dict[str, object] = {
        "source": source,
        "description": wish.description or f"{described(bundle)}, from {Path(source).name}",
        "default": True if wish.default else None,
        **keys_for(bundle, source, is_unsure=is_unsure),
    }
    try:
        models.catalog.write(name, keys)
    except InvokeError:
        models.cache.drop(entry)
        raise
    if models.catalog.find(name).weights != entry.weights:
        models.cache.drop(entry)  # it would be loaded in another way now
    yield Notice(f"{name} is in the catalog: {described(bundle)}; !switch {name} draws with it")
    yield from map(Notice, _advice(name, bundle, keys))


def _advice(name: str, bundle: Bundle, keys: dict[str, object]) -> Iterator[str]:
    """What the user should add to the entry, because the model cannot say it."""
    if not bundle.has_vae:
        yield f"it has no VAE; name one: !edit_model {name} vae=NAME, or --vae NAME on a line"
    if "defaults" not in keys and distilled.by_name(name):
        yield f"its name suggests few steps; if that is so: !edit_model {name} {distilled.AS_TYPED}"


def convert_model(models: Models, wanted: str, directory: str) -> Iterator[Event]:
    """Rewrite a checkpoint file as a diffusers directory, and let the catalog point to that.

    directory: where to; beside the file, and called like it, when "". The file stays.
    Raises ModelError, and changes nothing, where that cannot be done.
    """
    from invoke_cli.models.convert import convert

    entry = models.catalog.find(wanted)
    path = expanded(entry.source)
    if not path.is_file():
        raise ModelError(f"{entry.name} is not a checkpoint file, so there is nothing to convert")
    target = (expanded(directory) if directory else path.with_suffix("")).resolve()
    name = entry.name if entry.name in models.catalog else free_name(str(path), models.catalog)
    yield Notice(f"converting {path}")
    convert(entry, target)
    changed: dict[str, object] = {"kind": None, "tokenizer": None}
    if entry.name not in models.catalog:
        changed = {"description": f"converted from {path.name}"}
    models.write(name, {"source": str(target), **changed})
    yield Notice(f"{name} comes from {target} now; {path} is no longer needed")
