r"""Which parentheses and quotes of a prompt belong together, and the calls such as `.blend(...)` in it.

A quote opens only where a word could begin, so that inches (12") stay text, and whatever stands between two
quotes is closed off: its parentheses and commas are nobody else's. Marks without a partner are text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from invoke_cli.errors import PromptError, Span

_MARK = re.compile(r'\\.|[()"]', re.DOTALL)
_COMMA = re.compile(r"\\.|[,(\"]", re.DOTALL)
_QUOTE = re.compile(r'\\.|"', re.DOTALL)
_CALL = re.compile(r"(?<=[\w)\"'+-])\.(?P<name>blend|and|add|swap)\(")
_BEFORE_QUOTE = " \t([,"
_NO_WORD = frozenset(' \t\u3000\\()[],;:!?"')


@dataclass(frozen=True)
class Call:
    """`target.name(inside)`: the places in the text of the target's start and of the marks."""

    name: str
    start: int
    dot: int
    opening: int
    closing: int

    @property
    def span(self) -> Span:
        """The name between dot and parenthesis, which mistakes point at."""
        return Span(self.dot, self.opening + 1)


class Brackets:
    """The pairs of a text. closing: place of an opening mark -> of its partner; opening: the way back."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.closing = dict(_pairs(text, 0, len(text)))
        self.opening = {closing: opening for opening, closing in self.closing.items()}

    def outside(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The stretches from start to end that lie in no pair."""
        at = start
        for found in _MARK.finditer(self.text, start, end):
            closing = self.closing.get(found.start(), -1)
            if found.start() >= at and closing != -1:
                yield at, found.start()
                at = closing + 1
        yield at, end

    def elements(self, start: int, end: int) -> list[tuple[int, int]]:
        """What stands between commas, without blanks around it; none where there is only blank."""
        found, begin, at = [], start, start
        while mark := _COMMA.search(self.text, at, end):
            at = self.closing.get(mark.start(), mark.end() - 1) + 1
            if mark[0] == ",":
                found.append(self.trimmed(begin, mark.start()))
                begin = mark.end()
        last = self.trimmed(begin, end)
        return [*found, last] if found or last[0] < last[1] else []

    def trimmed(self, start: int, end: int) -> tuple[int, int]:
        """The range without the blanks at its ends."""
        inside = self.text[start:end]
        start += len(inside) - len(inside.lstrip())
        return start, max(start, start + len(inside.strip()))

    def unwrapped(self, start: int, end: int, marks: str = '"') -> tuple[int, int]:
        """The range without a pair of these marks all around it."""
        is_wrapped = start < end and self.text[start] in marks and self.closing.get(start) == end - 1
        return (start + 1, end - 1) if is_wrapped else (start, end)

    def calls(self, start: int, end: int) -> list[Call]:
        """The calls in the range, in order, without those within another one. Raises `PromptError`."""
        found = [self._call(match, start) for match in _CALL.finditer(self.text, start, end)]
        found.sort(key=lambda call: (call.start, -call.closing))
        outer: list[Call] = []
        for call in found:
            if not outer or call.start > outer[-1].closing:
                outer.append(call)
            elif call.dot > outer[-1].closing:
                raise PromptError(
                    f".{call.name}() cannot stand right behind .{outer[-1].name}()",
                    "a plain parenthesis is \\(",
                    span=call.span,
                )
        return outer

    def _call(self, found: re.Match[str], start: int) -> Call:
        dot, opening = found.start(), found.end() - 1
        if opening not in self.closing:
            raise PromptError(
                "this ( is never closed", "a plain parenthesis is \\(", span=Span(opening, opening + 1)
            )
        begin = self.opening[dot - 1] if dot - 1 in self.opening else self._word(dot, start)
        name = "and" if found["name"] == "add" else found["name"]
        return Call(name, begin, dot, opening, self.closing[opening])

    def _word(self, end: int, start: int) -> int:
        """Where the word that ends here begins."""
        at = end
        while at > start and self.text[at - 1] not in _NO_WORD:
            at -= 1
        is_escape = at > start and self.text[at - 1] == "\\"
        return at + 1 if is_escape and at < end else at


def _pairs(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    opened: list[int] = []
    at, has_quotes = start, True
    while mark := _MARK.search(text, at, end):
        place, at = mark.start(), mark.end()
        if mark[0] == "(":
            opened.append(place)
        elif mark[0] == ")" and opened:
            yield opened.pop(), place
        elif mark[0] == '"' and has_quotes and (place == 0 or text[place - 1] in _BEFORE_QUOTE):
            closing = _closing_quote(text, at)
            has_quotes = closing != -1
            if has_quotes:
                yield place, closing
                yield from _pairs(text, at, closing)  # in which there are no further quotes
                at = closing + 1


def _closing_quote(text: str, at: int) -> int:
    for found in _QUOTE.finditer(text, at):
        if found[0] == '"':
            return found.start()
    return -1
