"""`!compare`."""

from __future__ import annotations

from invoke_cli.errors import LineError
from invoke_cli.repl.commands.registry import LINE, Answer, Context, Word, command


@command("!compare", takes=(Word("LINE", (LINE,)),))
def compare(line: str, context: Context) -> Answer:
    """Draw LINE once for each value of a list, as in -f 0.2,0.4,0.6, and put the strips on one sheet."""
    if not line:
        raise LineError("!compare needs a line", "for example !compare a tree -I sketch.png -f 0.2,0.4,0.6")
    yield from context.session.compare(line, context.line_number)
