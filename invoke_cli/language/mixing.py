"""Mixed prompts: `("a", "b").blend(0.7, 0.3)`, `("a", "b").and()`, and of old `a:0.7 b:0.3`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from invoke_cli.errors import PromptError, Span
from invoke_cli.language.brackets import Brackets, Call
from invoke_cli.language.weights import fragments, merged
from invoke_cli.registry import nearest
from invoke_cli.wording import Fragments, Mix

PLAIN = "a backslash makes a mark plain: \\: or \\("

MOST_PROMPTS = 50  # each of which is read by the text encoder for itself, with all the words around
MOST = 10.0  # the largest share, either way

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)", re.ASCII)
_OLD = re.compile(
    r"(?<![\\:]):+(?P<share>-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+))(?=[\s,;()\[\]]|\.(?:\s|\Z)|\Z)", re.ASCII
)
_BELOW_1 = re.compile(r"-?0?\.[0-9]+", re.ASCII)
_NO_NORMALIZE = "no_normalize"


@dataclass(frozen=True)
class Share:
    """How much of a text goes into a mix, and where that is written."""

    value: float
    span: Span


def blended(brackets: Brackets, call: Call, around: tuple[int, int]) -> Mix:
    """The texts of `(...).blend(...)`, each with the words around the call. Raises `PromptError`."""
    places, shares, options = arguments(brackets, call)
    for option in options:
        if brackets.text[option.start : option.end] != _NO_NORMALIZE:
            raise PromptError(
                "a blend takes one number for each of its prompts, and perhaps no_normalize",
                _meant(brackets.text[option.start : option.end]),
                span=option,
            )
    for place in places:
        for share in old_shares(brackets, *place):
            raise PromptError("two kinds of blends exclude each other", PLAIN, span=share.span)
    before = fragments(brackets, around[0], call.start)
    behind = fragments(brackets, call.closing + 1, around[1])
    texts = [merged((*before, *fragments(brackets, *place), *behind)) for place in places]
    values = checked(shares, normalize=not options, way_out="no_normalize leaves shares as they are")
    return tuple(zip(texts, values, strict=True))


def arguments(brackets: Brackets, call: Call) -> tuple[list[tuple[int, int]], list[Share], list[Span]]:
    """The places of a call's prompts, a number for each of them (1 by default), and other arguments."""
    places = [brackets.unwrapped(*place) for place in _targets(brackets, call)]
    given = [Span(*place) for place in brackets.elements(call.opening + 1, call.closing)]
    numbers: list[Span] = []
    others: list[Span] = []
    for span in given:
        is_number = _NUMBER.fullmatch(brackets.text, span.start, span.end)
        (numbers if is_number else others).append(span)
    if others and numbers and others[0].start < numbers[-1].start:
        raise PromptError(
            f".{call.name}() takes numbers",
            _meant(brackets.text[others[0].start : others[0].end]),
            span=others[0],
        )
    if numbers and len(numbers) != len(places) and not _bad(call, brackets.text, others):
        counted = f"{len(places)} prompt{'s' if len(places) > 1 else ''}"
        raise PromptError(
            f".{call.name}() has {counted} and {len(numbers)} number{'s' if len(numbers) > 1 else ''}",
            "give one number for each, or none for equal shares",
            span=Span(given[0].start, given[-1].end),
        )
    shares = [Share(float(brackets.text[span.start : span.end]), span) for span in numbers]
    return places, shares or [Share(1.0, call.span) for _ in places], others


def _bad(call: Call, text: str, others: Sequence[Span]) -> bool:
    """Whether there are arguments that mean nothing, which are the worse mistake."""
    return any(call.name == "and" or text[span.start : span.end] != _NO_NORMALIZE for span in others)


def _targets(brackets: Brackets, call: Call) -> list[tuple[int, int]]:
    """The prompts of a call, which stand in parentheses in front of it."""
    start, end = call.start, call.dot
    example = f'as in ("a river", "a fire").{call.name}(0.7, 0.3)'
    if brackets.text[start] != "(":
        raise PromptError(f".{call.name}() stands behind prompts in parentheses", example, span=call.span)
    found = brackets.elements(start + 1, end - 1)
    if not found:
        raise PromptError(f"there are no prompts for .{call.name}()", example, span=Span(start, end))
    if len(found) > MOST_PROMPTS:
        span = Span(*found[MOST_PROMPTS])
        raise PromptError(f".{call.name}() takes {MOST_PROMPTS} prompts at most", span=span)
    for begin, until in found:
        if begin == until:
            raise PromptError(
                "a prompt is missing at this comma", 'an empty prompt is ""', span=_comma(begin, start, end)
            )
    return found


def _comma(place: int, start: int, end: int) -> Span:
    at = min(max(place, start), end - 1)
    return Span(at, at + 1)


def _meant(text: str) -> str:
    meant = nearest(text, (_NO_NORMALIZE,))
    return f"did you mean {meant}?" if meant else 'as in ("a river", "a fire").blend(0.7, 0.3)'


def old_shares(brackets: Brackets, start: int, end: int) -> list[Share]:
    """The weights of `a:0.7 b:0.3` outside of all brackets; none where they are rather text.

    One whole number alone (`Psalm:3`) is text, and so are times and ratios (`12:30`, `16:9`).
    """
    found = [
        Share(float(match["share"]), Span(*match.span()))
        for begin, until in brackets.outside(start, end)
        for match in _OLD.finditer(brackets.text, begin, until)
        if _is_share(brackets.text[:1] if match.start() == 0 else brackets.text[match.start() - 1], match)
    ]
    is_clear = len(found) > 1 or any("." in brackets.text[s.span.start : s.span.end] for s in found)
    is_clear = is_clear or any(share.value < 0 for share in found)
    return found if is_clear else []


def _is_share(before: str, found: re.Match[str]) -> bool:
    if before.isdigit():
        return _BELOW_1.fullmatch(found["share"]) is not None
    return not before.isspace() or "." in found["share"]


def old_blend(
    brackets: Brackets, start: int, end: int, shares: Sequence[Share], *, normalize: bool
) -> tuple[Mix, tuple[str, ...]]:
    """The texts that end in the shares, and what is left with share 1; and what to say of it."""
    parts = list(_old_parts(brackets, start, end, shares))
    if normalize and abs(sum(share.value for _, share in parts)) < 1e-9:
        note = "the weights of this blend add up to 0 and count as equal; -x takes them as they are"
        return tuple((text, 1 / len(parts)) for text, _ in parts), (note,)
    values = checked([share for _, share in parts], normalize=normalize, way_out="-x leaves them as they are")
    is_idle = normalize and len(parts) == 1
    notes = ("the weight of a prompt alone makes no difference",) if is_idle else ()
    return tuple((text, value) for (text, _), value in zip(parts, values, strict=True)), notes


def _old_parts(
    brackets: Brackets, start: int, end: int, shares: Sequence[Share]
) -> Iterator[tuple[Fragments, Share]]:
    at = start
    for share in shares:
        text = fragments(brackets, at, share.span.start)
        if not text:
            raise PromptError(
                "there are no words in front of this weight", "as in a fire:0.7 a river:0.3", span=share.span
            )
        yield text, share
        at = share.span.end
    rest = fragments(brackets, at, end)
    if any(letter.isalnum() for text, _ in rest for letter in text):
        yield rest, Share(1.0, Span(at, end))


def checked(shares: Sequence[Share], *, normalize: bool, way_out: str) -> list[float]:
    """The values, scaled to a sum of 1 with `normalize`. Raises `PromptError` where they get too large."""
    total = sum(share.value for share in shares) if normalize else 1.0
    if abs(total) < 1e-9:
        span = Span(shares[0].span.start, shares[-1].span.end)
        raise PromptError("these numbers add up to 0, and cannot be scaled to 1", way_out, span=span)
    for share in shares:
        if abs(share.value / total) > MOST:
            scaled = f", which scaled to a sum of 1 is {share.value / total:.3g}" if total != 1 else ""
            raise PromptError(
                f"shares go from {-MOST:g} to {MOST:g}, not {share.value:g}{scaled}", way_out, span=share.span
            )
    return [share.value / total for share in shares]
