"""Freed memory goes back to the system where the C library can be told so."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import pytest

from invoke_cli.diffusion.heap import give_back

BLOCK = 100_000


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="needs the GNU C library"
)
def test_freed_blocks_below_one_that_stays_are_given_back() -> None:
    blocks = [bytearray(b"x" * BLOCK) for _ in range(1000)]
    kept = blocks[-1]
    blocks.clear()
    before = resident()
    give_back()
    assert before - resident() > 500 * BLOCK
    assert len(kept) == BLOCK


def resident() -> int:
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * 4096


def test_elsewhere_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    from invoke_cli.diffusion import heap

    heap._trim.cache_clear()
    monkeypatch.setattr(sys, "platform", "win32")
    give_back()
    heap._trim.cache_clear()
