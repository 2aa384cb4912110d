"""What Tab offers in a line for a command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prompt_toolkit.completion import Completion

from invoke_cli.repl.commands import COMMANDS
from invoke_cli.repl.paths import WEIGHT_SUFFIXES, path_choices
from invoke_cli.repl.visible import visible


def complete_command(before: str, models: Sequence[str]) -> Iterator[Completion]:
    """Command names, also as the topic of `!help`; behind them what they take. before: up to the cursor."""
    name, blank, rest = before.lstrip().partition(" ")
    if not blank or (name == "!help" and rest.startswith("!")):
        yield from _names(rest if blank else name)
    elif name in COMMANDS:
        yield from _argument(COMMANDS[name].completes, rest.lstrip(), models)


def _names(word: str) -> Iterator[Completion]:
    for name, command in COMMANDS.items():
        if name.startswith(word):
            yield Completion(name, -len(word), display_meta=command.help.partition("\n")[0])


def _argument(kind: str, typed: str, models: Sequence[str]) -> Iterator[Completion]:
    """The first word behind a command."""
    if kind == "model":
        for model in models:
            if model.lower().startswith(typed.lower()):
                yield Completion(model, -len(typed))
    elif kind == "weights":
        yield from _weights(typed)


def _weights(typed: str) -> Iterator[Completion]:
    """Checkpoint files and folders; an opening quote is a part of what is replaced."""
    is_quoted = typed.startswith(("'", '"'))
    for choice in path_choices(typed.lstrip("'\""), suffixes=WEIGHT_SUFFIXES, is_quoted=is_quoted):
        name = visible(choice.name) + ("/" if choice.is_folder else "")
        yield Completion(choice.text, -len(typed), name)
