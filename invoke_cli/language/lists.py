"""Codecs of the switches that take several values: blank-separated as people type them, or with commas."""

from __future__ import annotations

import re
from itertools import pairwise

from invoke_cli.language.codecs import (
    INTEGER,
    LAST_SEED,
    NUMBER,
    NUMERIC_START,
    Codec,
    UnfitError,
    Words,
    number_text,
    out_of_range,
    read_integer,
    read_number,
    share,
    whole,
)
from invoke_cli.language.quoting import one_line, told
from invoke_cli.registry import nearest

SIDES = ("top", "bottom", "left", "right")

Variations = tuple[tuple[int, float], ...]
Borders = tuple[tuple[str, int], ...]
Phrase = tuple[str, float]
Shift = tuple[str, int | None]

_SIDE = re.compile("|".join(SIDES), re.IGNORECASE)
_SIDE_OR_PIXELS = re.compile(rf"(?:{'|'.join(SIDES)}|\d+)(?::\d+)?,?$", re.IGNORECASE)
_NUMBER_WORD = re.compile(rf"(?:{NUMBER.pattern})$", re.ASCII | re.IGNORECASE)
_INTEGER_WORD = re.compile(r"\d+(,\d+)*,?$", re.ASCII)
_AXIS_WORD = re.compile(r"[xy](,[xy])*,?$", re.IGNORECASE)
_PAIR_WORD = re.compile(r"\d+:[\d.]+,?$", re.ASCII)


def _parts(words: Words) -> list[str]:
    """The single values in words that may hold several, separated by commas."""
    return [part for word in words for part in word.split(",") if part]


def _read_variations(words: Words) -> Variations:
    parts = _parts(words)
    if meant := _pairs_with_commas(parts):
        parts = meant
    pairs = [part.split(":") for part in parts]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise UnfitError("is a list of seed:weight pairs", "write -V 12:0.3 for 30 % of seed 12")
    return tuple((_read_sub_seed(seed), _read_weight(weight)) for seed, weight in pairs)


def _read_sub_seed(text: str) -> int:
    if INTEGER.fullmatch(text) is None or not 0 <= read_integer(text) <= LAST_SEED:
        raise UnfitError(f"takes seeds from 0 to {LAST_SEED}, not {told(text) or 'nothing'}")
    return int(text)


def _read_weight(text: str) -> float:
    try:
        return share(text)
    except UnfitError as wrong:
        raise UnfitError(f"has a weight that {wrong.reason}", wrong.hint) from None


def _pairs_with_commas(parts: list[str]) -> list[str]:
    """The old manual wrote commas for colons: `12,0.3` means `12:0.3`. Empty where that makes no sense."""
    seeds, weights = parts[::2], parts[1::2]
    if len(parts) % 2 or not all(INTEGER.fullmatch(seed) for seed in seeds):
        return []
    if not all(NUMBER.fullmatch(weight) and 0 <= float(weight) <= 1 for weight in weights):
        return []
    return [f"{seed}:{weight}" for seed, weight in zip(seeds, weights, strict=True)]


def _read_axes(words: Words) -> tuple[str, ...]:
    axes = [axis.lower() for axis in _parts(words)]
    if not axes or not set(axes) <= {"x", "y"}:
        raise UnfitError(f"is x, y or x,y, not {told(' '.join(words))}")
    return tuple(axis for axis in ("x", "y") if axis in axes)


def _read_borders(words: Words) -> Borders:
    parts = [piece for part in _parts(words) for piece in part.split(":") if piece]
    if not parts or len(parts) % 2:
        raise UnfitError("is pairs of a side and pixels", "as in -c top 64 left 32")
    return tuple((_read_side(side), _read_pixels(pixels)) for side, pixels in list(pairwise(parts))[::2])


def _read_side(text: str) -> str:
    if text.lower() not in SIDES:
        meant = nearest(text, SIDES)
        raise UnfitError(
            f"takes top, bottom, left or right, not {told(text)}", f"did you mean {meant}?" if meant else ""
        )
    return text.lower()


def _read_pixels(text: str) -> int:
    if INTEGER.fullmatch(text) is None or not 1 <= read_integer(text) <= 8192:
        raise UnfitError(f"takes 1 to 8192 pixels, not {told(text)}")
    return int(text)


def _read_shift(words: Words) -> Shift:
    parts = _parts(words)
    if not 1 <= len(parts) <= 2:
        raise UnfitError("is a side and perhaps pixels", "as in -D left 128")
    return _read_side(parts[0]), _read_pixels(parts[1]) if len(parts) == 2 else None


def _read_phrase(words: Words) -> Phrase:
    """The name of a thing, and how sure the mask must be. One word that is a number is a name."""
    has_threshold = len(words) > 1 and NUMBER.fullmatch(words[-1])
    phrase = " ".join(words[:-1] if has_threshold else words)
    if not phrase.strip():
        raise UnfitError("needs the name of a thing, not an empty text")
    return one_line(phrase), share(words[-1]) if has_threshold else 0.5


def _read_tiles(words: Words) -> tuple[int, ...]:
    tiles = tuple(read_integer(part) for part in _parts(words))
    if not tiles or min(tiles) < 1:
        raise UnfitError("counts tiles from 1", "as in --embiggen_tiles 1 2 3")
    return tiles


def _read_scale(text: str) -> float:
    scale = read_number(text)
    if not 1 <= scale <= 16:
        raise out_of_range(scale, 1, 16)
    return scale


def _read_upscale(words: Words) -> tuple[float, float]:
    parts = _parts(words)
    if not 1 <= len(parts) <= 2:
        raise UnfitError("is a scale and perhaps a strength", "as in -U 2 0.75")
    return _read_scale(parts[0]), share(parts[1]) if len(parts) == 2 else 0.75


def _read_embiggen(words: Words) -> tuple[float, float, float]:
    """Scale, strength of the upscaler, overlap of the tiles (below 1 a share, else pixels)."""
    parts = _parts(words)
    if not 1 <= len(parts) <= 3:
        raise UnfitError("is a scale, perhaps a strength, perhaps an overlap", "as in --embiggen 2 0.75 0.25")
    overlap = read_number(parts[2]) if len(parts) == 3 else 0.25
    if overlap < 0:
        raise UnfitError(f"has an overlap of 0 or more, not {number_text(overlap)}")
    return _read_scale(parts[0]), share(parts[1]) if len(parts) >= 2 else 0.75, overlap


def _numbers(values: tuple[float, ...]) -> Words:
    return tuple(number_text(value) for value in values)


def _write_variations(value: Variations) -> Words:
    return (",".join(f"{seed}:{number_text(weight)}" for seed, weight in value),)


def _write_borders(value: Borders) -> Words:
    return tuple(word for side, pixels in value for word in (side, str(pixels)))


VARIATIONS: Codec[Variations] = Codec(
    "SEED:WEIGHT,...", _read_variations, _write_variations, "seed", ("12:0.3",), 99, _PAIR_WORD, NUMERIC_START
)
AXES: Codec[tuple[str, ...]] = Codec(
    "x,y", _read_axes, lambda value: (",".join(value),), "", ("x", "y", "x,y"), 2, _AXIS_WORD
)
BORDERS: Codec[Borders] = Codec(
    "SIDE PIXELS ...",
    _read_borders,
    _write_borders,
    "",
    tuple(f"{side} 64" for side in SIDES),
    8,
    _SIDE_OR_PIXELS,
    _SIDE,
)
SHIFT: Codec[Shift] = Codec(
    "SIDE [PIXELS]",
    _read_shift,
    lambda value: (value[0],) if value[1] is None else (value[0], str(value[1])),
    "",
    SIDES,
    2,
    _INTEGER_WORD,
    _SIDE,
)
PHRASE: Codec[Phrase] = Codec(
    "WORDS [THRESHOLD]",
    _read_phrase,
    lambda value: (value[0], number_text(value[1])),
    "",
    ('"a mug" 0.5',),
    2,
    _NUMBER_WORD,
)
TILES: Codec[tuple[int, ...]] = Codec(
    "N ...",
    _read_tiles,
    lambda value: tuple(map(str, value)),
    "",
    ("1 2 3",),
    999,
    _INTEGER_WORD,
    NUMERIC_START,
)
UPSCALE: Codec[tuple[float, float]] = Codec(
    "SCALE [STRENGTH]", _read_upscale, _numbers, "", ("2", "4"), 2, _NUMBER_WORD, NUMERIC_START
)
EMBIGGEN: Codec[tuple[float, float, float]] = Codec(
    "SCALE [STRENGTH [OVERLAP]]", _read_embiggen, _numbers, "", ("2",), 3, _NUMBER_WORD, NUMERIC_START
)


def _read_batch(words: Words) -> int:
    return 0 if words[0].lower() == "auto" else _BATCH_SIZE.read(words)


_BATCH_SIZE = whole(0, 64)
BATCH: Codec[int] = Codec(
    "N", _read_batch, lambda value: ("auto" if value == 0 else str(value),), "", ("auto", "4", "8")
)
"""How many pictures to draw at once; `auto` is 0, and 0 `auto`."""
