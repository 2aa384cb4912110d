"""Names of result files and folders, safe on every system, from a template that a user may change."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping

from invoke_cli.errors import LineError
from invoke_cli.imaging.formats import PNG, SUFFIXES
from invoke_cli.registry import nearest

DEFAULT_TEMPLATE = "{prefix}.{seed}.png"
UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*\u2028\u2029]')
# Windows takes these for devices, whatever follows their first point.
DEVICES = re.compile(r"^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\s*(\.|$))", re.IGNORECASE)
FOREIGN = (".gif", ".bmp", ".tif", ".tiff", ".jxl", ".heic", ".psd", ".pdf", ".svg", ".avif", ".jp2")
MOST_BYTES = 255
FIELDS = "there are {prefix}, {seed}, {model_id}, {init} and the long names of all switches"
# A width of a billion would fill the memory with blanks.
SPEC = re.compile(r"(.?[<>=^])?[-+ ]?z?#?0?\d{0,3}[,_]?(\.\d{1,3})?[a-zA-Z%]?", re.DOTALL)


def file_name(template: str, values: Mapping[str, object]) -> str:
    """The name that the template gives; it never leaves the folder, and ends in a suffix of `SUFFIXES`.

    The template is Python's format syntax over plain field names ("{prefix}.{seed}.png"); anything that
    would look inside a value is refused. Values that are None are empty. Raises LineError for unknown
    fields, broken templates and suffixes of formats that are not written.
    """
    suffix = suffix_of(template)
    try:
        pieces = list(string.Formatter().parse(template))
    except ValueError as error:
        raise LineError(f"the file name {template!r} cannot be read: {error}", switch="fnformat") from error
    name = "".join(literal + _value(field, spec or "", turn, values) for literal, field, spec, turn in pieces)
    stem = name[: -len(suffix)] if name.lower().endswith(suffix) else name
    return _fitting(_safe(stem), suffix)


def suffix_of(template: str) -> str:
    """The suffix, in small letters, of the format that a template asks for: PNG where it does not say.

    Raises LineError for formats that are not written.
    """
    lower = template.lower()
    for suffix in SUFFIXES:
        if lower.endswith(suffix):
            return suffix
    for suffix in FOREIGN:
        if lower.endswith(suffix):
            written = ", ".join(SUFFIXES)
            raise LineError(
                f"pictures are not saved as {suffix}", f"the formats are {written}", switch="fnformat"
            )
    return PNG


def with_sweep(template: str) -> str:
    """The template with the field `{sweep}`, before its suffix unless it has one already."""
    if "{sweep" in template:
        return template
    suffix = suffix_of(template)
    stem = template[: -len(suffix)] if template.lower().endswith(suffix) else template
    return f"{stem}.{{sweep}}{suffix}"


def folder_name(text: str) -> str:
    """A name for a folder of pictures that `text` made, or "" where nothing of the text can be one."""
    return _fitting(_safe(text), "", otherwise="")


def numbered(name: str, attempt: int) -> str:
    """`name` for the first attempt, then name-01.png, name-02.png: a taken name is never overwritten."""
    if attempt == 0:
        return name
    stem, suffix = split_suffix(name)
    return _fitting(stem, f"-{attempt:02}{suffix}")


def beside(name: str, kind: str, suffix: str = "") -> str:
    """The name of what belongs to a picture: 000001.42.grid.png beside 000001.42.png.

    suffix: another one than the picture's.
    """
    stem, own = split_suffix(name)
    return _fitting(stem, f"{kind}{suffix or own}")


def split_suffix(name: str) -> tuple[str, str]:
    """A file name without its suffix, and the suffix with its point."""
    stem, point, suffix = name.rpartition(".")
    return (stem, point + suffix) if point else (name, "")


def _value(field: str | None, spec: str, turn: str | None, values: Mapping[str, object]) -> str:
    if field is None:
        return ""
    if field not in values:
        meant = nearest(re.split(r"[.\[]", field)[0], values)
        hint = f"did you mean {{{meant}}}?" if meant else FIELDS
        raise LineError(f"file names have no field {{{field}}}", hint, switch="fnformat")
    value = values[field]
    if not SPEC.fullmatch(spec) or turn not in (None, "s"):
        written = f"{{{field}{f'!{turn}' if turn else ''}:{spec}}}"
        raise LineError(f"{written} cannot stand in a file name", "as {seed:010}", switch="fnformat")
    try:
        return "" if value is None else format(str(value) if turn else value, spec)
    except (ValueError, TypeError, OverflowError) as error:  # the last of {seed:c}, which is no character
        raise LineError(f"{{{field}:{spec}}} in the file name: {error}", switch="fnformat") from error


def _safe(text: str) -> str:
    """`text` without what some system refuses in a name; blanks and points at its ends are dropped."""
    spelled = text.encode("utf-8", "backslashreplace").decode("utf-8")  # what no file system encodes
    plain = UNSAFE.sub("_", spelled).strip(" .")
    return DEVICES.sub(r"\1_", plain)


def _fitting(stem: str, end: str, otherwise: str = "picture") -> str:
    """`stem` and `end`, the stem cut at a whole character until both take no more than `MOST_BYTES`."""
    room = MOST_BYTES - len(end.encode())
    return (stem.encode()[:room].decode("utf-8", errors="ignore").rstrip(" .") or otherwise) + end
