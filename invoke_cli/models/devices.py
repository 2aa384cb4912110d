"""Where a model runs and in which numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke_cli.errors import SettingsError
from invoke_cli.registry import nearest

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cuda", "mps", "cpu")
PRECISIONS = {
    "auto": "auto",
    "autocast": "auto",
    "fp32": "float32",
    "float32": "float32",
    "fp16": "float16",
    "float16": "float16",
    "bf16": "bfloat16",
    "bfloat16": "bfloat16",
}


def check_device(name: str) -> str:
    """`name` when it is a device that torch may know, such as "cuda:1". Raises SettingsError else."""
    if name.split(":")[0] not in DEVICES:
        raise SettingsError(f"there is no device called {name!r}", f"there are: {', '.join(DEVICES)}")
    return name


def check_precision(name: str) -> str:
    """The canonical spelling of a precision. Raises SettingsError for unknown ones."""
    if name not in PRECISIONS:
        meant = nearest(name, PRECISIONS)
        hint = f"did you mean {meant}?" if meant else "there are: auto, fp32, fp16, bf16"
        raise SettingsError(f"there is no precision called {name!r}", hint)
    return PRECISIONS[name]


def pick_device(wanted: str) -> torch.device:
    """The device asked for, or for "auto" the first of CUDA, Apple's and the CPU that is there.

    Raises SettingsError when the device asked for is not on this machine.
    """
    import torch

    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if wanted == "auto":
        return torch.device(next(name for name, there in available.items() if there))
    if not available[wanted.split(":")[0]]:
        there = [name for name, is_there in available.items() if is_there]
        raise SettingsError(f"this machine has no {wanted} device", f"it has: {', '.join(there)}")
    return torch.device(wanted)


def pick_dtype(wanted: str, device: torch.device, *, full_size: bool = False) -> torch.dtype:
    """The dtype of the networks: half precision where the device computes in it, unless asked otherwise.

    full_size: whether the model is large enough to gain from bfloat16 on a CPU that has it in hardware.
    Raises SettingsError for float16 on a CPU, where it is slower and less exact than float32.
    """
    import torch

    if wanted == "auto":
        if device.type != "cpu":
            return torch.float16
        return torch.bfloat16 if full_size and cpu_has_bfloat16() else torch.float32
    if wanted == "float16" and device.type == "cpu":
        raise SettingsError("float16 is not made for CPUs", "use --precision bf16 or fp32")
    return {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}[wanted]


def cpu_has_bfloat16() -> bool:
    """Whether this CPU multiplies in bfloat16 itself, and does not merely imitate it."""
    import torch

    # torch has no public name for this in every version that is supported
    asked = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(getattr(torch.cpu, name, bool)() for name in asked)
