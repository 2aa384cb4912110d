"""`!history`."""

from __future__ import annotations

from invoke_cli.errors import LineError
from invoke_cli.repl.commands.registry import Answer, Context, Page, Word, command
from invoke_cli.repl.visible import visible
from invoke_cli.session.events import Notice


@command("!history", takes=(Word("N", optional=True),))
def show_history(count: str, context: Context) -> Answer:
    """List the lines typed so far with their numbers, or the last N of them."""
    if count and not (count.isdecimal() and int(count) > 0):
        raise LineError(f"!history takes a number of lines, not {count!r}", "for example !history 20")
    numbered = list(enumerate(context.history, start=1))
    wanted = numbered[-int(count) :] if count else numbered
    if not wanted:
        yield Notice("the history is empty")
        return
    yield Page("\n".join(f"{number:5}  {visible(line)}" for number, line in wanted))
