"""Lists of values: `-f 0.3,0.5`, `-S 1:9`, `-C 5:10:2.5`. A line with lists stands for all combinations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from invoke_cli.errors import Span
from invoke_cli.language.codecs import NUMBER, Codec, Lists, UnfitError, read_integer, read_number
from invoke_cli.language.declare import Switch

if TYPE_CHECKING:
    from decimal import Decimal

MOST = 10_000
"""How many pictures the lists of one line may stand for."""


class UnfitItemError(UnfitError):
    """A mistake in one part of a list; `start` and `end` are its place in the list's text."""

    def __init__(self, reason: str, hint: str = "", *, start: int, end: int) -> None:
        super().__init__(reason, hint)
        self.start = start
        self.end = end


@dataclass(frozen=True)
class Item:
    """A value of a list, and its place in the list's text; all values of a range have the whole range's."""

    value: Any
    start: int
    end: int


@dataclass(frozen=True)
class _Part:
    """A piece of a list's text."""

    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def wrong(self, reason: str, hint: str = "") -> UnfitItemError:
        return UnfitItemError(reason, hint, start=self.start, end=self.end)


@dataclass(frozen=True)
class Axis:
    """A switch with several values, and where in the line each of them stands."""

    switch: Switch
    values: tuple[Any, ...]
    spans: tuple[Span, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The values as one types them."""
        return tuple(" ".join(self.switch.codec.write(value)) for value in self.values)

    def said(self, index: int) -> tuple[str, str, str]:
        """The switch's name, its flag, and one of its values as typed."""
        text = " ".join(self.switch.codec.write(self.values[index]))
        return self.switch.name, self.switch.flags[0], text


def is_list(codec: Codec[Any], text: str) -> bool:
    """Whether a value is meant as several."""
    if codec.lists is Lists.NONE:
        return False
    return "," in text or (codec.lists is not Lists.NAMES and ":" in text)


def read_list(codec: Codec[Any], text: str) -> list[Item]:
    """The different values of a list or a range, in its order. Raises UnfitError and UnfitItemError."""
    if "," not in text:
        items = _range(codec, text)
    elif ":" in text and codec.lists is not Lists.NAMES:
        raise UnfitError("is a list or a range, not both", "write out all values with commas between them")
    else:
        items = [Item(_read(codec, part, text), part.start, part.end) for part in _parts(text, ",")]
    different: dict[Any, Item] = {}
    for item in items:
        different.setdefault(item.value, item)
    return list(different.values())


def combinations(axes: Sequence[Axis]) -> Iterator[tuple[int, ...]]:
    """An index into each axis for every combination; the first axis turns fastest, as on a sheet."""
    for turned in product(*(range(len(axis.values)) for axis in reversed(axes))):
        yield turned[::-1]


def _parts(text: str, mark: str) -> list[_Part]:
    parts, start = [], 0
    for piece in text.split(mark):
        parts.append(_Part(piece, start))
        start += len(piece) + 1
    return parts


def _read(codec: Codec[Any], part: _Part, text: str) -> Any:
    """One value, with the mistake put where it stands."""
    if not part.text:
        raise _empty(text, part.start)
    try:
        return codec.read((part.text,))
    except UnfitError as unfit:
        if _is_decimal_comma(codec, text):
            codec.read((text,))  # raises with the better hint
        raise part.wrong(unfit.reason, unfit.hint) from None


def _empty(text: str, at: int) -> UnfitItemError:
    meant = ",".join(part for part in text.split(",") if part)
    hint = f"did you mean {meant}?" if meant else "as in 1,2,3"
    if meant and at == len(text):
        hint += " In a list no blank stands behind a comma"
    start = max(0, min(at, len(text) - 1))
    return UnfitItemError("has an empty place in its list", hint, start=start, end=start + 1)


def _is_decimal_comma(codec: Codec[Any], text: str) -> bool:
    """Whether the list makes sense as one number that is written with a comma."""
    with_point = text.replace(",", ".", 1)
    if codec.lists is not Lists.DECIMAL or not NUMBER.fullmatch(with_point):
        return False
    try:
        codec.read((with_point,))
    except UnfitError:
        return False
    return True


def _range(codec: Codec[Any], text: str) -> list[Item]:
    """The values of FIRST:LAST or FIRST:LAST:STEP; LAST is among them if a step hits it.

    Counted in decimals: 0.3:0.9:0.1 has no 0.7999999999999999.
    """
    from decimal import Decimal

    parts = _parts(text, ":")
    if not 2 <= len(parts) <= 3 or any(part.text == "" for part in parts):
        example = "as in 10:50:10" if codec.lists is Lists.WHOLE else "as in 0.3:0.9:0.1"
        raise UnfitError("has a range that is not FIRST:LAST:STEP", example)
    for part in parts[:2]:  # what lies between two values that fit, fits
        _read(codec, part, text)
    first, last = (Decimal(part.text) for part in parts[:2])
    step = (
        _given_step(codec, parts, last - first) if len(parts) == 3 else _own_step(codec, text, last - first)
    )
    count = 1 if first == last else int((last - first) / step) + 1
    if count > MOST:
        raise UnfitError(
            f"has a range of {count} values, and {MOST} are the most", "a larger step gives fewer"
        )
    texts = (format(first + step * index, "f") for index in range(count))
    return [Item(codec.read((each,)), 0, len(text)) for each in texts]


def _given_step(codec: Codec[Any], parts: list[_Part], way: Decimal) -> Decimal:
    """The third part of a range, which goes `way` in all."""
    from decimal import Decimal

    part = parts[2]
    try:
        (read_integer if codec.lists is Lists.WHOLE else read_number)(part.text)
    except UnfitError as unfit:
        raise part.wrong(f"has a range whose step {unfit.reason}", unfit.hint or "as in 10:50:10") from None
    step = Decimal(part.text)
    if step == 0:
        raise part.wrong("has a range whose step is 0", "a step of 0 never ends")
    if way * step < 0:
        meant = f"{parts[0].text}:{parts[1].text}:{format(-step, 'f')}"
        raise part.wrong("has a range whose step leads away from its end", f"did you mean {meant}?")
    return step


def _own_step(codec: Codec[Any], text: str, way: Decimal) -> Decimal:
    """The step of a range that gives none: 1 of whole numbers, towards the end."""
    from decimal import Decimal

    sign = "-" if way < 0 else ""
    if codec.lists is Lists.DECIMAL:
        usual = "0.1" if abs(way) <= 2 else "1"
        raise UnfitError("has a range without a step", f"did you mean {text}:{sign}{usual}?")
    return Decimal(f"{sign}1")
