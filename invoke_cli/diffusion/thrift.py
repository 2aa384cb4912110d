"""How memory is spared: what runs in parts instead of at once, and where weights wait."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Thrift:
    """Each costs time; `tiled` and `sliced` change pictures by rounding, `away` by nothing.

    sliced: attention some queries at a time, where its scores would be large. tiled: the autoencoder in
    bands of rows, where the picture is large. away: weights in main memory until their turn, where the
    device has memory of its own.
    """

    sliced: bool = False
    tiled: bool = False
    away: bool = False


PLENTY = Thrift()
"""Nothing is spared."""
