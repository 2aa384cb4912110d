"""`!explain`, `!schedule`."""

from __future__ import annotations

import re
from pathlib import Path

from invoke_cli.errors import LineError
from invoke_cli.repl.commands.registry import LINE, Answer, Context, Option, Word, command
from invoke_cli.session.events import Explained, Scheduled

_PNG = re.compile(r"""(?:^|\s)--png(?:=|\s+)("[^"]+"|'[^']+'|\S+)""")


@command("!explain", takes=(Word("LINE", (LINE,)), Option("png", "FILE", ("picture",))))
def explain(argument: str, context: Context) -> Answer:
    """Show what strength and steps do to LINE, without running it; --png also saves the plot."""
    line, png = _without_png(argument)
    if not line:
        raise LineError("!explain needs a line", "for example !explain fire -I sketch.png -s 10 -f 0.7")
    yield from context.session.explain(line, context.line_number, png)


@command("!schedule", takes=(Word("LINE", (LINE,), optional=True),))
def show_schedule(line: str, context: Context) -> Answer:
    """List the noise levels of LINE's schedule, or of a line without switches."""
    for event in context.session.explain(line, context.line_number):
        if isinstance(event, Explained):
            yield Scheduled(event.line_number, event.line, event.levels)
        else:
            yield event


def _without_png(argument: str) -> tuple[str, Path | None]:
    """The line, and the file that --png names. The option is the command's, so the line does not know it."""
    found = _PNG.search(argument)
    if found is None:
        return argument, None
    line = f"{argument[: found.start()]} {argument[found.end() :]}".strip()
    return line, Path(found[1].strip("\"'"))
