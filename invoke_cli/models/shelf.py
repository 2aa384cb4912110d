"""Packed weights kept on disk, so that a later start of a model maps them instead of packing.

How a convolution packs depends on the size of the pictures. So a file has what one line has packed that was
on the shelf nowhere yet, and the files of a network together are its shelf. They lie beside the network's
weights in half precision and within the same budget; see `kept`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import mmap
import os
import threading
from collections.abc import Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from invoke_cli.diffusion.packed import Part
from invoke_cli.diffusion.recent import MEGABYTE
from invoke_cli.models.kept import PACKED, Kept, replacing
from invoke_cli.models.mapping import mapped
from invoke_cli.models.packed_tensors import can_be_made, content_of, layout_of, packed_tensor

_log = logging.getLogger(__name__)

SCHEMA = 1
SMALL = 2**16
"""Weights of fewer bytes are packed as fast as they are found."""
WORTHWHILE = 64 * MEGABYTE
"""Less than this is not written; it is packed within some hundredths of a second."""
PADDING = 4 * MEGABYTE
"""What packed weights may take beyond an eighth more than plain ones; those of few channels are filled up."""
LENGTH = 8
"""Bytes at the beginning of a file that say how long what follows is, which tells of the rest, as JSON."""

Key = tuple[str, str]
"""A weight or a part of it, and what it is packed for, in words."""


@dataclass(frozen=True)
class _Form:
    """A packed weight in a file, from `start` to `end`."""

    path: Path
    start: int
    end: int
    layout: bytes

    def read(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """Map it. Raises OSError where that cannot be done."""
        with self.path.open("rb") as stream:
            content = mapped(stream.fileno(), self.start, self.end - self.start)
        return packed_tensor(content, shape, dtype, self.layout)


class Shelf:
    """The packed weights of one network on this machine. name: of the network in the folder of `kept`.

    most: the bytes that may wait to be written; they would else be given up where memory is short.
    """

    def __init__(self, kept: Kept, name: str, most: int) -> None:
        self._kept = kept
        self._name = f"{name}-{surroundings()}"
        self._forms: dict[Key, _Form] | None = None
        self._most = most
        self._marks: set[_Mark] = set()
        self._new = _Waiting()
        self._used: set[Path] = set()
        self._lock = threading.Lock()

    def find(self, key: Key, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor | None:
        """The weight of this shape as it is packed for this; None where that is not on the shelf."""
        form = self._known().get(key)
        if form is None:
            return None
        try:
            self._touch(form.path)
            return form.read(shape, dtype)
        except OSError as error:  # gone since, or there is no memory for it
            _log.info("%s: %s", form.path, error)
            return None

    def offer(self, key: Key, packed: Tensor) -> None:
        """What was packed anew, to be put on the shelf by `fill`; only its name where its like is there."""
        self._known()
        mark, size = (key[0], layout_of(packed)), _size(packed)
        with self._lock:
            new = self._new
            there = mark in self._marks or mark in new.marks
            if there or new.held + size <= self._most:
                new.offers[key] = _Offer(mark[1], None if there else packed)
                new.marks.add(mark)
                new.held += 0 if there else size
                new.worth += size

    def fill(self) -> threading.Thread | None:
        """Begin to write what was offered, where that is worthwhile; the thread that does."""
        with self._lock:
            new, self._new = self._new, _Waiting()
        if not new.offers or new.worth < WORTHWHILE:
            return None
        # No daemon, and of the name of those that write pictures: the program ends when it is done.
        thread = threading.Thread(target=self._write, args=(new.offers,), name="write")
        thread.start()
        return thread

    def _known(self) -> dict[Key, _Form]:
        forms = self._forms  # it may be forgotten meanwhile
        if forms is None:
            paths = sorted(self._kept.folder.glob(f"{self._name}-*{PACKED}"))
            forms = _resolved([entry for path in paths for entry in _entries(path)])
            self._marks = {(name, form.layout) for (name, _), form in forms.items()}
            self._forms = forms
        return forms

    def _touch(self, path: Path) -> None:
        if path not in self._used:
            self._used.add(path)
            with suppress(OSError):  # somebody else's, to be read only
                os.utime(path)  # the newest is what was used last

    def _write(self, new: Mapping[Key, _Offer]) -> None:
        try:
            told, contents = _told(new)
            if self._kept.has_room(sum(map(len, contents)), for_packed=True):
                # files of the same name say the same, so that what has read one may look into another
                _write_file(self._kept.folder / f"{self._name}-{_digest(told)}{PACKED}", told, contents)
        except (OSError, RuntimeError, MemoryError) as error:  # nobody has asked for it
            _log.info("%s: %r", self._name, error)
        self._forms = None


@dataclass(frozen=True)
class _Offer:
    """A weight that waits to be written. packed: None where one of the same layout is there already."""

    layout: bytes
    packed: Tensor | None


_Mark = tuple[str, bytes]
"""A weight and its layout, of which one copy is enough."""


@dataclass
class _Waiting:
    """What waits to be written. held: its bytes. worth: the bytes that were packed for it."""

    offers: dict[Key, _Offer] = field(default_factory=dict)
    marks: set[_Mark] = field(default_factory=set)
    held: int = 0
    worth: int = 0


@dataclass(frozen=True)
class Place:
    """Where a weight is on its shelf; see `packed.Place`. name: of the weight in its network."""

    shelf: Shelf
    name: str
    dtype: torch.dtype

    def find(self, purpose: Hashable, part: Part, shape: tuple[int, ...]) -> Tensor | None:
        """The part of the weight, of this shape, as it is packed for this, or None."""
        return self.shelf.find(self._key(purpose, part), shape, self.dtype)

    def offer(self, purpose: Hashable, part: Part, packed: Tensor) -> None:
        """What was packed for this, to be kept."""
        self.shelf.offer(self._key(purpose, part), packed)

    def _key(self, purpose: Hashable, part: Part) -> Key:
        index, count = part
        return f"{self.name} {index + 1}/{count}", repr(purpose)


def shelve(network: Any, kept: Kept, name: str) -> None:
    """Give the weights of a network their places on its shelf, where packed weights can be kept at all.

    name: of the network in the folder of `kept`.
    """
    if not can_be_made():
        return
    size = sum(weight.nbytes for weight in network.parameters())
    shelf = network.shelf = Shelf(kept, name, size + size // 8 + PADDING)
    for key, weight in network.named_parameters():
        if weight.dim() > 1 and weight.nbytes >= SMALL:
            weight.place = Place(shelf, key, weight.dtype)


def fill_shelves(networks: Any) -> None:
    """Begin to put on their shelves what networks have packed anew."""
    for network in networks:
        shelf: Shelf | None = getattr(network, "shelf", None)
        if shelf is not None:
            shelf.fill()


@cache
def surroundings() -> str:
    """What layouts depend on: the build of torch, the processor, and the threads that there are."""
    try:
        about = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n\n")[0]
    except OSError:
        about = ""
    names = ("vendor_id", "cpu family", "model\t", "model name", "flags", "CPU implementer", "Features")
    lines = [line for line in about.splitlines() if line.startswith(names)]
    limit = [os.environ.get(f"{library}_MAX_CPU_ISA") for library in ("ONEDNN", "DNNL")]
    # of builds of one version, each may have another oneDNN
    build = (torch.__version__, torch.__config__.show())
    told = (SCHEMA, build, torch.get_num_threads(), lines, limit)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:12]


def _digest(told: bytes) -> str:
    return hashlib.sha256(told).hexdigest()[:12]


def _told(new: Mapping[Key, _Offer]) -> tuple[bytes, list[memoryview]]:
    """The beginning of a file, and the contents that follow, each at the beginning of a page."""
    layouts: dict[bytes, int] = {}
    entries, contents, end = [], [], 0
    for (name, purpose), offered in new.items():
        span = None
        if offered.packed is not None:
            contents.append(content_of(offered.packed))
            span = [end, end + len(contents[-1])]
            end = span[1] + -span[1] % mmap.ALLOCATIONGRANULARITY
        entries.append([name, purpose, layouts.setdefault(offered.layout, len(layouts)), span])
    known = [base64.b64encode(layout).decode() for layout in layouts]
    text = json.dumps({"layouts": known, "entries": entries}).encode()
    text += b" " * (-(len(text) + LENGTH) % mmap.ALLOCATIONGRANULARITY)
    return len(text).to_bytes(LENGTH, "little") + text, contents


def _write_file(path: Path, told: bytes, contents: list[memoryview]) -> None:
    with replacing(path, on_disk=True) as stream:
        stream.write(told)
        for content in contents:
            stream.write(bytes(-stream.tell() % mmap.ALLOCATIONGRANULARITY))
            stream.write(content)


_Entry = tuple[Key, bytes, _Form | None]


def _entries(path: Path) -> list[_Entry]:
    """What a file says it has; nothing where it is broken."""
    try:
        with path.open("rb") as stream:
            start = stream.read(LENGTH)
            size, first = path.stat().st_size, LENGTH + int.from_bytes(start, "little")
            text = stream.read(first - LENGTH) if first <= size else b""
        if not path.stem.endswith(_digest(start + text)):
            raise ValueError("it begins otherwise than its name says")
        told = json.loads(text)
        layouts = [base64.b64decode(layout) for layout in told["layouts"]]
        found: list[_Entry] = []
        for name, purpose, number, span in told["entries"]:
            form = None
            if span is not None:
                form = _Form(path, first + span[0], first + span[1], layouts[number])
                if not first <= form.start < form.end <= size:
                    raise ValueError("it was cut short")
            found.append(((name, purpose), layouts[number], form))
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        _log.info("%s: %r", path, error)
        return []
    return found


def _resolved(entries: list[_Entry]) -> dict[Key, _Form]:
    """The form behind each entry; those that are only named have that of another of the same layout."""
    forms = {(key[0], layout): form for key, layout, form in entries if form is not None}
    return {key: forms[key[0], layout] for key, layout, _ in entries if (key[0], layout) in forms}


def _size(packed: Tensor) -> int:
    size: int = torch.ops.mkldnn._nbytes(packed)
    return size
