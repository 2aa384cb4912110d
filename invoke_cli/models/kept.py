"""Weights in half precision kept on disk, so that a model is converted once and then only mapped.

A file is known by its source's place, size and time of change and by samples of its content. It is written
whole or not at all; those that were not used for the longest time go when there is no room.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_log = logging.getLogger(__name__)

SCHEMA = 1
PLAIN, PACKED = ".safetensors", ".packed"
"""What files are called: those here, and those of a `Shelf`."""
UNFINISHED, LONG = ".unfinished-", 3600.0
"""How files begin that are being written, and seconds after which nobody does any more."""
ALIGNMENT, PADDING = 64, "padding."
"""Mapped tensors lie where torch would put them, or their products may be rounded in another way."""
NAMES = {"torch.float16": "F16", "torch.bfloat16": "BF16", "torch.float32": "F32"}
"""What safetensors calls the dtypes that weights are kept in."""


@dataclass(frozen=True)
class Kept:
    """The folder of kept weights. budget: the bytes that they may take together; 0 keeps none."""

    folder: Path
    budget: int

    def path(self, sources: Sequence[Path], part: str, dtype: torch.dtype) -> Path:
        """Where the weights of a part are kept, or would be."""
        from invoke_cli.models.files import (
            file_fingerprint,  # it brings NumPy, before which the prompt appears
        )

        digest = hashlib.sha256(f"{SCHEMA} {part} {dtype}".encode())
        for source in sources:
            found = source.stat()
            stamp = f"{source.resolve()} {found.st_size} {found.st_mtime_ns} {file_fingerprint(source)}"
            digest.update(stamp.encode("utf-8", "surrogateescape"))
        return self.folder / f"{digest.hexdigest()[:40]}{PLAIN}"

    def tensors(self, path: Path) -> dict[str, Tensor] | None:
        """The weights kept there, mapped into memory; None where there are none, or broken ones."""
        from invoke_cli.models.mapped import mapped_tensors

        if not path.is_file():
            return None
        try:
            tensors = mapped_tensors(path)
            found = {name: tensor for name, tensor in tensors.items() if not name.startswith(PADDING)}
            os.utime(path)  # the newest is what was used last
        except (OSError, ValueError) as error:
            _log.info("%s: %s", path, error)
            return None
        return found

    def keep(self, path: Path, tensors: dict[str, Tensor], dtype: torch.dtype) -> bool:
        """Write the weights in this dtype, if there is room; whether they are there now.

        tensors: each is taken out when it is written. A full disk is no failure.
        """
        size = sum(tensor.numel() for tensor in tensors.values()) * dtype.itemsize
        if str(dtype) not in NAMES or not self.has_room(size):
            return False
        try:
            self._write(path, tensors, dtype)
        except OSError as error:
            _log.info("%s: %s", path, error)
            return False
        return True

    def has_room(self, size: int, *, for_packed: bool = False) -> bool:
        """Make room within the budget; False where the disk, or the budget, is too small.

        Packed weights go first, and make room for nothing else: what they were made of is worth more.
        """
        if size > self.budget:
            return False
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._sweep()
            if shutil.disk_usage(self.folder).free < 2 * size:
                return False
            packed, plain = (
                sorted(self.folder.glob(f"*{kind}"), key=lambda path: path.stat().st_mtime)
                for kind in (PACKED, PLAIN)
            )
            total = sum(path.stat().st_size for path in (*packed, *plain))
            for oldest in packed if for_packed else (*packed, *plain):
                if total + size <= self.budget:
                    break
                total -= oldest.stat().st_size
                oldest.unlink()
        except OSError as error:
            _log.info("%s: %s", self.folder, error)
            return False
        return total + size <= self.budget

    def _sweep(self) -> None:
        """Remove what a process that was killed has left half written."""
        for path in self.folder.glob(f"{UNFINISHED}*"):
            if time.time() - path.stat().st_mtime > LONG:
                path.unlink()

    def _write(self, path: Path, tensors: dict[str, Tensor], dtype: torch.dtype) -> None:
        with replacing(path) as stream:
            stream.write(_header(tensors, dtype))
            for name in list(tensors):
                # tensor by tensor: the library would copy all of them first
                content = _bytes(tensors.pop(name).to(dtype))
                stream.write(content)
                stream.write(bytes(-content.nbytes % ALIGNMENT))


@contextmanager
def replacing(path: Path, *, on_disk: bool = False) -> Iterator[BinaryIO]:
    """A file to be written, which takes its place when it is whole, and is gone when it cannot be.

    on_disk: not before it is on the disk itself, which may take seconds.
    """
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            if on_disk:
                stream.flush()
                os.fsync(stream.fileno())
        os.replace(unfinished, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(unfinished)


def _header(tensors: Mapping[str, Tensor], dtype: torch.dtype) -> bytes:
    """The beginning of a safetensors file: a length, and as JSON what lies where."""
    entries, end = {}, 0
    for name, tensor in tensors.items():
        start, end = end, end + tensor.numel() * dtype.itemsize
        entries[name] = {
            "dtype": NAMES[str(dtype)],
            "shape": list(tensor.shape),
            "data_offsets": [start, end],
        }
        start, end = end, end + -end % ALIGNMENT
        if end > start:  # the format knows no gaps
            name = f"{PADDING}{start}"
            entries[name] = {"dtype": "U8", "shape": [end - start], "data_offsets": [start, end]}
    text = json.dumps(entries).encode()
    text += b" " * (-(len(text) + 8) % ALIGNMENT)
    return len(text).to_bytes(8, "little") + text


def _bytes(tensor: Tensor) -> memoryview:
    import torch

    flat = tensor.detach().cpu().contiguous().flatten()
    return flat.view(torch.uint8).numpy().data
