"""`!models`, `!switch`, `!triggers` and the commands that change the catalog."""

from __future__ import annotations

from invoke_cli.errors import InvokeError, LineError
from invoke_cli.repl.commands.arguments import read_arguments, word_text, words_of
from invoke_cli.repl.commands.registry import Answer, Context, Option, Word, command
from invoke_cli.session.events import Line
from invoke_cli.session.imports import Wish, convert_model, import_models
from invoke_cli.session.lists import Listed, Triggers

_MODEL = Word("NAME", ("model",))
_IMPORT = (
    Word("SOURCE", ("weights", "hub")),
    Option("name", "NAME"),
    Option("description", "TEXT"),
    Option("default"),
)


@command("!models")
def show_models(argument: str, context: Context) -> Answer:
    """List the models: their state, what they take of the memory, and what they are."""
    _no_more(argument, "!models")
    yield Listed(tuple(context.session.models.rows()))


@command("!switch", takes=(Word("NAME", ("model", "weights", "hub")),))
def switch_model(argument: str, context: Context) -> Answer:
    """Draw with another model from now on. The one before stays in memory while there is room."""
    name = _one(argument, "!switch")
    yield from context.session.models.switch(name, load=not context.session.dry_run)


@command("!edit_model", takes=(_MODEL, Word("KEY=VALUE", ("change",), optional=True, many=True)))
def edit_model(argument: str, context: Context) -> Answer:
    """Change what models.yaml says of a model. An empty value takes a key away.

    Without values, all that it says comes into the prompt, to be changed there.
    """
    name, *pairs = words_of(argument) or [""]
    models = context.session.models
    if not pairs:
        changes = models.shown(_one(argument, "!edit_model"))
        yield Line(" ".join(["!edit_model", word_text(name), *map(_written, changes)]))
        return
    _refuse_in_dry_run(context)
    yield from models.edit(name, tuple(map(_change, pairs)))


@command("!del_model", takes=(_MODEL,))
def delete_model(argument: str, context: Context) -> Answer:
    """Take a model off the list, after a question. Its files stay where they are."""
    _refuse_in_dry_run(context)
    yield from context.session.models.delete(_one(argument, "!del_model"))


@command("!import_model", takes=_IMPORT)
def import_model(argument: str, context: Context) -> Answer:
    """Add a checkpoint file, a diffusers directory, all models of a folder, or a hub id to the catalog.

    Each is loaded once, to prove that it works.
    """
    read = read_arguments(argument, _IMPORT)
    if len(read.words) != 1:
        raise LineError(
            "!import_model takes one file, folder or hub id", "a path with blanks stands in quotes"
        )
    _refuse_in_dry_run(context)
    switches = read.switches
    wish = Wish(switches.get("name", ""), switches.get("description", ""), "default" in switches)
    yield from import_models(context.session.models, read.words[0], wish)


@command(
    "!convert_model",
    "!optimize_model",
    takes=(Word("NAME|FILE", ("model", "weights")), Word("FOLDER", ("folder",), optional=True)),
)
def convert_checkpoint(argument: str, context: Context) -> Answer:
    """Rewrite a checkpoint file as a diffusers directory of safetensors. Pictures stay the same."""
    words = read_arguments(argument).words
    if not 1 <= len(words) <= 2:
        raise LineError("!convert_model takes a model, and perhaps the folder to write", "!models lists them")
    _refuse_in_dry_run(context)
    yield from convert_model(context.session.models, words[0], words[1] if len(words) > 1 else "")


@command("!triggers")
def show_triggers(argument: str, context: Context) -> Answer:
    """List what a prompt may name: the triggers of embeddings, and LoRAs."""
    _no_more(argument, "!triggers")
    world = context.session.world()
    yield Triggers(world.terms, world.loras)


def _written(change: tuple[str, str]) -> str:
    """A change as it is typed, so that `_change` reads it back."""
    key, value = change
    return f"{key}={word_text(value)}" if value else f"{key}="


def _change(pair: str) -> tuple[str, str]:
    key, equals, value = pair.partition("=")
    if not equals:
        raise LineError(f"{pair!r} should be KEY=VALUE", "a value with blanks stands in quotes")
    return key, value


def _one(argument: str, name: str) -> str:
    """The only word behind a command."""
    words = read_arguments(argument).words
    if len(words) != 1:
        raise LineError(f"{name} takes the name of one model", "!models lists them")
    return words[0]


def _no_more(argument: str, name: str) -> None:
    if argument:
        raise LineError(f"{name} takes nothing behind it")


def _refuse_in_dry_run(context: Context) -> None:
    if context.session.dry_run:
        raise InvokeError("a dry run changes no catalog")
