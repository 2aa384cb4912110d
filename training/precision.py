"""Half precision where it is faster: in hardware, and not imitated."""

from __future__ import annotations

import torch

from invoke_cli.models.devices import cpu_has_bfloat16


def in_hardware(device: torch.device) -> bool:
    """Whether the device multiplies in bfloat16 itself; an imitation is several times slower than float32."""
    return device.type != "cpu" or cpu_has_bfloat16()


def autocast_on(device: torch.device) -> torch.autocast:
    """Matrix products in bfloat16 within this context, where the device gains from it."""
    return torch.autocast(device.type, torch.bfloat16, enabled=in_hardware(device))
