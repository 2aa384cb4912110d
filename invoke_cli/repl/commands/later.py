"""Commands of the old tool that are known but not there yet: one sentence instead of a guess."""

from __future__ import annotations

from invoke_cli.errors import InvokeError
from invoke_cli.repl.commands.registry import COMMANDS, Answer, Command, Context, Run

_LATER = (
    ("!fix", "FILE SWITCHES", "Enlarge a finished picture, mend its faces or extend its canvas."),
    ("!fetch", "FILE", "Put the line that made a picture into the input line."),
    ("!replay", "FILE", "Run the lines of a file, then come back to the prompt."),
    ("!search", "TEXT", "List only the history lines that contain TEXT."),
    ("!clear", "", "Empty the history."),
    ("!N", "", "Put line number N of the history into the input line."),
    ("!mask", "FILE -tm PHRASE", "Show what a text mask would select in a picture."),
)


def _not_yet(name: str) -> Run:
    def run(_argument: str, _context: Context) -> Answer:
        raise InvokeError(f"{name} comes in a later version", "!help lists what works now")

    return run


for _name, _usage, _help in _LATER:
    COMMANDS.add(_name)(Command(_name, _usage, _help, _not_yet(_name), ready=False))
