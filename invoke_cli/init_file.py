"""Files of shell switches: those that the old program read at its start, and `@FILE` at the shell.

A line holds any number of switches as the shell takes them, with quotes; # begins a comment.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from invoke_cli.errors import SettingsError
from invoke_cli.paths import expanded
from invoke_cli.shell import Invocation, read_arguments, read_switches

VARIABLE = "INVOKE_CLI_INIT"
MOST = 1 << 20  # bytes; a file of switches is short, and a picture given by mistake is not read to its end


@dataclass(frozen=True)
class Start:
    """How the program was started. init: the settings of the init file and its name, or None."""

    invocation: Invocation
    init: tuple[Mapping[str, Any], str] | None


def read_start(arguments: list[str], environment: Mapping[str, str]) -> Start:
    """Read the shell's arguments, and the init file that they or the environment name.

    Raises SettingsError.
    """
    invocation = read_arguments(list(_with_files(arguments)))
    named = invocation.init if invocation.init is not None else environment.get(VARIABLE) or None
    if named is None:
        return Start(invocation, None)
    values, notes = read_init_file(expanded(named))
    return Start(replace(invocation, notes=(*notes, *invocation.notes)), (values, named))


def read_init_file(path: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The settings in a file by long name, and what to say of its switches; later lines win.

    What the old program had and this one has not is said and passed over, so that old files can be used.
    Raises SettingsError with the line's number for everything else that is wrong.
    """
    values: dict[str, Any] = {}
    notes: list[str] = []
    for number, words in _lines(path):
        try:
            found, said = read_switches(words)
        except SettingsError as error:
            raise SettingsError(f"{path}, line {number}: {error.message}", error.hint) from error
        values |= found
        notes += [f"{path}, line {number}: {text}" for text in said]
    return values, tuple(notes)


def _with_files(arguments: list[str]) -> Iterator[str]:
    """The arguments with the words of a file in place of each `@FILE`."""
    for argument in arguments:
        if argument.startswith("@") and len(argument) > 1 and not any(map(str.isspace, argument)):
            for _, words in _lines(expanded(argument[1:])):
                yield from words
        else:
            yield argument


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The numbers of the lines that hold words, and their words."""
    for number, line in enumerate(_text(path).splitlines(), start=1):
        try:
            words = shlex.split(line, comments=True)
        except ValueError as error:
            raise SettingsError(f"{path}, line {number}: a quote is never closed") from error
        if words:
            yield number, words


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MOST + 1)
        if len(content) > MOST or b"\0" in content:
            raise SettingsError(f"{path} is no file of switches")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise SettingsError(f"the file of switches {path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, ValueError) as error:
        raise SettingsError(f"{path} is not text in UTF-8") from error
