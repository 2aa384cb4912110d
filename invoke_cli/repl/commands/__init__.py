"""Lines that are not prompts: `!words`, and `-h` alone."""

from __future__ import annotations

from dataclasses import replace

from invoke_cli.errors import InvokeError, LineError, Span
from invoke_cli.repl.commands import compare as _compare
from invoke_cli.repl.commands import help as _help
from invoke_cli.repl.commands import history as _history
from invoke_cli.repl.commands import later as _later
from invoke_cli.repl.commands import models as _models
from invoke_cli.repl.commands import pictures as _pictures
from invoke_cli.repl.commands import schedule as _schedule
from invoke_cli.repl.commands import settings as _settings
from invoke_cli.repl.commands.registry import COMMANDS, Answer, Command, Context, Page, Replay
from invoke_cli.session.events import Failed

__all__ = ["COMMANDS", "Answer", "Command", "Context", "Page", "Replay", "answer", "is_command"]

# imported so that they register themselves
_OWN_MODULES = (_pictures, _compare, _schedule, _settings, _history, _models, _help, _later)
_HELP_SWITCHES = ("-h", "--help")
_DROPPED_PREFIX = "!dream"  # v1 wrote prompts as `!dream a barn`; the grammar takes it off


def is_command(line: str) -> bool:
    """Whether the line is for a command, not a prompt to draw."""
    word = _first_word(line)
    return line.strip() in _HELP_SWITCHES or (word.startswith("!") and word != _DROPPED_PREFIX)


def answer(line: str, line_number: int, context: Context) -> Answer:
    """What the command in `line` has to say. Its mistakes become `Failed`, as a session's do.

    A place that a command knows is one in what stands behind its name.
    """
    try:
        found = _found(line)
        yield from _told(found, line, replace(context, line_number=line_number))
    except InvokeError as error:
        yield Failed(line_number, line, error)


def _told(found: Command, line: str, context: Context) -> Answer:
    argument = _argument(line)
    try:
        yield from found.run(argument, context)
    except InvokeError as error:
        if error.span is not None:
            start = line.rindex(argument)
            error.span = Span(start + error.span.start, start + error.span.end)
        raise


def _found(line: str) -> Command:
    word = _first_word(line)
    if word in _HELP_SWITCHES:
        return COMMANDS["!help"]
    if word[1:].isdecimal():
        return COMMANDS["!N"]
    try:
        return COMMANDS[word]
    except InvokeError as error:
        start = line.index(word)
        raise LineError(error.message, error.hint, span=Span(start, start + len(word))) from None


def _first_word(line: str) -> str:
    words = line.split(None, 1)
    return words[0] if words else ""


def _argument(line: str) -> str:
    """What stands behind the command; of `!12`, the number."""
    words = line.split(None, 1)
    if words[0][1:].isdecimal():
        return line.strip()[1:]
    return words[1].strip() if len(words) > 1 else ""
