"""Emphasis as other programs write it, written our way.

`(word)`, `((word))`, `(word:1.3)` and `[word]` of AUTOMATIC1111, `{word}` and `1.3::word::` of NovelAI all
become `(word)1.3`. Every other character that our prompts treat specially is made plain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter

Piece = tuple[str, float]

MOST = 10.0  # what our prompts take
_NEAR = 5e-4

_LORA = re.compile(r"<lora:[^<>:\s,()\[\]\"\\]+(?::-?[0-9.]+)?>")
_SPECIAL = re.compile(
    r"""[\[\]()<>{}"] | _(?=_)                        # brackets, quotes, wildcards
    | (?<=\S)[+-]+(?=[^\w+-]|\Z)                    # word++
    | (?<=\S):(?=-?\d)                               # words:0.3""",
    re.VERBOSE,
)
_WEIGHT_AT_END = re.compile(r"\)[0-9.]+\Z")
_MAY_TOUCH = re.compile(r"[\s,;!?)\]]")
_BACKSLASH = re.compile(r"\\(?=[^\w\s]|\Z)")
_WILDCARD = re.compile(r"(?<!\\)(?:[{}]|_(?=_))")
_SUFFIX = re.compile(r"\.(?:safetensors|pt|ckpt|bin)\Z")
_NOT_IN_NAMES = re.compile(r"[\s<>:,()\[\]\"\\]")
_CLOSERS = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class Marks:
    """How a program writes emphasis.

    factors: an opening bracket -> what it multiplies the weight by. numbered: whether `(word:1.3)` gives a
    number. doubled: whether `1.3::words::` does. escapes: whether a backslash makes a bracket plain.
    """

    factors: Mapping[str, float] = field(default_factory=dict)
    numbered: bool = False
    doubled: bool = False
    escapes: bool = False


A1111 = Marks({"(": 1.1, "[": 1 / 1.1}, numbered=True, escapes=True)
COMFYUI = Marks({"(": 1.1}, numbered=True, escapes=True)
NOVELAI = Marks({"{": 1.05, "[": 1 / 1.05}, doubled=True)


def emphasised(prompt: str, marks: Marks) -> str:
    """The prompt with its emphasis in our notation, on one line."""
    return written(list(weighted(" ".join(prompt.split()), marks)))


def weighted(prompt: str, marks: Marks) -> Iterator[Piece]:
    """The texts of the prompt with their weights, neighbours of equal weight joined."""
    pieces = [found[0] for found in _pieces(marks).finditer(prompt)]
    factors = _factors(pieces, marks)
    weight, texts = 1.0, []
    for at, piece in enumerate(pieces):
        if at in factors:
            weight *= factors[at]
        elif marks.escapes and len(piece) == 2 and piece[0] == "\\":
            texts.append((piece[1], weight))
        else:
            texts.append((piece, weight))
    for amount, run in groupby(texts, key=lambda text: round(text[1], 6)):
        yield "".join(map(itemgetter(0), run)), amount


def written(pieces: list[Piece]) -> str:
    """Texts with weights in our notation."""
    parts: list[str] = []
    for text, weight in pieces:
        inside = text.strip()
        if not inside or abs(weight - 1) < _NEAR:
            parts.append(_after(parts, plain(text)))
            continue
        before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        shown = f"({plain(inside)}){round(min(weight, MOST), 4):g}"
        parts += [_after(parts, before + shown), after]
    return " ".join("".join(parts).split())


def plain(text: str) -> str:
    """The text so that our prompts read nothing into it; LoRAs, which are written alike, stay."""
    parts: list[str] = []
    at = 0
    for lora in _LORA.finditer(text):
        parts += [_escaped(text[at : lora.start()]), lora[0]]
        at = lora.end()
    return "".join([*parts, _escaped(text[at:])])


def without_wildcards(text: str) -> str:
    """A prompt that is written as ours are, but of a program to which braces and __names__ are text."""
    return _WILDCARD.sub(r"\\\g<0>", text)


def lora(file: str, weight: object) -> str:
    """A LoRA as our prompts name it, after its file's name; without a sensible weight, as trained."""
    base = re.split(r"[\\/]", file)[-1]
    name = _NOT_IN_NAMES.sub("", _SUFFIX.sub("", base)) or "lora"
    is_weight = isinstance(weight, int | float) and abs(weight) <= MOST
    return f"withLora({name},{weight:g})" if is_weight else f"withLora({name},1)"


def _escaped(text: str) -> str:
    # A backslash would make the mark behind it plain, and has no plain form of its own.
    apart = _BACKSLASH.sub("\\\\ ", text)
    return _SPECIAL.sub(lambda found: "".join(f"\\{char}" for char in found[0]), apart)


def _after(parts: list[str], text: str) -> str:
    """The text, set apart from a weight that stands before it."""
    before = next((part for part in reversed(parts) if part), "")
    glued = text and _WEIGHT_AT_END.search(before[-12:]) and not _MAY_TOUCH.match(text)
    return f" {text}" if glued else text


def _pieces(marks: Marks) -> re.Pattern[str]:
    """Pieces of a prompt: escapes, closings with a number, brackets, text between."""
    brackets = re.escape("".join(mark + _CLOSERS[mark] for mark in marks.factors))
    parts = [rf"\\[\\{brackets}]"] if marks.escapes else []
    parts += [r":\s*[+-]?[0-9]*\.?[0-9]+\s*\)"] if marks.numbered else []
    parts += [r"-?[0-9]*\.?[0-9]+::", "::"] if marks.doubled else []
    return re.compile("|".join([*parts, rf"[{brackets}]", rf"[^\\{brackets}:0-9.-]+", "."]), re.DOTALL)


def _factors(pieces: list[str], marks: Marks) -> dict[int, float]:
    """Place of a piece that is a mark -> what the weight is multiplied by there.

    A bracket that is never closed holds to the end, as it does where it was written.
    """
    factors: dict[int, float] = {}
    open_at: dict[str, list[int]] = {_CLOSERS[mark]: [] for mark in marks.factors}
    doubled = 1.0  # of `1.3::`, which ends at the next `::`, with or without a number
    for at, piece in enumerate(pieces):
        closer = piece[-1]
        if piece in marks.factors:
            factors[at] = marks.factors[piece]
            open_at[_CLOSERS[piece]].append(at)
        elif marks.doubled and piece.endswith("::"):
            amount = _number(piece[:-2]) if len(piece) > 2 else 1.0
            factors[at], doubled = amount / doubled, amount
        elif open_at.get(closer) and (len(piece) == 1 or piece[0] == ":"):
            opening = open_at[closer].pop()
            if len(piece) > 1:
                factors[opening] = _number(piece[1:-1])
            factors[at] = 1 / factors[opening]
    return factors


def _number(text: str) -> float:
    """A weight that can be divided by again: one of 0 mutes all but completely."""
    return max(min(float(text), 1000.0), 1e-6)
