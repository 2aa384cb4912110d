r"""A prompt as weighted fragments: `a (red)1.3 barn [blurry]` -> what to draw and what to keep out.

- `[words]` anywhere are negative; several groups are joined.
- `word+`, `word--`, `(several words)1.3`, `(words)+` and `.attend(1.3)` weigh what they touch; each + is
  x1.1, each - is x0.9, and nested weights multiply.
- Parentheses without a weight are text, and so are those without a partner. Signs after a single ASCII
  letter or after digits are text too: `C++`, `100+`. Write `(C)++` to weigh those.
- `withLora(name,0.8)` and `<lora:name:0.8>` are taken out of the text; `<trigger>` stays in it.
- A backslash makes a bracket, parenthesis, quote, colon or sign plain: `\[`, `\<`, `\(`, `\"`, `\:`, `\+`.

Every pass over the prompt is linear in its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from invoke_cli.errors import PromptError, Span
from invoke_cli.language.adapters import Mention, take_loras, triggers

Fragments = tuple[tuple[str, float], ...]

MOST = 10.0  # the largest weight; beyond it embeddings only break

_END = r"(?=[\s,.;!?()\[\]\"'\\]|\Z)"
_NUMBER = r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
_SIGNS = rf"(?:\++|-+|\.attend\({_NUMBER}\)){_END}"
_PIECE = re.compile(
    rf"""\\(?P<escape>[\[\]()<>":+-])
    | (?P<open>\()
    | (?P<close>\))(?P<factor>{_NUMBER}{_END}|{_SIGNS})?
    | (?<![^\s()\[\],;:!?"])(?P<word>[^\s()\[\],;:!?"\\]*?[^\s()\[\],;:!?"\\+-])(?P<signs>{_SIGNS})
    | (?P<plain>[^\\()\s,;:!?"]+|.)""",
    re.VERBOSE | re.DOTALL,
)
_NO_WEIGHT = re.compile(r"[A-Za-z]|\d+", re.ASCII)
_BRACKET = re.compile(r"\\.|[\[\]]", re.DOTALL)
_UNBUILT = (
    (re.compile(r"(?<=[\w)\"'])\.blend\("), "Blends (.blend) are not built yet; draw one prompt at a time."),
    (re.compile(r"(?<=[\w)\"'])\.swap\("), "Swaps (.swap) are not built yet; write the new words in place."),
    (
        re.compile(r"(?<=[\w)\"'])\.and\("),
        "Conjunctions (.and) are not built yet; write one prompt with commas.",
    ),
)
_OLD_WEIGHT = re.compile(r"(?<=[^\s\d:\\]):-?\d+(\.\d+)?(?=[\s,)]|\Z)", re.ASCII)
_NO_OLD_WEIGHTS = "Blends of the form words:weight are not built yet; weigh words as in (words)1.3."


@dataclass(frozen=True)
class Prompt:
    """What to draw and what to keep out, as texts with weights; 1.0 is neutral. What both name besides."""

    positive: Fragments = ()
    negative: Fragments = ()
    loras: tuple[Mention, ...] = ()
    triggers: tuple[Mention, ...] = ()


@dataclass(frozen=True, slots=True)
class _Piece:
    """Part of a prompt. factor: of a weighted word or a closing parenthesis; None where there is none."""

    kind: str
    text: str
    start: int
    end: int
    factor: float | None = None


def split(prompt: str) -> Prompt:
    """The fragments of a prompt. Raises `PromptError` with a place in the prompt."""
    for pattern, message in _UNBUILT:
        if found := pattern.search(prompt):
            raise PromptError(message, span=Span(found.start(), found.end()))
    text, loras = take_loras(prompt)
    _refuse_old_weights(text)
    inside = _bracketed(text)
    return Prompt(
        _fragments(_blanked(text, inside, keep=False)),
        _fragments(_blanked(text, inside, keep=True)),
        loras,
        triggers(text),
    )


def _refuse_old_weights(prompt: str) -> None:
    """`a cat:0.3 a dog:0.7` was a blend; `at 12:30`, `ratio 16:9` and `Psalm:3` are text."""
    found = list(_OLD_WEIGHT.finditer(prompt))
    if len(found) > 1 or any(weight[1] for weight in found):
        raise PromptError(
            _NO_OLD_WEIGHTS, "a backslash makes a colon plain: \\:", span=Span(*found[0].span())
        )


def _bracketed(prompt: str) -> list[Span]:
    """The places of the `[...]` groups, brackets included."""
    groups: list[Span] = []
    opening = -1
    for found in _BRACKET.finditer(prompt):
        at = found.start()
        if found[0] == "[" and opening != -1:
            raise PromptError(
                "negative words cannot be nested", "a plain bracket is \\[", span=Span(at, at + 1)
            )
        if found[0] == "]" and opening == -1:
            raise PromptError("this ] has no [ before it", "a plain bracket is \\]", span=Span(at, at + 1))
        if found[0] == "[":
            opening = at
        elif found[0] == "]":
            groups.append(Span(opening, at + 1))
            opening = -1
    if opening != -1:
        raise PromptError("this [ is never closed", "a plain bracket is \\[", span=Span(opening, opening + 1))
    return groups


def _blanked(prompt: str, groups: list[Span], *, keep: bool) -> str:
    """The prompt with its groups, or with `keep` everything else, turned into blanks; places stay."""
    parts = []
    at = 0
    for group in groups:
        between, inside = prompt[at : group.start], prompt[group.start + 1 : group.end - 1]
        parts += (
            [" " * len(between), " ", inside, " "] if keep else [between, " " * (group.end - group.start)]
        )
        at = group.end
    parts.append(" " * (len(prompt) - at) if keep else prompt[at:])
    return "".join(parts)


def _fragments(text: str) -> Fragments:
    """The texts of equal weight, in order, blanks collapsed."""
    pieces = list(_pieces(text))
    closers = _weighted_groups(pieces)
    ends = set(closers.values())
    weights = [1.0]
    written: list[tuple[str, float]] = []
    for at, piece in enumerate(pieces):
        if at in closers:
            weights.append(_weight(weights[-1], pieces[closers[at]]))
        elif at in ends:
            weights.pop()
        elif piece.kind == "word":
            written.append((piece.text, _weight(weights[-1], piece)))
        else:
            written.append((piece.text, weights[-1]))
    return _joined(written)


def _pieces(text: str) -> Iterator[_Piece]:
    for found in _PIECE.finditer(text):
        kind, start, end = str(found.lastgroup), found.start(), found.end()
        if found["escape"]:
            yield _Piece("plain", found["escape"], start, end)
        elif found["factor"]:
            yield _Piece("close", found[0], start, end, _factor(found["factor"]))
        elif found["word"] and not _NO_WEIGHT.fullmatch(found["word"]):
            yield _Piece("word", found["word"], start, end, _factor(found["signs"]))
        else:
            yield _Piece(kind, found[0], start, end)


def _factor(written: str) -> float:
    """The number behind `++`, `--`, `1.3` or `.attend(1.3)`."""
    if written[0] in "+-":
        return round((1.1 if written[0] == "+" else 0.9) ** len(written), 9)
    return float(written.removeprefix(".attend(").removesuffix(")"))


def _weighted_groups(pieces: list[_Piece]) -> dict[int, int]:
    """Place of an opening parenthesis -> place of its closing one, where that carries a weight."""
    closers: dict[int, int] = {}
    openings: list[int] = []
    for at, piece in enumerate(pieces):
        if piece.kind == "open":
            openings.append(at)
        elif piece.kind == "close" and openings:
            opening = openings.pop()
            if piece.factor is not None:
                closers[opening] = at
    return closers


def _weight(outer: float, piece: _Piece) -> float:
    """The outer weight times the piece's own. Raises `PromptError` when that is too large."""
    weight = outer if piece.factor is None else outer * piece.factor
    if weight > MOST:
        hint = "a blank in front keeps a number as text" if piece.kind == "close" else ""
        raise PromptError(f"weights go up to {MOST:g}", hint, span=Span(piece.start, piece.end))
    return weight


def _joined(written: list[tuple[str, float]]) -> Fragments:
    """Neighbours of equal weight as one text; fragments that are only blanks vanish."""
    fragments: list[tuple[str, float]] = []
    for weight, group in groupby(written, key=itemgetter(1)):
        text = " ".join("".join(piece for piece, _ in group).split())
        if text and fragments and fragments[-1][1] == weight:
            fragments[-1] = (f"{fragments[-1][0]} {text}", weight)
        elif text:
            fragments.append((text, weight))
    return tuple(fragments)
