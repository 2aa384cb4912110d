"""Texts inside pictures: a mapping of names to texts, and the line that made the picture.

PNG files hold them in chunks of their own, other formats in EXIF data.

What is read was written by strangers: it is limited in size, rid of control characters that could
steer a terminal, and never more than parsed.
"""

from __future__ import annotations

import io
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from invoke_cli.errors import MetadataError, PictureError
from invoke_cli.imaging import exif, png
from invoke_cli.imaging.files import decoding, picture_file

LINE, FACTS = "Dream", "invoke-cli"
"""The names under which a picture keeps its line, and the line with the facts about it as JSON."""

MOST_TEXT = 1 << 20  # bytes of one text; a longer one is skipped, as if it were not there
MOST_TEXTS = 8 << 20  # bytes of all texts of one file, as stored

HASTY = 4
"""Up to this level of compression, half the time is worth a few percent of the size."""
ALLOWED = 1.03
SEARCH = -1
BANDS, SAMPLED = 3, 16
"""Which way suits a picture is tried on so many bands of rows, together one in so many of all rows."""

_NAME = re.compile(r"(?!.*  )[!-~\xa1-\xff]([ -~\xa1-\xff]{0,77}[!-~\xa1-\xff])?")
_REMOVED = dict.fromkeys(code for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t")


@dataclass(frozen=True)
class Stored:
    """What a picture says of its making: the line, None if it has none, and the facts."""

    line: str | None
    facts: Mapping[str, object] = field(default_factory=dict)


def encode_png(rgb: NDArray[np.uint8], texts: Mapping[str, str], compression: int = 6) -> bytes:
    """A PNG file of `rgb`, uint8 (H, W, 3), carrying `texts`; equal input gives equal bytes.

    compression: 0 (none) to 9 (most). Photographs and paintings do not repeat themselves: runs of equal bytes
    squeeze them as well as a search for repetitions does, in half its time. What suits is tried on a sample.
    Raises ValueError for a name that PNG does not allow, MetadataError for a text it cannot hold.
    """
    info = PngInfo()
    for name, text in texts.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot name a text in a PNG file")
        info.add_itxt(name, _encoded(name, text))
    return _png(rgb, info, compression, _strategy(rgb, compression))


def _strategy(rgb: NDArray[np.uint8], compression: int) -> int:
    """One of zlib's ways, -1 for its search. That sees 32 kB at a time, so that bands of rows tell of it."""
    if compression == 0:
        return SEARCH
    rows = max(BANDS * 4, len(rgb) // SAMPLED) // BANDS
    starts = range(0, max(1, len(rgb) - rows + 1), max(1, len(rgb) // BANDS))
    sample = np.concatenate([rgb[start : start + rows] for start in starts])
    runs, searched = (len(_png(sample, PngInfo(), compression, way)) for way in (zlib.Z_RLE, SEARCH))
    return zlib.Z_RLE if runs <= searched * (ALLOWED if compression <= HASTY else 1) else SEARCH


def _png(rgb: NDArray[np.uint8], info: PngInfo, compression: int, strategy: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "PNG", pnginfo=info, compress_level=compression, compress_type=strategy)
    return file.getvalue()


def read_texts(path: Path) -> dict[str, str]:
    """The texts of a picture by name, cleaned; of equal names the last.

    Of JPEG, WebP and AVIF files it is the user comment: ours as it was packed, another program's under
    `exif.FOREIGN`. Raises PictureError where there is no file, MetadataError where none can be read from it.
    """
    with picture_file(path) as file:
        texts = _from_exif(file, path) if exif.may_hold(file.read(12)) else _from_chunks(file, path)
    return {clean(name): clean(text) for name, text in texts.items()}


def _from_chunks(file: BinaryIO, path: Path) -> dict[str, str]:
    texts: dict[str, str] = {}
    total = 0
    try:
        for kind, body in png.chunks(file, png.TEXT_KINDS, MOST_TEXT):
            if (named := png.text(kind, body, MOST_TEXT)) is not None:
                texts[named[0]] = named[1]
            total += len(body)
            if total > MOST_TEXTS:
                raise ValueError("it holds more text than is read")
    except ValueError as error:
        raise MetadataError(f"no texts can be read from {path}: {error}") from error
    return texts


def _from_exif(file: BinaryIO, path: Path) -> dict[str, str]:
    try:
        with decoding(path):
            texts = exif.read_comment(file)
    except PictureError as error:
        raise MetadataError(f"no texts can be read from {path}", error.message) from error
    texts = {name: text for name, text in texts.items() if len(text) <= MOST_TEXT}
    if FACTS in texts and (line := unpack(texts).line) is not None:
        texts[LINE] = line
    return texts


def pack(line: str, facts: Mapping[str, object]) -> dict[str, str]:
    """The texts that let a picture remake itself; `facts` must be JSON values.

    Raises ValueError or TypeError for facts that are not, and for a fact called "line".
    """
    if "line" in facts:
        raise ValueError("the line is not one of its own facts")
    # ASCII only, so that even an undecodable file name in the line comes back as it was.
    return {LINE: line, FACTS: json.dumps({"line": line, **facts}, allow_nan=False)}


def unpack(texts: Mapping[str, str]) -> Stored:
    """What `pack` put in: from its JSON, or where that is missing or damaged, from the line alone."""
    facts = from_json(texts.get(FACTS, ""))
    if isinstance(facts, dict) and isinstance(line := facts.pop("line", None), str):
        return Stored(line, facts)
    line = texts.get(LINE)
    return Stored(None if line is None else clean(line))


def from_json(text: str) -> object:
    """The value of a stranger's JSON text, its texts cleaned; None where it is not JSON.

    Numbers that JSON does not have, and values nested without end, are not JSON either.
    """
    try:
        return _cleaned(json.loads(text, parse_constant=_refuse))
    except (ValueError, RecursionError):
        return None


def clean(text: str) -> str:
    """`text` without control characters, but for line ends and tabs."""
    return text.translate(_REMOVED)


def _encoded(name: str, text: str) -> bytes:
    data = text.encode("utf-8", "replace")  # half a surrogate pair, from an undecodable file name
    if b"\0" in data:
        raise MetadataError(f"the text {name} holds a NUL character, which a PNG file cannot keep")
    if len(data) > MOST_TEXT:
        raise MetadataError(f"the text {name} is longer than {MOST_TEXT:,} bytes")
    return data


def _cleaned(value: object) -> object:
    """JSON escapes bring control characters past the first cleaning."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): _cleaned(item) for key, item in value.items()}
    return value


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")
