"""Codecs: how one kind of value is read from the words of a line and written back.

`read(write(value)) == value` for every codec; everything that outlives the program rests on that.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from invoke_cli.language.quoting import one_line, told
from invoke_cli.registry import nearest

LAST_SEED = 2**32 - 1

T = TypeVar("T")
Words = tuple[str, ...]

ANY = re.compile("")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
NUMERIC_START = re.compile(r"[+-]?[.,]?\d", re.ASCII)
LIKE_PATH = re.compile(r"-\d+(?!\S)|\.\.?(?!\S)|\S*([/\\~:]|\.\w)")


class UnfitError(ValueError):
    """A value that makes no sense. The reason goes on from the switch's name: "goes from 0 to 1"."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


class Lists(Enum):
    """What may be given in place of one value: nothing, names or numbers with commas, or also a range."""

    NONE = "none"
    NAMES = "names"
    WHOLE = "whole"
    DECIMAL = "decimal"


@dataclass(frozen=True)
class Codec(Generic[T]):
    """One kind of value.

    read: words of a line -> value; raises `UnfitError`. write: value -> the words that `read` takes.
    completes: the list that completes it ("picture", "folder", "sampler", "seed", "vae"), or "".
    examples: typical values, the first one shown when a value is missing.
    most: how many words it takes at most; 0 is an on/off switch.
    more: what a word after the first must look like to belong to the value.
    glued: what a value must begin with to be told from letters when it touches its switch (`-s50`).
    lists: what several values look like, each of which `read` takes alone.
    limits: the least and the greatest number, of codecs of numbers.
    """

    metavar: str
    read: Callable[[Words], T]
    write: Callable[[T], Words]
    completes: str = ""
    examples: Words = ()
    most: int = 1
    more: re.Pattern[str] = ANY
    glued: re.Pattern[str] = ANY
    lists: Lists = Lists.NONE
    limits: tuple[float, float] | None = None


def number_text(value: float) -> str:
    """The shortest text that reads back as the same number: `1`, `0.75`."""
    text = repr(value)
    return text.removesuffix(".0")


def read_number(text: str) -> float:
    """A finite decimal number. Raises `UnfitError`, with the likely intent where there is one."""
    if NUMBER.fullmatch(text) is None:
        raise UnfitError(f"is a number, not {told(text) or 'nothing'}", _number_meant(text))
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise UnfitError(f"is a number of ordinary size, not {told(text)}")
    return value + 0.0


def read_integer(text: str) -> int:
    """A whole number of at most 18 digits. Raises `UnfitError`."""
    if INTEGER.fullmatch(text) is None:
        meant = number_text(float(text)) if NUMBER.fullmatch(text) else ""
        is_whole = INTEGER.fullmatch(meant) is not None
        raise UnfitError(
            f"is a whole number, not {told(text) or 'nothing'}", f"did you mean {meant}?" if is_whole else ""
        )
    if len(text) > 18:
        raise UnfitError(f"is a whole number of ordinary size, not {told(text)}")
    return int(text)


def whole(low: int, high: int, *, examples: Words = (), metavar: str = "N") -> Codec[int]:
    """Whole numbers from `low` to `high`."""

    def read(words: Words) -> int:
        value = read_integer(words[0])
        if not low <= value <= high:
            raise UnfitError(f"goes from {low} to {high}, not {value}")
        return value

    return Codec(
        metavar,
        read,
        lambda value: (str(value),),
        "",
        examples,
        glued=NUMERIC_START,
        lists=Lists.WHOLE,
        limits=(low, high),
    )


def real(low: float, high: float, *, examples: Words = ()) -> Codec[float]:
    """Finite numbers from `low` to `high`."""

    def read(words: Words) -> float:
        value = read_number(words[0])
        if not low <= value <= high:
            raise out_of_range(value, low, high)
        return value

    return Codec(
        "X",
        read,
        lambda value: (number_text(value),),
        "",
        examples,
        glued=NUMERIC_START,
        lists=Lists.DECIMAL,
        limits=(low, high),
    )


def share(text: str) -> float:
    """A number from 0 to 1. Raises `UnfitError`."""
    value = read_number(text)
    if not 0 <= value <= 1:
        raise out_of_range(value, 0, 1)
    return value


def out_of_range(value: float, low: float, high: float) -> UnfitError:
    """The mistake of a number outside its range, with the likely intent where the range is 0 to 1."""
    meant = _share_meant(value) if (low, high) == (0, 1) else None
    hint = "" if meant is None else f"did you mean {number_text(meant)}?"
    return UnfitError(f"goes from {number_text(low)} to {number_text(high)}, not {number_text(value)}", hint)


def choice(metavar: str, *names: str) -> Codec[str]:
    """One of a few fixed words, in any case."""

    def read(words: Words) -> str:
        name = words[0].lower()
        if name not in names:
            meant = nearest(name, names)
            raise UnfitError(
                f"is {' or '.join(names)}, not {told(words[0])}", f"did you mean {meant}?" if meant else ""
            )
        return name

    starts = re.compile("|".join(names), re.IGNORECASE)
    return Codec(metavar, read, lambda value: (value,), "", names, glued=starts, lists=Lists.NAMES)


def _read_flag(words: Words) -> bool:
    """On or off, as configuration files and the environment spell it."""
    known = {
        "true": True,
        "yes": True,
        "on": True,
        "1": True,
        "false": False,
        "no": False,
        "off": False,
        "0": False,
    }
    if words[0].lower() not in known:
        raise UnfitError(f"is true or false, not {told(words[0])}")
    return known[words[0].lower()]


def _read_seed(words: Words) -> int:
    """A seed, or a negative number that counts back through the pictures made so far."""
    seed = read_integer(words[0])
    if not -LAST_SEED <= seed <= LAST_SEED:
        raise UnfitError(
            f"goes from 0 to {LAST_SEED}, not {seed}", "negative seeds count back: -1 is the last picture's"
        )
    return seed


def _text(words: Words) -> str:
    return one_line(words[0])


def _filled(words: Words) -> str:
    if not words[0].strip():
        raise UnfitError("needs a name, not an empty text")
    return one_line(words[0])


def _number_meant(text: str) -> str:
    """A hint for `0,7` and `70%`, or nothing."""
    with_point = text.replace(",", ".", 1)
    if NUMBER.fullmatch(with_point):
        return f"did you mean {with_point}? Decimals are written with a point"
    percent = text.removesuffix("%")
    if NUMBER.fullmatch(percent):
        return f"did you mean {number_text(float(percent) / 100)}?"
    return ""


def _share_meant(value: float) -> float | None:
    """75 and 7 were probably meant as 0.75 and 0.7, -0.4 as 0.4."""
    if -1 <= value < 0:
        return -value
    if value <= 0 or value != int(value) or value > 100:
        return None
    return value / 10 if value < 10 else value / 100


FLAG: Codec[bool] = Codec("", _read_flag, lambda value: ("true" if value else "false",), most=0)
TEXT: Codec[str] = Codec("TEXT", _text, lambda value: (value,))
PICTURE: Codec[str] = Codec("FILE", _filled, lambda value: (value,), "picture", glued=LIKE_PATH)
FOLDER: Codec[str] = Codec("FOLDER", _filled, lambda value: (value,), "folder", glued=LIKE_PATH)
SAMPLER: Codec[str] = Codec(
    "NAME", lambda words: _filled(words).lower(), lambda value: (value,), "sampler", lists=Lists.NAMES
)
VAE: Codec[str] = Codec("NAME", _filled, lambda value: (value,), "vae", ("own",))
SEED: Codec[int] = Codec(
    "SEED",
    _read_seed,
    lambda value: (str(value),),
    "seed",
    ("1592514025",),
    glued=NUMERIC_START,
    lists=Lists.WHOLE,
    limits=(-LAST_SEED, LAST_SEED),
)
UNIT: Codec[float] = real(0, 1, examples=("0.5", "0.75"))
