"""File names of results, from a template that a user may change."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping

from invoke_cli.errors import LineError
from invoke_cli.registry import nearest

DEFAULT_TEMPLATE = "{prefix}.{seed}.png"
UNSAFE = re.compile(r'[\x00-\x1f<>:"/\\|?*]')
MOST_BYTES = 255


def file_name(template: str, values: Mapping[str, object]) -> str:
    """The name that the template gives, always ending in .png and never leaving the folder.

    The template is Python's format syntax over plain field names ("{prefix}.{seed}.png"); anything that
    would look inside a value is refused. Raises LineError for unknown fields and broken templates.
    """
    try:
        pieces = list(string.Formatter().parse(template))
    except ValueError as error:
        raise LineError(f"the file name {template!r} cannot be read: {error}", switch="fnformat") from error
    name = "".join(literal + _value(field, spec or "", values) for literal, field, spec, _ in pieces)
    stem = UNSAFE.sub("_", name).removesuffix(".png").strip(" .")
    return _shortened(stem, ".png")


def _value(field: str | None, spec: str, values: Mapping[str, object]) -> str:
    if field is None:
        return ""
    if field not in values:
        meant = nearest(field, values)
        hint = f"did you mean {{{meant}}}?" if meant else f"there are: {', '.join(sorted(values))}"
        raise LineError(f"file names have no field {{{field}}}", hint, switch="fnformat")
    value = values[field]
    try:
        return format("" if value is None else value, spec)
    except (ValueError, TypeError) as error:
        raise LineError(f"{{{field}:{spec}}} in the file name: {error}", switch="fnformat") from error


def _shortened(stem: str, end: str) -> str:
    encoded = stem.encode("utf-8", "backslashreplace")[: MOST_BYTES - len(end)]
    return (encoded.decode("utf-8", errors="ignore") or "picture") + end


def numbered(name: str, attempt: int) -> str:
    """`name` for the first attempt, then name-01.png, name-02.png: a taken name is never overwritten."""
    return name if attempt == 0 else _shortened(name.removesuffix(".png"), f"-{attempt:02}.png")
