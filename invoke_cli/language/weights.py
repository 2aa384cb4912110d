r"""Weighted words: `word++`, `(several words)1.3`, `"several words"-`, `(words:1.3)`, `words.attend(1.3)`.

Each + is x1.1, each - is x0.9, and nested weights multiply. Marks without a weight are text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from invoke_cli.errors import PromptError, Span
from invoke_cli.language.brackets import Brackets
from invoke_cli.wording import Fragments

MOST = 10.0  # the largest weight; beyond it embeddings only break

_END = r"(?=[\s,.;:!?()\[\]\"'\\]|\Z)"
_NUMBER = r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
_SIGNS = rf"(?:\++|-+|\.attend\((?:{_NUMBER}|\++|-+)\)){_END}"
_FACTOR = re.compile(rf"{_NUMBER}{_END}|{_SIGNS}")
_RATIO = re.compile(rf"(?<!\\):\s*(?P<number>{_NUMBER})\s*(?=\))")
_PIECE = re.compile(
    rf"""\\(?P<escape>[\[\]()<>":,+{{}}|-]|_(?=_))
    | (?<![^\s()\[\],;:!?"])(?P<word>[^\s()\[\],;:!?"\\]*?[^\s()\[\],;:!?"\\+-])(?P<signs>{_SIGNS})
    | (?P<plain>[^\\()\s,;:!?"]+|.)""",
    re.VERBOSE | re.DOTALL,
)
_CLOSING = re.compile(r'[)"]')
_NO_WEIGHT = re.compile(r"[A-Za-z]|\d+", re.ASCII)
_ATTEND = re.compile(r"(?<=[\w)\"'])\.attend\(")
_ATTENDED = re.compile(rf"\.attend\((?:{_NUMBER}|\++|-+)\)")

Written = tuple[str, float]


@dataclass(frozen=True)
class _Group:
    """A weighted pair of marks. until: where the inside ends; end: where its weight ends."""

    factor: float
    until: int
    end: int
    span: Span


def fragments(brackets: Brackets, start: int, end: int, weight: float = 1.0) -> Fragments:
    """The texts of equal weight in a range, in order, blanks collapsed. Raises `PromptError`."""
    return pieced(brackets, start, end, {}, weight)[0][0]


def pieced(
    brackets: Brackets, start: int, end: int, holes: Mapping[int, int], weight: float = 1.0
) -> tuple[list[Fragments], list[float]]:
    """The fragments before, between and behind the holes, and the weight around each hole.

    holes: place in the range where one begins -> where it ends. Raises `PromptError`.
    """
    walk = _Walk(brackets, start, end, holes, weight)
    return walk.parts(), walk.at_holes


class _Walk:
    """One way through a range, with the weights of the groups that are open."""

    def __init__(
        self, brackets: Brackets, start: int, end: int, holes: Mapping[int, int], weight: float
    ) -> None:
        self._brackets, self._text, self._end, self._holes = brackets, brackets.text, end, holes
        self._at = start
        self._groups = _groups(brackets, start, end)
        self._weights: list[float] = [weight]
        self._closing: list[_Group] = []
        self._written: list[list[Written]] = [[]]
        self.at_holes: list[float] = []
        _check_attend(self._text, start, end)

    def parts(self) -> list[Fragments]:
        """Walk to the end."""
        while self._at < self._end:
            self._step()
        return [_joined(written) for written in self._written]

    def _step(self) -> None:
        at = self._at
        if at in self._holes:
            self.at_holes.append(self._weights[-1])
            self._written.append([])
            self._at = self._holes[at]
        elif at in self._groups:
            group = self._groups[at]
            self._weights.append(_weight(self._weights[-1], group.factor, group.span))
            self._closing.append(group)
            self._at += 1
        elif self._closing and at == self._closing[-1].until:
            self._weights.pop()
            self._at = self._closing.pop().end
        else:
            self._piece()

    def _piece(self) -> None:
        found = _PIECE.match(self._text, self._at, self._end)
        if found is None:  # the last choice of the pattern takes anything
            raise ValueError(f"no piece at {self._at}")
        weight = self._weights[-1]
        if found["word"] and not _NO_WEIGHT.fullmatch(found["word"]):
            factor = _factor(found["signs"])
            self._written[-1].append((found["word"], _weight(weight, factor, Span(*found.span()))))
        else:
            self._written[-1].append((found["escape"] or found[0], weight))
        self._at = found.end()


def _groups(brackets: Brackets, start: int, end: int) -> dict[int, _Group]:
    """Place of an opening mark in the range -> its group, where it has a weight."""
    text, found = brackets.text, {}
    for ratio in _RATIO.finditer(text, start, end):
        opening = brackets.opening.get(ratio.end(), -1)
        if opening >= start and not _is_time(text, ratio):
            span = Span(*ratio.span())
            found[opening] = _Group(float(ratio["number"]), ratio.start(), ratio.end() + 1, span)
    for place in _CLOSING.finditer(text, start, end):
        closing = place.start()
        opening = brackets.opening.get(closing, -1)
        factor = _FACTOR.match(text, closing + 1, end)
        if opening >= start and factor:
            found[opening] = _Group(_factor(factor[0]), closing, factor.end(), Span(closing, factor.end()))
    return found


def _is_time(text: str, ratio: re.Match[str]) -> bool:
    """Whether it is `(at 12:30)` or `(16:9)` rather than a weight."""
    return text[ratio.start() - 1].isdigit() and not ratio["number"].startswith(("0.", "."))


def _check_attend(text: str, start: int, end: int) -> None:
    for found in _ATTEND.finditer(text, start, end):
        if not _ATTENDED.match(text, found.start(), end):
            raise PromptError(
                ".attend() takes a number or signs",
                "as in (several words).attend(1.3) or word.attend(++)",
                span=Span(*found.span()),
            )


def _factor(written: str) -> float:
    """The number behind `++`, `--`, `1.3`, `.attend(1.3)` or `.attend(++)`."""
    value = written.removeprefix(".attend(").removesuffix(")")
    if value[0] in "+-":
        return round((1.1 if value[0] == "+" else 0.9) ** len(value), 9)
    return float(value)


def _weight(outer: float, factor: float, span: Span) -> float:
    """The outer weight times the own one. Raises `PromptError` when that is too large."""
    if outer * factor > MOST:
        raise PromptError(f"weights go up to {MOST:g}", "a blank in front keeps a number as text", span=span)
    return outer * factor


def _joined(written: Iterable[Written]) -> Fragments:
    """Neighbours of equal weight as one text; fragments that are only blanks vanish."""
    return merged(
        (" ".join("".join(piece for piece, _ in group).split()), weight)
        for weight, group in groupby(written, key=itemgetter(1))
    )


def merged(texts: Iterable[Written]) -> Fragments:
    """The texts without empty ones, neighbours of equal weight joined by a blank."""
    filled = ((text, weight) for text, weight in texts if text)
    return tuple(
        (" ".join(text for text, _ in group), weight) for weight, group in groupby(filled, key=itemgetter(1))
    )
