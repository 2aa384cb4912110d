"""`!fetch`, `!replay`, `!show` and `!grid`: what to do with pictures that are there already."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from invoke_cli.errors import InvokeError, LineError
from invoke_cli.paths import expanded
from invoke_cli.repl.commands.arguments import Arguments, read_arguments, words_of
from invoke_cli.repl.commands.registry import Answer, Context, Option, Replay, Word, command
from invoke_cli.repl.paths import PICTURE_SUFFIXES
from invoke_cli.session.batch import lines_of
from invoke_cli.session.events import Line, Notice

if TYPE_CHECKING:
    from invoke_cli.session.library import Library
    from invoke_cli.session.recover import Here, Recovered

_PICTURE = ("picture",)
_GRID = (
    Word("FILE", _PICTURE, many=True),
    Option("columns", "N"),
    Option("size", "PIXELS"),
    Option("names"),
    Option("out", "FILE", ("picture",)),
)
_EXAMPLE = "for example !fetch 000001.42.png, or !fetch -1 for the last picture"


@command("!fetch", takes=(Word("FILE", _PICTURE), Word("OUT.txt", ("text file",), optional=True)))
def fetch(argument: str, context: Context) -> Answer:
    """Put the line that made a picture into the prompt, also of a picture that another program made.

    With a pattern and a second name, as in !fetch '*.png' lines.txt, write the lines of all that fit into
    a prompt file.
    """
    from invoke_cli.session.library import is_pattern
    from invoke_cli.session.recover import for_the_prompt

    library = _library(context)
    if not argument:
        raise LineError("!fetch needs a picture", _EXAMPLE)
    words = [argument] if library.has(argument) else words_of(argument)
    if len(words) > 1:
        yield from _collected(words, library, context)
        return
    paths = library.several(words)
    if len(paths) > 1 or (is_pattern(words[0]) and not paths):
        raise LineError(
            f"{len(paths)} pictures fit {words[0]}",
            "name a file for their lines, as in !fetch '*.png' lines.txt",
        )
    found = _recovered(paths[0], context)
    yield from map(Notice, found.notices)
    yield Line(for_the_prompt(found, context.session.defaults))


def _collected(words: list[str], library: Library, context: Context) -> Answer:
    from invoke_cli.session.collect import collect

    *named, last = words
    if Path(last).suffix.lower() in PICTURE_SUFFIXES:
        raise LineError(
            f"{last} is a picture, and the last name is the file that lines are written to",
            "a path with blanks stands in quotes",
        )
    if context.session.dry_run:
        raise InvokeError("a dry run writes no files")
    out = _in_outdir(last, context)
    yield from collect(library.several(named), out, _here(context))


@command("!replay", takes=(Word("FILE", ("text file", "picture")),))
def replay(argument: str, context: Context) -> Answer:
    """Run the lines of a file, then come back to the prompt; of a picture, the line that made it."""
    path = _to_replay(argument, context)
    if path.resolve() in context.replaying:
        raise LineError(f"{path} is being replayed already", "a file that replays itself would never end")
    if path.suffix.lower() in PICTURE_SUFFIXES:
        found = _recovered(path, context)
        yield from map(Notice, found.notices)
        yield Replay(path.resolve(), [(1, found.line)])
    else:
        yield Replay(path.resolve(), lines_of(path))


def _to_replay(argument: str, context: Context) -> Path:
    """The file that is meant: as typed, or in the folder of pictures, or a picture by a back reference."""
    from invoke_cli.session.library import missing

    if not argument:
        raise LineError("!replay needs a file of lines", "for example !replay lines.txt")
    for typed in (argument, *_single(argument)):
        for place in (expanded(typed), context.session.outdir / expanded(typed)):
            if os.path.isfile(place):
                return place
    (typed,) = _single(argument) or (argument,)
    if Path(typed).suffix.lower() in PICTURE_SUFFIXES or typed.startswith("-"):
        return _library(context).one(typed)
    raise missing(expanded(typed))


@command("!show", takes=(Word("FILE", _PICTURE, optional=True),))
def show(argument: str, context: Context) -> Answer:
    """Show a picture in the terminal, and how it was made; the last one drawn unless one is named."""
    from invoke_cli.session.gallery import look

    yield look(_one_picture(argument or "-1", context), _here(context))


@command("!grid", takes=_GRID)
def grid(argument: str, context: Context) -> Answer:
    """Put saved pictures on one sheet: files, patterns such as '*.png', or the last ones, as in -4..-1.

    --columns N sets the shape, --size PIXELS reduces each picture, --names writes its name below it, and
    --out names the sheet.
    """
    from invoke_cli.session.gallery import Layout, lay_out

    arguments = read_arguments(argument, _GRID)
    if not arguments.words:
        raise LineError("!grid needs pictures", "for example !grid -4..-1, or !grid '*.png' --columns 3")
    if context.session.dry_run:
        raise InvokeError("a dry run writes no files")
    paths = _library(context).several(arguments.words)
    layout = Layout(
        _number(arguments, "columns", 1000), _number(arguments, "size", 8192), "names" in arguments.switches
    )
    out = _sheet_name(arguments, context)
    for event in lay_out(paths, layout, _here(context), out):
        yield event if isinstance(event, Notice) else replace(event, line_number=context.line_number)


def _number(arguments: Arguments, name: str, most: int) -> int | None:
    """The value of an option that counts something; None where it is not given."""
    text = arguments.switches.get(name)
    if text is None:
        return None
    if not (text.isdecimal() and len(text) < 6 and 1 <= int(text) <= most):
        raise LineError(f"--{name} goes from 1 to {most}, not {text!r}")
    return int(text)


def _sheet_name(arguments: Arguments, context: Context) -> Path | None:
    text = arguments.switches.get("out")
    if text is None:
        return None
    path = _in_outdir(text, context)
    if path.suffix.lower() not in ("", ".png"):
        raise LineError(f"a sheet is a PNG file, not {path.name}", f"--out {Path(text).stem}.png")
    return path.with_name(f"{path.stem}.png")


def _library(context: Context) -> Library:
    from invoke_cli.session.library import Library

    return Library(context.session.pictures, context.session.outdir)


def _recovered(path: Path, context: Context) -> Recovered:
    from invoke_cli.session.recover import recover

    return recover(path, _here(context))


def _here(context: Context) -> Here:
    from invoke_cli.session.recover import Here

    session = context.session
    return Here(session.outdir, session.models.active.name, session.world().models)


def _one_picture(argument: str, context: Context) -> Path:
    """The picture that is named; blanks in its name need no quotes."""
    library = _library(context)
    if library.has(argument):
        return library.one(argument)
    words = words_of(argument)
    if len(words) > 1 and not any(map(library.has, words)):
        return library.one(argument)
    if len(words) > 1:
        raise LineError("one picture is shown at a time", "!grid puts several on one sheet")
    return library.one(words[0])


def _single(argument: str) -> Iterable[str]:
    """The argument's one word; nothing where it is several."""
    words = words_of(argument)
    return words if len(words) == 1 else []


def _in_outdir(name: str, context: Context) -> Path:
    """A file to write: a bare name goes into the folder of pictures."""
    path = expanded(name)
    return path if path.is_absolute() or len(path.parts) > 1 else context.session.outdir / path
