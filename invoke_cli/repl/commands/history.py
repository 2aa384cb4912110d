"""`!history`, `!search`, `!clear` and `!N`, which bring back what was typed."""

from __future__ import annotations

from invoke_cli.errors import LineError
from invoke_cli.repl.commands.registry import Answer, Context, Word, command
from invoke_cli.repl.wording import counted
from invoke_cli.session.events import Ask, Line, Notice
from invoke_cli.session.lists import Remembered


@command("!history", takes=(Word("N|TEXT", optional=True),))
def show_history(wanted: str, context: Context) -> Answer:
    """List the lines typed so far with their numbers: all, the last N, or those that hold TEXT."""
    if wanted.startswith("-") and wanted[1:].isdecimal():
        raise LineError(f"!history takes a number of lines, not {wanted!r}", "for example !history 20")
    if wanted and not wanted.isdecimal():
        yield from _found(wanted, context)
        return
    if wanted and int(wanted) == 0:
        raise LineError("!history takes a number of lines, not '0'", "for example !history 20")
    yield Remembered(_numbered(context)[-int(wanted or len(context.history)) :])


@command("!search", takes=(Word("TEXT"),))
def search_history(text: str, context: Context) -> Answer:
    """List the lines typed so far that hold TEXT, in capitals or not."""
    if not text:
        raise LineError("!search needs a text to look for", "for example !search barn")
    yield from _found(text, context)


@command("!clear")
def clear_history(argument: str, context: Context) -> Answer:
    """Forget all lines typed so far, also those of earlier sessions, after a question."""
    if argument:
        raise LineError("!clear takes nothing behind it", "it clears the whole history")
    if context.forget is None or not context.history:
        yield Notice("the history is empty")
    elif (yield Ask(f"forget all {counted(len(context.history), 'line')} of the history?")):
        context.forget()
        yield Notice("the history is empty now")
    else:
        yield Notice("the history stays as it is")


@command("!N")
def recall(number: str, context: Context) -> Answer:
    """Put line number N of the history into the prompt, to be changed or run: `!12`."""
    word, _, rest = number.partition(" ")
    if not word.isdecimal():
        raise LineError("!N stands for a number", "!12 brings back line 12; !history shows the numbers")
    if rest:
        raise LineError(f"!{word} takes nothing behind it", "change the line when it is in the prompt")
    if not context.history:
        raise LineError(f"there is no line {word}: the history is empty")
    if not 1 <= int(word) <= len(context.history):
        raise LineError(f"there is no line {word}", f"they are numbered from 1 to {len(context.history)}")
    yield Line(context.history[int(word) - 1])


def _found(text: str, context: Context) -> Answer:
    fitting = [(number, line) for number, line in _numbered(context) if text.casefold() in line.casefold()]
    # The question itself is the last line of the history.
    if fitting and fitting[-1][0] == len(context.history) and fitting[-1][1].startswith("!"):
        fitting.pop()
    yield Remembered(tuple(fitting), text)


def _numbered(context: Context) -> tuple[tuple[int, str], ...]:
    return tuple(enumerate(context.history, start=1))
