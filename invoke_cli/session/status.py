"""What the bottom line of the prompt shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Status:
    """What the bottom line of the prompt shows. state is "not loaded", "loading", "ready" or "failed"."""

    model: str
    device: str
    size: str
    state: str
