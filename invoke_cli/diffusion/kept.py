"""What a bundle remembers of its networks."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from torch import Tensor

from invoke_cli.diffusion.compiled import Compiler
from invoke_cli.diffusion.conditioning import Conditioning
from invoke_cli.diffusion.engines import Engine
from invoke_cli.diffusion.preview import ColourMap
from invoke_cli.diffusion.recent import MEGABYTE, Recent
from invoke_cli.diffusion.streamed import Ring
from invoke_cli.diffusion.walk import Texts, Times, Walk

if TYPE_CHECKING:
    from invoke_cli.diffusion.bundle import Bundle


class Kept:
    """Each within a budget of megabytes.

    texts, times: what `prediction` prepares. split_layers: what `alone` has found out.
    """

    def __init__(self) -> None:
        self.texts: Recent[tuple[object, Texts]] = Recent(16, 128 * MEGABYTE)
        self.times: Recent[tuple[object, Times]] = Recent(1000, 32 * MEGABYTE)
        self.scales: Recent[Tensor] = Recent(16)
        self.conditions: Recent[Conditioning] = Recent(32, 64 * MEGABYTE)
        self.embeddings: Recent[Tensor] = Recent(64, 64 * MEGABYTE)
        self.pooled: Recent[Tensor] = Recent(64, 8 * MEGABYTE)
        self.latents: Recent[Tensor] = Recent(32, 64 * MEGABYTE)
        self.walks: Recent[Walk] = Recent(8)
        self.hastened: Recent[None] = Recent(2)
        self.colours: Recent[ColourMap] = Recent(1)
        self.engines: Recent[Engine] = Recent(1)
        self.compilers: Recent[Compiler] = Recent(1)
        self.rings: Recent[Ring] = Recent(1)
        self.sparing: Recent[Bundle] = Recent(4)
        self.split_layers: dict[Hashable, frozenset[str]] = {}

    def release(self) -> None:
        """Give up what takes a device's memory and is soon made again."""
        for each in (self.texts, self.times, self.latents, self.walks, self.rings):
            each.clear()
