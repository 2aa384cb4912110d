"""The chunks of a PNG file, walked without decoding a pixel.

ValueError is raised with the reason as a clause about the file: "it ends in the middle".
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator
from typing import BinaryIO

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TEXT_KINDS = (b"tEXt", b"zTXt", b"iTXt")


def chunks(file: BinaryIO, kinds: Collection[bytes], most: int) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of every chunk of `kinds`, in the order of the file.

    All others, and bodies of more than `most` bytes, are skipped unread.
    Raises ValueError when the file is no sound PNG.
    """
    file.seek(0)
    if file.read(len(SIGNATURE)) != SIGNATURE:
        raise ValueError("it is not a PNG file")
    while True:
        head = _read(file, 8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if kind == b"IEND":
            return
        if kind in kinds and length <= most:
            yield kind, _body(file, kind, length)
        else:
            file.seek(length + 4, 1)


def text(kind: bytes, body: bytes, most: int) -> tuple[str, str] | None:
    """Name and text of a chunk of `TEXT_KINDS`, None when it unpacks to more than `most` bytes.

    Raises ValueError when it is malformed.
    """
    name, rest = _until_nul(body)
    packed, wide = kind == b"zTXt", kind == b"iTXt"
    if wide:
        packed, rest = rest[:1] == b"\1", rest[1:]
    if packed and rest[:1] != b"\0":
        raise ValueError("a text in it is compressed in an unknown way")
    if packed or wide:
        rest = rest[1:]  # the compression method, present in iTXt even when unused
    if wide:
        _, rest = _until_nul(rest)  # language
        _, rest = _until_nul(rest)  # the name, translated
    content = _inflated(rest, most) if packed else rest
    return None if content is None else (name.decode("latin-1"), _decoded(content, wide))


def _body(file: BinaryIO, kind: bytes, length: int) -> bytes:
    body, check = _read(file, length), _read(file, 4)
    if zlib.crc32(kind + body) != int.from_bytes(check, "big"):
        raise ValueError(f"the checksum of its {kind.decode('ascii')} chunk is wrong")
    return body


def _read(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise ValueError("it ends in the middle")
    return data


def _until_nul(data: bytes) -> tuple[bytes, bytes]:
    head, nul, rest = data.partition(b"\0")
    if not nul:
        raise ValueError("a text in it is malformed")
    return head, rest


def _inflated(data: bytes, most: int) -> bytes | None:
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(data, most + 1)
    except zlib.error as error:
        raise ValueError("a compressed text in it is damaged") from error
    if len(content) > most:
        return None
    if not unpacker.eof:
        raise ValueError("a compressed text in it is cut off")
    return content


def _decoded(content: bytes, wide: bool) -> str:
    try:
        return content.decode("utf-8" if wide else "latin-1")
    except UnicodeDecodeError as error:
        raise ValueError("a text in it is not UTF-8") from error
