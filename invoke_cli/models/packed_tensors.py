"""The content of packed weights, and packed weights made of such content where it lies.

A packed tensor knows by an opaque description how its values are laid out. Python has no way to make one of
memory that is there already, but the C interface has through which programs compiled ahead of time load their
constants (torch/csrc/inductor/aoti_torch/c/shim.h). It is tried once, and done without where it is missing.
"""

from __future__ import annotations

import ctypes
import logging
import sys
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

_log = logging.getLogger(__name__)

LIBRARY = "libtorch_cpu.so"


def layout_of(packed: Tensor) -> bytes:
    """How the values of a packed tensor are laid out, as this version of torch describes it."""
    return bytes(torch.ops.mkldnn._get_mkldnn_serialized_md(packed).numpy())


def content_of(packed: Tensor) -> memoryview:
    """The memory of a packed tensor, which has to stay as long as this is read."""
    place, size = torch.ops.mkldnn.data_ptr(packed), torch.ops.mkldnn._nbytes(packed)
    return memoryview((ctypes.c_ubyte * size).from_address(place)).cast("B")


def packed_tensor(content: Any, shape: tuple[int, ...], dtype: torch.dtype, layout: bytes) -> Tensor:
    """A packed tensor whose memory is `content`, which it keeps.

    content: a writable buffer, though nothing writes to it. shape: of the weight. layout: see `layout_of`.
    Raises OSError where torch makes none of it, or one of another size.
    """
    library = _library()
    strides = torch.empty(shape, device="meta").stride()
    sizes = ctypes.c_int64 * len(shape)
    memory = torch.frombuffer(content, dtype=torch.uint8)
    handle = ctypes.c_void_p()
    failed = library.aoti_torch_create_tensor_from_blob_v2(
        ctypes.c_void_p(memory.data_ptr()),
        ctypes.c_int64(len(shape)),
        sizes(*shape),
        sizes(*strides),
        ctypes.c_int64(0),
        ctypes.c_int32(getattr(library, f"aoti_torch_dtype_{str(dtype).removeprefix('torch.')}")()),
        ctypes.c_int32(library.aoti_torch_device_type_cpu()),
        ctypes.c_int32(0),
        ctypes.byref(handle),
        ctypes.c_int32(library.aoti_torch_layout__mkldnn()),
        (ctypes.c_uint8 * len(layout)).from_buffer_copy(layout),
        ctypes.c_int64(len(layout)),
    )
    if failed:
        raise OSError(f"no packed tensor of {len(content)} bytes could be made of memory")
    packed: Tensor = torch._C._aoti.alloc_tensor_by_stealing_from_void_ptr(_capsule(handle))
    if torch.ops.mkldnn._nbytes(packed) != len(memory):
        raise OSError("the layout is of another size than the content")
    packed.memory = memory  # type: ignore[attr-defined]
    return packed


@cache
def can_be_made() -> bool:
    """Whether packed tensors can be made of memory here: one is, and multiplies as the one it came from."""
    if sys.platform != "linux" or not torch._C._has_mkldnn:
        return False
    product = torch.ops.mkldnn._linear_pointwise
    weight, x = torch.linspace(-1, 1, 64 * 48).reshape(64, 48), torch.linspace(-1, 1, 48)[None]
    try:
        packed = torch.ops.mkldnn._reorder_linear_weight(weight)
        content = content_of(packed)
        again = packed_tensor(bytearray(content), (64, 48), torch.float32, layout_of(packed))
        expected, found = (product(x, each, None, "none", [], "") for each in (packed, again))
        return torch.equal(expected, found) and torch.equal(again.to_dense(), weight)
    except (AttributeError, OSError, RuntimeError, TypeError, ValueError) as error:
        _log.info("packed weights are not kept: %r", error)
        return False


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(str(Path(torch.__file__).parent / "lib" / LIBRARY))


def _capsule(handle: ctypes.c_void_p) -> Any:
    """A pointer as torch's Python side takes it."""
    make = ctypes.pythonapi.PyCapsule_New
    make.restype, make.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    return make(handle, None, None)
