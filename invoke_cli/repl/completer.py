"""What Tab offers, in prompt_toolkit's terms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from invoke_cli.language.guide import expects, suggest
from invoke_cli.language.world import World
from invoke_cli.repl.commands import COMMANDS, is_command
from invoke_cli.repl.paths import path_choices
from invoke_cli.repl.visible import visible


class LineCompleter(Completer):
    """Switches, values and commands from their declarations, files from the disk."""

    def __init__(self, world: Callable[[], World]) -> None:
        self._world = world

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:  # noqa: ARG002
        """What may stand at the cursor; what the session knows first, then what the disk holds."""
        line, cursor = document.text, document.cursor_position
        if is_command(line):
            yield from _commands(document.text_before_cursor)
            return
        known = suggest(line, cursor, self._world())
        for offer in known:
            start = offer.start - cursor
            yield Completion(offer.text, start, visible(offer.display), display_meta=offer.meta)
        yield from _paths(line, cursor, {offer.text for offer in known})


def _commands(before: str) -> Iterator[Completion]:
    """Command names, also as the topic of `!help`."""
    *first, word = before.lstrip().split(" ")
    if first and (first != ["!help"] or not word.startswith("!")):
        return
    for name, command in COMMANDS.items():
        if name.startswith(word):
            yield Completion(name, -len(word), display_meta=command.help.partition("\n")[0])


def _paths(line: str, cursor: int, known: set[str]) -> Iterator[Completion]:
    """Files and folders where the line expects one, except those offered already."""
    place = expects(line, cursor)
    if place.kind not in ("picture", "folder"):
        return
    is_quoted = line[place.start : cursor].startswith(("'", '"'))
    for choice in path_choices(place.typed, pictures=place.kind == "picture", is_quoted=is_quoted):
        if choice.text not in known:
            name = visible(choice.name) + ("/" if choice.is_folder else "")
            yield Completion(choice.text, place.start - cursor, name)
