"""Paths as people type them."""

from __future__ import annotations

import os
from pathlib import Path


def expanded(path: str | Path) -> Path:
    """The path with ~ and ~user replaced; that of an unknown user stays as it is, and is then not found."""
    return Path(os.path.expanduser(path))
