"""Help and completion. Completion is pure: what may stand at a place in a line, from the lexer's tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from invoke_cli.language.adapters import beginning, completions
from invoke_cli.language.declare import Switch
from invoke_cli.language.lexer import Kind, Problem, Token, lex
from invoke_cli.language.manual import help_text, markdown_table
from invoke_cli.language.quoting import value_text
from invoke_cli.language.switches import by_flag, table
from invoke_cli.language.wildcards import fitting
from invoke_cli.language.world import World

__all__ = ["Expected", "Suggestion", "World", "expects", "help_text", "markdown_table", "suggest"]

_SHOWN_IMAGES = 20


@dataclass(frozen=True)
class Suggestion:
    """A text that may replace `line[start:cursor]`. display, meta: how a menu shows and explains it."""

    text: str
    start: int
    display: str
    meta: str = ""


@dataclass(frozen=True)
class Expected:
    """What may stand at the cursor.

    kind: "text", "switch", "value", or a list: "picture", "folder", "sampler", "seed", "vae".
    start: where the word begins. typed: its meaning so far, without an opening quote.
    switch: the switch that a value belongs to.
    """

    kind: str
    start: int
    typed: str
    switch: Switch | None = None


def expects(line: str, cursor: int) -> Expected:
    """What the line expects at the cursor; files for "picture" and "folder" are the caller's to list."""
    before = line[:cursor]
    tokens = lex(before)
    last = tokens[-1] if tokens else None
    if last is None or last.kind is Kind.COMMENT:
        return Expected("text", cursor, "")
    if last.problem is Problem.MISSING and last.switch:
        return _at_missing_value(before, last)
    if last.end < cursor:
        return Expected("text", cursor, "")
    return _within(last)


def suggest(line: str, cursor: int, world: World) -> list[Suggestion]:
    """What may be typed at the cursor, likeliest first. Bang commands and files are the editor's."""
    place = expects(line, cursor)
    if place.kind == "switch":
        return list(_switches(place))
    if place.kind == "text":
        words = fitting(place.typed, world.wildcards) or completions(place.typed, world.loras, world.terms)
        return [Suggestion(word, place.start, word) for word in words]
    return list(_values(place, world))


def _at_missing_value(before: str, token: Token) -> Expected:
    """A switch that waits for its value: behind it a value is expected, at its end still the switch."""
    attached = before[token.start : token.end].endswith("=")
    if token.end == len(before) and not attached:
        return Expected("switch", token.start, before[token.start :], token.switch)
    return _value_at(token.switch, len(before), "")


def _within(token: Token) -> Expected:
    """What the token at the cursor may become."""
    if token.kind is Kind.VALUE:
        return _value_at(token.switch, token.start, token.text)
    if token.problem is Problem.UNCLOSED:
        return _value_at(token.switch, token.start, token.text[1:])
    if token.kind is Kind.TEXT and token.text not in ("-", "--"):
        return Expected("text", token.start, token.text)
    flag = _touched_flag(token)
    if flag:
        return _value_at(by_flag()[flag], token.start + len(flag), token.text.removeprefix(flag))
    return Expected("switch", token.start, token.text)


def _touched_flag(token: Token) -> str:
    """The file switch that a word begins with which makes no sense yet, such as `-Isk`; or ""."""
    flag = token.text[:2]
    switch = by_flag().get(flag)
    takes_file = switch is not None and switch.codec.completes in ("picture", "folder")
    return flag if takes_file and token.problem is Problem.UNKNOWN else ""


def _value_at(switch: Switch | None, start: int, typed: str) -> Expected:
    kind = switch.codec.completes if switch else ""
    return Expected(kind or "value", start, typed, switch)


def _switches(place: Expected) -> Iterator[Suggestion]:
    """One suggestion for each switch whose spelling begins like the word, and for `--no-` twins."""
    typed = place.typed.replace("-", "_")
    for switch in table():
        spellings = [*switch.flags, *([f"--no-{switch.name}"] if switch.on_off else [])]
        fitting = [flag for flag in spellings if flag.replace("-", "_").startswith(typed)]
        if fitting:
            yield Suggestion(fitting[0], place.start, _display(switch, fitting[0]), switch.help)


def _display(switch: Switch, flag: str) -> str:
    """`-s, --steps N`: the spelling to be inserted, and the long name."""
    names = flag if flag.startswith("--") else f"{flag}, {switch.long}"
    return f"{names} {switch.codec.metavar}".strip()


def _values(place: Expected, world: World) -> Iterator[Suggestion]:
    """Names from the session and typical values, as they are typed; each once."""
    switch = place.switch
    lists = {
        "picture": world.images[:_SHOWN_IMAGES],
        "sampler": world.samplers,
        "seed": world.seeds,
        "vae": (*world.vaes, *world.hub_ids),
    }
    examples = switch.codec.examples if switch else ()
    names = dict.fromkeys((*lists.get(place.kind, ()), *examples))
    meta = switch.help if switch else ""
    # Behind a comma, the next value of a list.
    begun = place.typed.rfind(",") + 1 if switch and switch.lists else 0
    for name in beginning(place.typed[begun:], names):
        text = value_text(name) if place.kind in ("picture", "vae") else name
        yield Suggestion(text, place.start + begun, name, meta)
