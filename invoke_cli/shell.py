"""The command line of the program itself: shell switches, and the one argument that is a prompt line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from invoke_cli import __version__
from invoke_cli.errors import SettingsError
from invoke_cli.language.lexer import Kind, lex
from invoke_cli.language.switches import table
from invoke_cli.old_shell import OLD_SWITCHES, OldSwitch
from invoke_cli.paths import expanded
from invoke_cli.registry import nearest
from invoke_cli.settings import OPTIONS

ABOUT = """\
An interactive shell for Stable Diffusion, above all for image-to-image.

Without a LINE it asks for prompt lines, or reads them from a file or a pipe.
A LINE is a prompt with its switches, quoted as a whole:

    invoke-cli 'tree on a hill with a river -I sketch.png -f 0.85'"""


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """What was typed at the shell. `values` holds settings and defaults of switches, by long name.

    notes: what to say of switches that only the old program had.
    """

    line: str | None
    from_file: str | None
    config: Path | None
    init: str | None
    dry_run: bool
    json: bool
    yes: bool
    explain: bool
    compile: bool
    png: Path | None
    values: dict[str, Any]
    notes: tuple[str, ...] = ()


class _Parser(argparse.ArgumentParser):
    """argparse that raises one sentence instead of printing a screenful of usage."""

    def error(self, message: str) -> NoReturn:
        raise SettingsError(message, "see invoke-cli --help")


def read_arguments(arguments: list[str]) -> Invocation:
    """Read the shell's arguments. Raises SettingsError; --help and --version print and leave."""
    found, unknown = _parser().parse_known_args(_lines_last(arguments))
    if unknown:
        raise _unknown(unknown[0])
    values = {name: value for name, value in vars(found).items() if _is_setting(name, value)}
    if found.line is not None and found.from_file is not None:
        raise SettingsError("give a prompt line or --from_file, not both")
    if found.png is not None and not found.explain:
        raise SettingsError("--png is the plot of --explain", "add --explain")
    return Invocation(
        line=found.line,
        from_file=found.from_file,
        config=expanded(found.config) if found.config is not None else None,
        init=found.init,
        dry_run=found.dry_run,
        json=found.json,
        yes=found.yes,
        explain=found.explain,
        compile=found.compile,
        png=Path(found.png) if found.png is not None else None,
        values=values,
        notes=tuple(found.notes),
    )


def _lines_last(arguments: list[str]) -> list[str]:
    """The arguments with prompt lines that begin with a switch, such as '-s 5 a tree', behind a `--`."""
    if "--" in arguments:
        return arguments
    lines = [argument for argument in arguments if _is_line(argument)]
    return [*(each for each in arguments if each not in lines), *(["--", *lines] if lines else [])]


def _is_line(argument: str) -> bool:
    if not argument.startswith("-") or " " not in argument.strip():
        return False
    first, *rest = lex(argument)
    return first.kind is Kind.SWITCH and any(token.kind is Kind.TEXT for token in rest)


def read_switches(words: list[str]) -> tuple[dict[str, Any], list[str]]:
    """The settings among the words of an init file, by long name, and what to say of them.

    Raises SettingsError for what is no setting. Switches of the old program that would be refused at the
    shell only have something said of them.
    """
    found, unknown = _parser().parse_known_args(words, argparse.Namespace(lenient=True))
    for word in unknown:
        if word.startswith("-"):
            raise _unknown(word)
    if found.line is not None:
        raise SettingsError(f"{found.line!r} is no switch", "an init file holds switches alone")
    own = [name for name in sorted(_OWN - {"notes", "lenient"}) if getattr(found, name) not in (None, False)]
    if own:
        raise SettingsError(f"--{own[0]} is for the shell alone")
    return {name: value for name, value in vars(found).items() if _is_setting(name, value)}, found.notes


def _is_setting(name: str, value: object) -> bool:
    return name not in _OWN and value is not None


_OWN = frozenset(
    {
        "line",
        "from_file",
        "config",
        "init",
        "dry_run",
        "json",
        "yes",
        "explain",
        "compile",
        "png",
        "notes",
        "lenient",
    }
)


def _unknown(argument: str) -> SettingsError:
    if not argument.startswith("-"):
        return SettingsError(
            f"{argument!r} is a second prompt line", "quote the whole line, as in invoke-cli 'a tree -s 20'"
        )
    flags = [flag for switch in table() if switch.shell for flag in switch.flags]
    flags += [f"--{option.name}" for option in OPTIONS] + [
        f"--{name}" for name in _OWN - {"line", "notes", "lenient"}
    ]
    meant = nearest(argument.split("=")[0], flags)
    return SettingsError(
        f"there is no switch {argument}", f"did you mean {meant}?" if meant else "see invoke-cli --help"
    )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="invoke-cli",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="@FILE stands for the switches in a file. At the prompt, -h shows what a line may hold.",
        allow_abbrev=False,
    )
    parser.add_argument("line", nargs="?", metavar="LINE", help="a prompt line; run it and leave")
    parser.add_argument("--version", action="version", version=f"invoke-cli {__version__}")
    parser.add_argument(
        "--from_file", "--from-file", metavar="FILE", help="run the lines of FILE; - is standard input"
    )
    parser.add_argument(
        "--config", "-config", metavar="FILE", help="settings to use instead of the user's config.yaml"
    )
    parser.add_argument(
        "--init", metavar="FILE", help="a file of switches such as these; an old invokeai.init does"
    )
    parser.add_argument(
        "--dry_run", "--dry-run", action="store_true", help="say what each line would do; draw nothing"
    )
    parser.add_argument(
        "--explain", action="store_true", help="say what strength and steps do to each line; draw nothing"
    )
    parser.add_argument(
        "--compile",
        action="store_true",
        help="compile the network at the first picture, to draw faster",
    )
    parser.add_argument("--png", metavar="FILE", help="with --explain, also plot the schedule into FILE")
    parser.add_argument("--json", action="store_true", help="one JSON object a line on standard output")
    parser.add_argument(
        "--yes", action="store_true", help="answer yes where a command asks and no person is there"
    )
    for option in OPTIONS:
        spellings = dict.fromkeys((option.name, option.name.replace("_", "-")))
        flags = [f"--{spelling}" for spelling in spellings]
        parser.add_argument(*flags, dest=option.name, metavar=option.metavar, help=option.help)
    _add_switches(parser.add_argument_group("defaults for prompt lines"))
    _add_old(parser)
    return parser


def _add_switches(group: argparse._ArgumentGroup) -> None:
    for switch in table():
        if not switch.shell:
            continue
        spellings = [
            *switch.flags,
            *(flag.replace("_", "-") for flag in switch.flags if flag.startswith("--")),
        ]
        flags = list(dict.fromkeys(spellings))
        text = switch.help.replace("%", "%%")
        if switch.on_off:
            group.add_argument(*flags, dest=switch.name, action="store_const", const=True, help=text)
            group.add_argument(f"--no-{switch.name}", f"--no_{switch.name}", dest=switch.name,
                               action="store_const", const=False, help=argparse.SUPPRESS)  # fmt: skip
        else:
            group.add_argument(*flags, dest=switch.name, metavar=switch.codec.metavar, help=text)


class _OldAction(argparse.Action):
    """Takes a switch that only the old program had: passes it on, notes it, or refuses it."""

    def __init__(self, *, entry: OldSwitch, **more: Any) -> None:
        super().__init__(nargs=None if entry.takes else 0, **more)
        self.entry = entry

    def __call__(
        self,
        _parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        said = f"{option_string} {self.entry.here}"
        if self.entry.kind == "refused" and not getattr(namespace, "lenient", False):
            raise SettingsError(said)
        name, value = self.entry.sets
        if name:
            setattr(namespace, name, value.format(values))
        namespace.notes = [*namespace.notes, said]


def _add_old(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(notes=[])
    for entry in OLD_SWITCHES:
        if entry.kind != "same":
            parser.add_argument(
                *entry.spellings, action=_OldAction, entry=entry, dest="notes", help=argparse.SUPPRESS
            )
