"""Commands of the old tool that are known but not there yet: one sentence instead of a guess."""

from __future__ import annotations

from invoke_cli.errors import InvokeError
from invoke_cli.repl.commands.registry import COMMANDS, LINE, Answer, Command, Context, Run, Takes, Word

_PICTURE = Word("FILE", ("picture",))

_LATER: tuple[tuple[str, Takes, str], ...] = (
    (
        "!fix",
        (_PICTURE, Word("SWITCHES", (LINE,))),
        "Enlarge a finished picture, mend its faces or extend its canvas.",
    ),
    (
        "!mask",
        (_PICTURE, Word("-tm PHRASE", (LINE,))),
        "Show what a text mask would select in a picture.",
    ),
)


def _not_yet(name: str) -> Run:
    def run(_argument: str, _context: Context) -> Answer:
        raise InvokeError(f"{name} comes in a later version", "!help lists what works now")

    return run


for _name, _takes, _help in _LATER:
    COMMANDS.add(_name)(Command(_name, _takes, _help, _not_yet(_name), ready=False, topic="later"))
