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
from dataclasses import dataclass
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
    """The packed weights of one network on this machine. name: of the network in the folder of `kept`."""

    def __init__(self, kept: Kept, name: str) -> None:
        self._kept = kept
        self._name = f"{name}-{surroundings()}"
        self._forms: dict[Key, _Form] | None = None
        self._new: dict[Key, Tensor] = {}
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
        """What was packed anew, to be put on the shelf by `fill`."""
        with self._lock:
            self._new[key] = packed

    def fill(self) -> threading.Thread | None:
        """Begin to write what was offered, where that is worthwhile; the thread that does."""
        with self._lock:
            new, self._new = self._new, {}
        if not new or sum(map(_size, new.values())) < WORTHWHILE:
            return None
        # No daemon, and of the name of those that write pictures: the program ends when it is done.
        thread = threading.Thread(target=self._write, args=(new,), name="write")
        thread.start()
        return thread

    def _known(self) -> dict[Key, _Form]:
        forms = self._forms  # it may be forgotten meanwhile
        if forms is None:
            paths = sorted(self._kept.folder.glob(f"{self._name}-*{PACKED}"))
            forms = self._forms = _resolved([entry for path in paths for entry in _entries(path)])
        return forms

    def _touch(self, path: Path) -> None:
        if path not in self._used:
            self._used.add(path)
            os.utime(path)  # the newest is what was used last

    def _write(self, new: Mapping[Key, Tensor]) -> None:
        try:
            told, contents = _told(new, {(name, form.layout) for (name, _), form in self._known().items()})
            if self._kept.has_room(sum(map(len, contents))):
                # files of the same name say the same, so that what has read one may look into another
                digest = hashlib.sha256(told).hexdigest()[:12]
                _write_file(self._kept.folder / f"{self._name}-{digest}{PACKED}", told, contents)
        except (OSError, RuntimeError, MemoryError) as error:  # nobody has asked for it
            _log.info("%s: %r", self._name, error)
        self._forms = None


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
    shelf = network.shelf = Shelf(kept, name)
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
    """What layouts depend on: torch's version, the processor, and the threads that there are."""
    try:
        about = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n\n")[0]
    except OSError:
        about = ""
    names = ("vendor_id", "cpu family", "model\t", "model name", "flags", "CPU implementer", "Features")
    lines = [line for line in about.splitlines() if line.startswith(names)]
    limit = [os.environ.get(f"{library}_MAX_CPU_ISA") for library in ("ONEDNN", "DNNL")]
    told = (SCHEMA, torch.__version__, torch.get_num_threads(), lines, limit)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:12]


def _told(new: Mapping[Key, Tensor], there: set[tuple[str, bytes]]) -> tuple[bytes, list[memoryview]]:
    """The beginning of a file, and the contents that follow, each at the beginning of a page.

    there: the weights and layouts that are on the shelf. The same weight in the same layout for something
    else is only named.
    """
    layouts: dict[bytes, int] = {}
    entries, contents, end = [], [], 0
    for (name, purpose), packed in new.items():
        layout = layout_of(packed)
        span = None
        if (name, layout) not in there:
            there.add((name, layout))
            contents.append(content_of(packed))
            span = [end, end + len(contents[-1])]
            end = span[1] + -span[1] % mmap.ALLOCATIONGRANULARITY
        entries.append([name, purpose, layouts.setdefault(layout, len(layouts)), span])
    known = [base64.b64encode(layout).decode() for layout in layouts]
    text = json.dumps({"layouts": known, "entries": entries}).encode()
    text += b" " * (-(len(text) + LENGTH) % mmap.ALLOCATIONGRANULARITY)
    return len(text).to_bytes(LENGTH, "little") + text, contents


def _write_file(path: Path, told: bytes, contents: list[memoryview]) -> None:
    with replacing(path) as stream:
        stream.write(told)
        for content in contents:
            stream.write(bytes(-stream.tell() % mmap.ALLOCATIONGRANULARITY))
            stream.write(content)


_Entry = tuple[Key, bytes, _Form | None]


def _entries(path: Path) -> list[_Entry]:
    """What a file says it has; nothing where it is broken."""
    try:
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(LENGTH), "little")
            size, first = path.stat().st_size, LENGTH + length
            told = json.loads(stream.read(length) if first <= size else b"")
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
