"""Requests that stand for defaults: the built-in one, and those of files and the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from invoke_cli.errors import SettingsError
from invoke_cli.language.codecs import Codec, UnfitError, Words
from invoke_cli.language.request import Request
from invoke_cli.language.sweeps import is_list
from invoke_cli.language.switches import by_name, long_names, table
from invoke_cli.language.values import split_words
from invoke_cli.registry import nearest


@cache
def builtin() -> Request:
    """The defaults that hold where nobody says otherwise. Switches that do nothing yet stay unset."""
    shown: dict[str, Any] = {entry.name: entry.shown for entry in table() if not entry.later}
    return Request(**{name: value for name, value in shown.items() if value is not None})


def off(defaults: Request) -> frozenset[str]:
    """The switches that are off unless a line turns them on: they are built in so, and nobody says else."""
    plain = builtin()
    names = [entry.name for entry in table() if getattr(plain, entry.name) == 0]  # 0, 0.0 or False
    return frozenset(name for name in names if getattr(defaults, name) == 0)


def merge(base: Request, over: Request) -> Request:
    """`base` with everything that `over` sets; an empty prompt is unset."""
    return replace(base, **{name: value for name, value in vars(over).items() if _is_given(name, value)})


def as_json(request: Request) -> dict[str, object]:
    """What is given, under long names, in values that JSON can hold; tuples become lists."""
    return {name: _listed(value) for name, value in vars(request).items() if _is_given(name, value)}


def from_pairs(pairs: Mapping[str, object], source: str) -> Request:
    """The request that a mapping of long names to values describes; None leaves a switch unset.

    `source` says where the mapping came from. Raises `SettingsError` that names it and the key.
    """
    values: dict[str, Any] = {}
    for key, value in pairs.items():
        name = _name(key, source)
        if value is not None:
            values[name] = _value(name, value, source)
    return Request(**values)


def _is_given(name: str, value: object) -> bool:
    return value is not None and not (name == "prompt" and value == "")


def _listed(value: object) -> object:
    return [_listed(item) for item in value] if isinstance(value, tuple) else value


def _name(key: str, source: str) -> str:
    name = str(key).replace("-", "_")
    entry, on = long_names().get(name, (None, True))
    if entry is None or not on:
        meant = nearest(name, by_name())
        raise SettingsError(f"{source}: there is no switch {key}", f"did you mean {meant}?" if meant else "")
    return entry.name


def _value(name: str, value: object, source: str) -> Any:
    codec = by_name()[name].codec
    try:
        words = _words(codec, value)
        if is_list(codec, words[0]):
            raise UnfitError("has one value as a default", "lists of values belong into lines")
        return codec.read(words)
    except UnfitError as unfit:
        raise SettingsError(f"{source}: {name} {unfit.reason}", unfit.hint, switch=name) from None


def _words(codec: Codec[Any], value: object) -> Words:
    """A value from a file as the words that a codec reads."""
    if isinstance(value, str):
        words = split_words(value) if codec.most > 1 else (value,)
    elif isinstance(value, list | tuple) and codec.most > 1:
        words = tuple(_word(item) for item in value if item is not None)
    else:
        words = (_word(value),)
    if not words:
        raise UnfitError("needs a value, not nothing")
    return words


def _word(item: object) -> str:
    """One word: a number, a text, or a pair such as `[12, 0.3]`, which is written `12:0.3`."""
    if isinstance(item, list | tuple):
        return ":".join(_word(part) for part in item)
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, str | int | float):
        return str(item)
    raise UnfitError(f"cannot be a {type(item).__name__}")
