"""Files and pipes of prompt lines."""

from __future__ import annotations

import os
import select
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import BinaryIO

from invoke_cli.errors import BatchError

NumberedLine = tuple[int, str | BatchError]

_BOM = b"\xef\xbb\xbf"
_REMEDY = "save the file as UTF-8"


class Lines(Iterator[NumberedLine]):
    """Lines with their numbers, each as soon as it has come, and a look at those behind it.

    ready: whether the next line can be had without waiting for it.
    """

    def __init__(self, source: Iterator[NumberedLine], ready: Callable[[], bool]) -> None:
        self._source = source
        self._ready = ready
        self._seen: deque[NumberedLine] = deque()

    def __next__(self) -> NumberedLine:
        return self._seen.popleft() if self._seen else next(self._source)

    def ahead(self) -> Iterator[str | BatchError]:
        """The lines that come next, without waiting for any and without taking them away."""
        for place in count():
            while place >= len(self._seen):
                if not self._ready():
                    return
                try:
                    self._seen.append(next(self._source))
                except StopIteration:
                    return
            yield self._seen[place][1]


def lines_of(source: BinaryIO | Path) -> Lines:
    """The lines of a file or a stream with their numbers, each as soon as it has come.

    A line that is not UTF-8 comes as the BatchError that says so, for the others can still run. A
    file that cannot be opened raises BatchError at once.
    """
    stream = _opened(source) if isinstance(source, Path) else source
    pipe = _pipe(stream)
    lines = _numbered(stream if pipe is None else pipe)
    return Lines(_closing(stream, lines) if isinstance(source, Path) else lines, _ready(pipe))


def _pipe(stream: BinaryIO) -> PipedLines | None:
    """The stream as lines that can be asked whether one has come; None where all are there already."""
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except (OSError, ValueError, AttributeError):  # in memory
        return None
    return None if stat.S_ISREG(mode) else PipedLines(stream.fileno())


def _ready(pipe: PipedLines | None) -> Callable[[], bool]:
    return pipe.is_ready if pipe is not None else lambda: True


class PipedLines(Iterator[bytes]):
    """The lines of a pipe or a terminal, read from its descriptor, which nobody else may read from."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._read = b""
        self._ended = False

    def __next__(self) -> bytes:
        while not (self._ended or b"\n" in self._read):
            self._take()
        line, end, self._read = self._read.partition(b"\n")
        if not line and not end:
            raise StopIteration
        return line + end

    def _take(self) -> None:
        more = os.read(self._descriptor, 1 << 16)
        self._read += more
        self._ended = not more

    def is_ready(self) -> bool:
        """Whether a whole line, or the end, is there."""
        try:
            while not (self._ended or b"\n" in self._read):
                if not select.select([self._descriptor], [], [], 0)[0]:
                    return False
                self._take()
        except (OSError, ValueError):  # Windows cannot ask a pipe
            return False
        return True


def _opened(path: Path) -> BinaryIO:
    try:
        return open(os.path.expanduser(path), "rb")
    except (OSError, ValueError) as error:  # ValueError: a character that no path may hold
        reason = getattr(error, "strerror", None) or "no such path"
        raise BatchError(f"the prompt file {path} cannot be read: {reason}") from error


def _closing(stream: BinaryIO, lines: Iterator[NumberedLine]) -> Iterator[NumberedLine]:
    with stream:
        yield from lines


def _numbered(stream: Iterable[bytes]) -> Iterator[NumberedLine]:
    for number, raw in enumerate(_raw_lines(stream), start=1):
        if isinstance(raw, BatchError):
            yield number, raw
            return
        if b"\0" in raw:  # a picture, or UTF-16: every further line would only fail in its turn
            yield number, BatchError(f"from line {number} on this is no text in UTF-8", _REMEDY)
            return
        yield number, _decoded(raw.removeprefix(_BOM) if number == 1 else raw, number)


def _raw_lines(stream: Iterable[bytes]) -> Iterator[bytes | BatchError]:
    """The stream's lines, and at last the BatchError that says why reading broke off."""
    try:
        yield from stream
    except OSError as error:
        yield BatchError(f"reading broke off: {error.strerror}")


def _decoded(raw: bytes, number: int) -> str | BatchError:
    try:
        return raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        place = f"byte {error.start + 1} of line {number} is 0x{raw[error.start]:02x}"
        return BatchError(f"{place}, which is not text in UTF-8", _REMEDY)
