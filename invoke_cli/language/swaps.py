"""Swaps: `a cat.swap(dog) on a hill`, the same picture with other words in it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from invoke_cli.errors import PromptError, Span
from invoke_cli.language.brackets import Brackets, Call
from invoke_cli.language.weights import fragments, pieced
from invoke_cli.registry import nearest
from invoke_cli.wording import Edited, Swap

OPTIONS = ("t_start", "t_end", "s_start", "s_end", "shape_freedom")
DEFAULTS = {"t_start": 0.2, "t_end": 1.0, "s_start": 0.0, "s_end": 0.0}
"""The old program's: drawing begins with the old words, which settles what is where."""

_OPTION = re.compile(r"(?P<name>[A-Za-z_]+)\s*=\s*(?P<value>.*)", re.DOTALL)
_SHARE = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+", re.ASCII)
_EXAMPLE = "as in a cat.swap(dog, t_start=0.3)"


def edited(brackets: Brackets, start: int, end: int, calls: Sequence[Call]) -> Edited:
    """The text of a range with its swaps. Raises `PromptError`."""
    holes = {call.start: call.closing + 1 for call in calls}
    texts, weights = pieced(brackets, start, end, holes)
    pieces = [texts[0]]
    swaps = [_swap(brackets, call, weight) for call, weight in zip(calls, weights, strict=True)]
    return Edited((*pieces, *(piece for pair in zip(swaps, texts[1:], strict=True) for piece in pair)))


def _swap(brackets: Brackets, call: Call, weight: float) -> Swap:
    """One swap, whose words have the weight of what stands around them besides their own."""
    new, *options = brackets.elements(call.opening + 1, call.closing) or [(call.closing, call.closing)]
    for place in (new, (call.start, call.dot)):
        for inner in brackets.calls(*place):
            raise PromptError("calls cannot stand inside a swap", "write the words out", span=inner.span)
    if not brackets.text[call.start : call.dot].strip('()" '):
        raise PromptError("there are no words in front of this swap", _EXAMPLE, span=call.span)
    edit, hold = _windows(brackets.text, options)
    before = fragments(brackets, *brackets.unwrapped(*_inside(brackets, call)), weight)
    return Swap(before, fragments(brackets, *brackets.unwrapped(*new), weight), edit, hold)


def _inside(brackets: Brackets, call: Call) -> tuple[int, int]:
    """The old words, without the parentheses that hold them together for the swap."""
    return brackets.trimmed(*brackets.unwrapped(call.start, call.dot, "("))


def _windows(text: str, places: Sequence[tuple[int, int]]) -> tuple[tuple[float, float], tuple[float, float]]:
    """When the swap is in force, and when shapes are held."""
    options = [_option(text, Span(*place)) for place in places]
    given = dict(options)
    if len(given) < len(options):
        raise PromptError("an option of a swap is given twice", span=Span(*places[-1]))
    values = {**DEFAULTS, **given}
    if "shape_freedom" in given and "s_end" not in given:
        # even on the whole range, as the old program had it: its effect lies mostly near 0
        values["s_end"] = 1 - given["shape_freedom"] ** (1 / 3)
    elif "s_start" in given and "s_end" not in given:
        values["s_end"] = 1.0
    for kind in "ts":
        if values[f"{kind}_start"] > values[f"{kind}_end"]:
            raise PromptError(f"{kind}_start lies behind {kind}_end", span=Span(places[0][0], places[-1][1]))
    return (values["t_start"], values["t_end"]), (values["s_start"], values["s_end"])


def _option(text: str, span: Span) -> tuple[str, float]:
    found = _OPTION.fullmatch(text, span.start, span.end)
    if not found:
        raise PromptError(
            "a swap has new words and then options, name=number",
            f'{_EXAMPLE}; quotes keep a comma in the words: a cat.swap("dog, asleep")',
            span=span,
        )
    if found["name"] not in OPTIONS:
        meant = nearest(found["name"], OPTIONS)
        hint = f"did you mean {meant}?" if meant else f"there are {', '.join(OPTIONS)}"
        raise PromptError(f"a swap has no option {found['name']!r}", hint, span=Span(*found.span("name")))
    value = found["value"].strip()
    if not _SHARE.fullmatch(value) or float(value) > 1:
        raise PromptError(f"{found['name']} is a number from 0 to 1", span=Span(*found.span("value")))
    return found["name"], float(value)
