"""The texts of a picture in EXIF data, for the formats that have no text chunks: JPEG, WebP, AVIF.

One text goes into the UserComment, as `name: text`: the facts, which hold the line as well, or where a
file has no room for them, the line alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO

from PIL import Image, features

FORMATS = ("JPEG", "WEBP", *(("AVIF",) if features.check("avif") else ()))
NAMES = ("invoke-cli", "Dream")
"""The texts that are kept, the best one first; see `metadata.pack`."""
FOREIGN = "UserComment"
"""The name of a comment that another program wrote."""

_MAKER, _MODEL = 0x010F, 0x0110
_SOFTWARE, _EXIF_IFD, _USER_COMMENT = 0x0131, 0x8769, 0x9286
_ASCII, _UNICODE, _CODE = b"ASCII\0\0\0", b"UNICODE\0", 8


def may_hold(start: bytes) -> bool:
    """Whether a file that starts so, with 12 bytes, is of one of the formats."""
    return start.startswith(b"\xff\xd8\xff") or start[8:] == b"WEBP" or start[4:] == b"ftypavif"


def exif_bytes(texts: Mapping[str, str], most: int) -> bytes:
    """EXIF data of at most `most` bytes with the first text of `NAMES` that fits, or b"" where none does."""
    for name in NAMES:
        if name in texts:
            data = _with_comment(f"{name}: {texts[name]}")
            if len(data) <= most:
                return data
    return b""


def read_comment(file: BinaryIO) -> dict[str, str]:
    """The text of a picture's UserComment by its name, or by `FOREIGN`, and the texts that ComfyUI keeps.

    Decoders raise what they like, also for a file of another format.
    """
    file.seek(0)
    with Image.open(file, formats=FORMATS) as image:
        exif = image.getexif()
        comment = exif.get_ifd(_EXIF_IFD).get(_USER_COMMENT)
        texts = dict(_of_comfyui(exif))
    if comment is None:
        return texts
    text = comment if isinstance(comment, str) else _decoded(bytes(comment))
    name, mark, rest = text.partition(": ")
    return texts | ({name: rest} if mark and name in NAMES else {FOREIGN: text})


def _of_comfyui(exif: Image.Exif) -> Iterator[tuple[str, str]]:
    """Graphs, which ComfyUI writes as `prompt:{...}` into the fields for a camera's maker and model."""
    for tag in (_MAKER, _MODEL):
        name, mark, text = str(exif.get(tag, "")).partition(":")
        if mark and name in ("prompt", "workflow"):
            yield name, text.rstrip("\0")


def _with_comment(text: str) -> bytes:
    exif = Image.Exif()
    exif[_SOFTWARE] = "invoke-cli"
    exif.get_ifd(_EXIF_IFD)[_USER_COMMENT] = _encoded(text)
    return exif.tobytes()


def _encoded(text: str) -> bytes:
    if text.isascii():
        return _ASCII + text.encode("ascii")
    return _UNICODE + text.encode("utf-16-be", "replace")


def _decoded(comment: bytes) -> str:
    """A comment's text; the standard leaves open in which order the bytes of UTF-16 stand."""
    code, body = comment[:_CODE], comment[_CODE:]
    if code != _UNICODE:
        return (body if code in (_ASCII, b"\0" * _CODE) else comment).decode("utf-8", "replace").rstrip("\0")
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", "replace")
    big_endian = body[::2].count(0) >= body[1::2].count(0)  # most letters have a zero in front
    return body.decode("utf-16-be" if big_endian else "utf-16-le", "replace")
