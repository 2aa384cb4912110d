"""A network's layers on the device only while they work, the next ones on their way meanwhile.

Room for a few layers is used round and round. Which layer comes next is what came next the last time, for
a walk is the same at every step; so nobody has to say what a network's order is, and a wrong guess costs a
copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from invoke_cli.diffusion.kernels import Axes, Kernels
from invoke_cli.diffusion.residence import Arrival, Carrier

LAYERS = 3
"""There is room for so many of the largest layers."""
ALIGNMENT = 128
"""Weights begin at multiples of so many values, as torch's own do at least."""


@dataclass(eq=False)
class _Guest:
    """A weight on the device. waits: whether it was brought ahead and was not used yet."""

    home: Tensor
    start: int
    stop: int
    here: Tensor
    arrival: Arrival
    waits: bool


class _Layer:
    """A layer with its weight on the device; all else is the layer's own."""

    def __init__(self, module: nn.Module, weight: Tensor) -> None:
        self._module = module
        self.weight = weight

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


class Ring:
    """Room on the device for layers whose weights wait in main memory."""

    def __init__(self, carrier: Carrier, largest: int, layers: int = LAYERS) -> None:
        """largest: the values of the largest weight."""
        self._carrier = carrier
        self._size = layers * _rounded(largest)
        self._room: tuple[torch.dtype, Tensor] | None = None
        self._head = 0
        self._guests: dict[nn.Module, _Guest] = {}
        self._next: dict[nn.Module, nn.Module] = {}
        self._last: nn.Module | None = None

    @property
    def held(self) -> int:
        """The values of the weights that are here or on their way."""
        return sum(guest.stop - guest.start for guest in self._guests.values())

    def here(self, module: Any) -> Any:
        """The layer with its weight on the device, until some layers later."""
        if not self._carrier.is_home(module.weight):
            return module
        guest = self._guest(module)
        if guest is None:
            guest = self._invited(module, ahead=False)
        if guest is None:
            raise ValueError("a layer is larger than the largest")
        if guest.waits:
            guest.waits = False
            guest.arrival()
        if self._last is not None and self._last is not module:
            self._next[self._last] = module
        self._last = module
        self._look_ahead(module, guest)
        return _Layer(module, guest.here)

    def _guest(self, module: Any) -> _Guest | None:
        """What is here of the layer's weight as it is now; an adapter may have changed it."""
        guest = self._guests.get(module)
        if guest is None or guest.home.data_ptr() == module.weight.data_ptr():
            return guest
        del self._guests[module]
        return None

    def _look_ahead(self, module: nn.Module, at_work: _Guest) -> None:
        """Bring the layers that came next the last time, as far as there is room."""
        coming = self._next.get(module)
        for _ in range(len(self._guests) + 1):
            if coming is None or coming is module:
                return
            if self._guest(coming) is None and self._invited(coming, ahead=True, spare=at_work) is None:
                return
            self._guests[coming].waits = True
            coming = self._next.get(coming)

    def _invited(self, module: Any, *, ahead: bool, spare: _Guest | None = None) -> _Guest | None:
        """The layer's weight begins to come; None where that would drive out what is still needed."""
        home = module.weight.data
        start = self._head if self._head + home.numel() <= self._size else 0
        stop = start + _rounded(home.numel())
        others = [(key, one) for key, one in self._guests.items() if one.start < stop and start < one.stop]
        if stop > self._size or (ahead and any(one.waits or one is spare for _, one in others)):
            return None
        for key, _ in others:
            del self._guests[key]
        here = self._room_for(home)[start : start + home.numel()].as_strided(home.shape, home.stride())
        guest = _Guest(home, start, stop, here, self._carrier.start(home, here), waits=True)
        self._guests[module], self._head = guest, stop
        return guest

    def _room_for(self, home: Tensor) -> Tensor:
        """The room; another where weights are of another dtype than before."""
        if self._room is None or self._room[0] != home.dtype:
            self._guests.clear()
            self._room = None  # given up before there is another
            self._room = (home.dtype, self._carrier.room(self._size, home))
        return self._room[1]


def _rounded(count: int) -> int:
    return -(-count // ALIGNMENT) * ALIGNMENT


class Streamed:
    """Kernels that bring each layer's weight to the device before they use it."""

    def __init__(self, kernels: Kernels, ring: Ring) -> None:
        self._kernels = kernels
        self._ring = ring

    def conv(self, module: nn.Conv2d, x: Tensor, axes: Axes = (), bias: Tensor | None = None) -> Tensor:
        """See Kernels."""
        return self._kernels.conv(self._ring.here(module), x, axes, bias)

    def linear(self, module: nn.Module, x: Tensor) -> Tensor:
        """See Kernels."""
        return self._kernels.linear(self._ring.here(module), x)

    def gated(self, module: nn.Linear, x: Tensor) -> Tensor:
        """See Kernels."""
        return self._kernels.gated(self._ring.here(module), x)

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """See Kernels."""
        return self._kernels.attend(q, k, v)


def ring_for(carrier: Carrier, unet: Any) -> Ring:
    """Room for the layers of this network's blocks."""
    return Ring(carrier, max(weight.numel() for weight in unet.parameters()))
