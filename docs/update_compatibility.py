"""Writes docs/compatibility.md from the declarations: `python docs/update_compatibility.py`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from invoke_cli.errors import InvokeError  # noqa: E402
from invoke_cli.language.old_line import OLD_COMMANDS, OLD_LINE, OldCommand, OldSwitch  # noqa: E402
from invoke_cli.language.switches import by_name  # noqa: E402
from invoke_cli.old_shell import OLD_SWITCHES  # noqa: E402
from invoke_cli.old_shell import OldSwitch as OldShellSwitch  # noqa: E402
from invoke_cli.repl.commands import COMMANDS, Command, Context  # noqa: E402

PAGE = ROOT / "docs" / "compatibility.md"
HEAD = """\
# The old command line, and what it does here

Every switch and every command of InvokeAI's command line from 1.x to 2.3, under all its spellings. This page
is made from the program's own tables by `python docs/update_compatibility.py`, and every spelling in it is
tried by a test.

Lines from old logs, from `Dream` chunks, from transcripts (`invoke> ...`, `dream> ...`) and from posts can be
pasted as they are. Short spellings of long names (`--str 0.6`), values that touch their switch (`-s50`), and
clusters (`-gs20`) work as they did. The rough edges of the old line do not: a switch may stand anywhere, a
word with a dash is never silently obeyed, and no line ends the program.
"""


def page() -> str:
    """The whole document."""
    parts = [HEAD]
    parts += _section("On a line", ("Switch", "Since", "Here"), map(_line_row, OLD_LINE))
    parts += _section(
        "Commands", ("Line", "What it was for", "Since", "Here"), map(_command_row, OLD_COMMANDS)
    )
    parts += _section("At the shell", ("Switch", "What it was for", "Here"), map(_shell_row, OLD_SWITCHES))
    return "\n".join(parts).rstrip() + "\n"


def _section(title: str, heads: Iterable[str], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    heads = list(heads)
    yield f"## {title}\n"
    yield _row(heads)
    yield _row(["---"] * len(heads))
    yield from map(_row, rows)
    yield ""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _codes(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _here(differs: str, later: str) -> str:
    if later:
        return f"**not yet**: {later}"
    return f"different: {differs}" if differs else "same"


def _line_row(old: OldSwitch) -> tuple[str, ...]:
    return _codes(old.spellings), old.since, _here(old.differs, by_name()[old.name].later)


def _command_row(old: OldCommand) -> tuple[str, ...]:
    later = _answer(COMMANDS[old.word]) if old.word in COMMANDS else ""
    return _codes([old.example]), old.what, old.since, _here(old.differs, later)


def _answer(command: Command) -> str:
    """What a command says that does not work yet, else nothing."""
    if command.ready:
        return ""
    try:
        list(command.run("", Context(None, (), 80)))
    except InvokeError as error:
        return error.message
    raise ValueError(f"{command.name} is not ready and says nothing")


def _shell_row(old: OldShellSwitch) -> tuple[str, ...]:
    shown = {"sets": "passed on: ", "ignored": "accepted: ", "refused": "refused: ", "same": "different: "}
    here = f"{shown[old.kind]}{old.here}" if old.here else "same"
    return _codes(old.spellings), old.what, here


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
