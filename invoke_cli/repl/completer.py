"""What Tab offers, in prompt_toolkit's terms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from invoke_cli.language.guide import expects, suggest
from invoke_cli.language.world import World
from invoke_cli.repl.command_completer import complete_command
from invoke_cli.repl.commands import is_command
from invoke_cli.repl.paths import PICTURE_SUFFIXES, path_choices
from invoke_cli.repl.visible import visible


class LineCompleter(Completer):
    """Switches, values and commands from their declarations, files from the disk."""

    def __init__(self, world: Callable[[], World]) -> None:
        self._world = world

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:  # noqa: ARG002
        """What may stand at the cursor; what the session knows first, then what the disk holds."""
        line, cursor = document.text, document.cursor_position
        world = self._world()
        if is_command(line):
            yield from complete_command(
                document.text_before_cursor, world, lambda text: _in_line(text, len(text), world)
            )
        else:
            yield from _in_line(line, cursor, world)


def _in_line(line: str, cursor: int, world: World) -> Iterator[Completion]:
    """What may stand at the cursor in a line to draw."""
    known = suggest(line, cursor, world)
    for offer in known:
        start = offer.start - cursor
        yield Completion(offer.text, start, visible(offer.display), display_meta=offer.meta)
    yield from _paths(line, cursor, {offer.text for offer in known}, world.outdir)


def _paths(line: str, cursor: int, known: set[str], outdir: str) -> Iterator[Completion]:
    """Files and folders where the line expects one, except those offered already."""
    place = expects(line, cursor)
    if place.kind not in ("picture", "folder"):
        return
    suffixes = PICTURE_SUFFIXES if place.kind == "picture" else ()
    is_quoted = line[place.start : cursor].startswith(("'", '"'))
    within = outdir if place.kind == "picture" else ""
    for choice in path_choices(place.typed, suffixes=suffixes, within=within):
        text = choice.in_line(is_quoted)
        if text not in known:
            name = visible(choice.name) + ("/" if choice.is_folder else "")
            yield Completion(text, place.start - cursor, name)
