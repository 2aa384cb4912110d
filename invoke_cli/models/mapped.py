"""The tensors of a safetensors file, each mapped into memory by itself.

The library maps a file as a whole, which then stays in memory while any of its tensors is needed. Where each
has a mapping of its own, one that was converted or packed leaves memory at once, and of a model that is
larger than the memory which is free only one tensor is there twice.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from invoke_cli.models.headers import header, header_length
from invoke_cli.models.mapping import mapped

SMALL = 2**16
"""Tensors of fewer bytes are read, for a mapping takes whole pages, and there may be only so many."""
DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


def mapped_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors by name; writing to one changes it in memory alone.

    Raises ValueError for a damaged file and OSError for one that cannot be read.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as checked:  # the library has seen to it that all lies within the file
            rare = {
                name: checked.get_tensor(name).clone()
                for name, entry in _entries(path).items()
                if entry["dtype"] not in DTYPES
            }
    except SafetensorError as error:
        raise ValueError(str(error)) from error
    first = header_length(path)
    with path.open("rb") as stream:
        return {
            name: rare[name] if name in rare else _tensor(stream, first, entry)
            for name, entry in _entries(path).items()
        }


def _entries(path: Path) -> dict[str, Any]:
    return {name: entry for name, entry in header(path).items() if name != "__metadata__"}


def _tensor(stream: BinaryIO, first: int, entry: dict[str, Any]) -> Tensor:
    """first: where in the file the tensors begin."""
    start, end = (first + offset for offset in entry["data_offsets"])
    dtype = DTYPES[entry["dtype"]]
    if end - start < SMALL:
        stream.seek(start)
        content = bytearray(stream.read(end - start))
        if not content:
            return torch.empty(entry["shape"], dtype=dtype)
        # a copy lies where torch puts tensors
        return torch.frombuffer(content, dtype=dtype).reshape(entry["shape"]).clone()
    return torch.frombuffer(mapped(stream.fileno(), start, end - start), dtype=dtype).reshape(entry["shape"])
