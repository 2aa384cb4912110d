"""`!set`, `!unset`: what the lines of this session have unless they say otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator

from invoke_cli.errors import InvokeError, LineError, Span
from invoke_cli.language.codecs import FLAG
from invoke_cli.language.declare import Switch
from invoke_cli.language.defaults import as_json
from invoke_cli.language.grammar import Reading, read, write
from invoke_cli.language.lexer import Kind, lex
from invoke_cli.language.mistakes import explain
from invoke_cli.language.request import Request
from invoke_cli.language.switches import by_flag, table
from invoke_cli.repl.commands.registry import Answer, Context, Word, command
from invoke_cli.repl.visible import visible
from invoke_cli.session.events import Notice
from invoke_cli.session.lists import Default, Defaults

_SWITCH = re.compile(r"[^\s=]+")
_EXAMPLE = "for example !set strength 0.4, or !set -s 20 -C 5"


@command("!set", takes=(Word("SWITCH", ("switch",), optional=True), Word("VALUE", ("value",), optional=True)))
def set_default(argument: str, context: Context) -> Answer:
    """Give switches a value for all lines of this session that do not say otherwise: !set strength 0.4.

    Switches may also be written as in a line: !set -s 20 --fit. Without one, list the values that are set.
    """
    if not argument:
        yield _listed(context)
        return
    reading = _read(argument)
    try:
        context.session.choose(reading.request)
    except InvokeError as error:
        error.span = reading.locate(error)
        raise
    yield Notice(f"from now on, unless a line says otherwise: {visible(write(reading.request))}")


@command("!unset", takes=(Word("SWITCH|all", ("all", "switch"), many=True),))
def unset_default(argument: str, context: Context) -> Answer:
    """Take back what !set has set for these switches, or with `all` everything."""
    chosen = _names(context.session.chosen)
    if not argument:
        raise LineError("!unset needs a switch, or the word all", f"set are: {', '.join(chosen) or 'none'}")
    asked = chosen if argument == "all" else [switch.name for switch in _switches(argument)]
    context.session.drop(asked)
    for name in asked:
        yield Notice(
            f"{name} is as it was before" if name in chosen else f"{name} was not set in this session"
        )
    if not asked:
        yield Notice("nothing was set in this session")


def _read(argument: str) -> Reading:
    """The switches that are to be set. Raises LineError with the place in the argument."""
    line, added = _as_line(argument)
    try:
        reading = _checked(read(line))
    except LineError as error:
        # There is no text here that quotes could make of it.
        error.hint = error.hint.partition(" In quotes")[0] if "quotes it is" in error.hint else error.hint
        error.hint = "" if error.hint.startswith("in quotes") else error.hint
        raise _moved(error, -added) from None
    spans = {name: _shifted(span, -added) for name, span in reading.spans.items()}
    return Reading(argument, reading.request, spans)


def _checked(reading: Reading) -> Reading:
    """Raises LineError for what cannot be a default."""
    stray = reading.spans.get("prompt")
    if stray is not None:
        raise LineError(
            f"{reading.request.prompt!r} is prompt text, and only switches are set", _EXAMPLE, span=stray
        )
    if reading.axes:
        raise LineError(
            "a default is one value, not a list", span=reading.spans.get(reading.axes[0].switch.name)
        )
    return reading


def _as_line(argument: str) -> tuple[str, int]:
    """The argument as switches of a line, and how many characters were put in front of it."""
    if argument.startswith("-"):
        return argument, 0
    name = argument.split()[0].partition("=")[0]
    dashes = "-" if f"-{name}" in by_flag() else "--"
    line = dashes + argument
    first, *rest = lex(line)
    if first.kind is Kind.SWITCH and first.switch is not None and first.switch.on_off and len(rest) == 1:
        return _on_off(line, first.switch, rest[0].text), len(dashes)
    return line, len(dashes)


def _on_off(line: str, switch: Switch, word: str) -> str:
    """`--fit off` as a line says it; other words than on and off are left to be a mistake."""
    try:
        is_on = FLAG.read((word,))
    except ValueError:
        return line
    return switch.long if is_on else f"--no-{switch.name}"


def _switches(argument: str) -> Iterator[Switch]:
    """The switches that are named, with or without dashes. Raises LineError with the place."""
    for found in _SWITCH.finditer(argument):
        name = found[0]
        dashes = "" if name.startswith("-") else "-" if f"-{name}" in by_flag() else "--"
        token = lex(dashes + name)[0]
        if token.switch is None:
            error = explain(token) if token.kind is Kind.MISTAKE else LineError(f"there is no switch {name}")
            error.span = Span(*found.span())
            raise error
        yield token.switch


def _moved(error: LineError, by: int) -> LineError:
    if error.span is not None:
        error.span = _shifted(error.span, by)
    return error


def _shifted(span: Span, by: int) -> Span:
    return Span(max(0, span.start + by), max(0, span.end + by))


def _names(request: Request) -> list[str]:
    return [switch.name for switch in table() if getattr(request, switch.name) not in (None, "")]


def _listed(context: Context) -> Defaults:
    """Every default that is not built in, with who set it; the outer ones are hidden by the inner."""
    session = context.session
    layers = (
        (session.chosen, "this session"),
        (session.settings.defaults, "your settings"),
        (session.models.suited, f"the model {session.models.active.name}"),
    )
    rows: dict[str, Default] = {}
    for request, source in layers:
        for name in _names(request):
            own = Request(**{name: getattr(request, name)})
            rows.setdefault(name, Default(name, as_json(own)[name], write(own), source))
    return Defaults(tuple(rows.values()))
