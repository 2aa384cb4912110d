"""Weights that wait in main memory and come to the device for their turn.

A network in its turn is there as a whole (`visiting`); of one too large for that only the layers at work are,
with those that come next on their way (see `streamed`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from invoke_cli.diffusion.parts import knows

CPU = torch.device("cpu")

Arrival = Callable[[], None]
"""Makes what is computed from now on wait until a copy is done."""


class Carrier(Protocol):
    """Carries weights between main memory and a device.

    away: whether networks may be in main memory, or some of their weights; else each is there or here as a
    whole, and to look at one weight is enough.
    """

    away: bool

    def is_home(self, weight: Tensor, /) -> bool:
        """Whether the weight is in main memory."""

    def home(self, weight: Tensor, /) -> Tensor:
        """A copy in main memory."""

    def bring(self, weight: Tensor, /) -> Tensor:
        """A copy on the device."""

    def room(self, count: int, like: Tensor, /) -> Tensor:
        """Memory of the device for so many values of this weight's dtype, flat."""

    def start(self, weight: Tensor, into: Tensor, /) -> Arrival:
        """Begin to copy into memory that nothing reads any more but what was computed until now."""


class CudaCarrier:
    """Between pinned memory and a CUDA device; layers are copied while others compute."""

    def __init__(self, device: torch.device) -> None:
        self.away = False
        self._device = device
        self._side: Any = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def is_home(self, weight: Tensor, /) -> bool:
        """See Carrier."""
        return weight.device == CPU

    def home(self, weight: Tensor, /) -> Tensor:
        """See Carrier."""
        here = weight.cpu()
        try:
            return here.pin_memory()
        except RuntimeError:  # no more memory may be pinned: copies then take longer
            return here

    def bring(self, weight: Tensor, /) -> Tensor:
        """See Carrier."""
        return weight.to(self._device, non_blocking=True)

    def room(self, count: int, like: Tensor, /) -> Tensor:
        """See Carrier."""
        made = torch.empty(count, dtype=like.dtype, device=self._device)
        made.record_stream(self._side)  # a copy may still go on when it is given up
        return made

    def start(self, weight: Tensor, into: Tensor, /) -> Arrival:
        """See Carrier."""
        current = torch.cuda.current_stream(self._device)
        self._side.wait_stream(current)
        with torch.cuda.stream(self._side):
            into.copy_(weight, non_blocking=True)
            done = self._side.record_event()
        return lambda: current.wait_event(done)


def carrier_of(device: torch.device) -> Carrier | None:
    """What carries weights to this device; None where main memory is the device's own."""
    return CudaCarrier(device) if device.type == "cuda" else None


def tensors(network: Any) -> Iterator[Tensor]:
    """The weights and buffers of a network; none of something that is not made of torch's modules."""
    if hasattr(network, "parameters"):
        yield from network.parameters()
        yield from network.buffers()


def send_home(carrier: Carrier, network: Any) -> None:
    """Put all of a network into main memory, where it waits."""
    for tensor in tensors(network):
        if not carrier.is_home(tensor):
            tensor.data = carrier.home(tensor.data)


def settle(carrier: Carrier, network: Any) -> None:
    """Put all of a network on the device, where it stays."""
    for tensor in tensors(network):
        if carrier.is_home(tensor):
            tensor.data = carrier.bring(tensor.data)


@contextmanager
def visiting(carrier: Carrier | None, *networks: Any) -> Iterator[None]:
    """Within this block the networks are on the device; what was in main memory then waits there again."""
    if carrier is None or not (carrier.away or any(_begins_home(carrier, each) for each in networks)):
        yield
        return
    away = [each for network in networks for each in tensors(network) if carrier.is_home(each)]
    homes = [each.data for each in away]
    try:
        for tensor, home in zip(away, homes, strict=True):
            tensor.data = carrier.bring(home)
        yield
    finally:
        for tensor, home in zip(away, homes, strict=True):
            tensor.data = home


def keep_small(carrier: Carrier, unet: Any) -> None:
    """Send a UNet's layers home, and keep what a walk uses beside its `Kernels` on the device.

    That is norms, biases, and all that lies outside of the blocks.
    """
    blocks = (*unet.down_blocks, unet.mid_block, *unet.up_blocks)
    layers = {
        id(module.weight)
        for block in blocks
        for module in block.modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    }
    for tensor in tensors(unet):
        if (id(tensor) in layers) != carrier.is_home(tensor):
            move = carrier.home if id(tensor) in layers else carrier.bring
            tensor.data = move(tensor.data)


def _begins_home(carrier: Carrier, network: Any) -> bool:
    first = next(tensors(network), None)
    return first is not None and carrier.is_home(first)


def place(carrier: Carrier, unet: Any, networks: Iterable[Any], *, away: bool) -> None:
    """Put a model's networks on the device, or let them wait away from it for their turn."""
    if not away and not carrier.away:
        return
    carrier.away = True  # also where memory runs out on the way
    if away and knows(unet):
        keep_small(carrier, unet)
    else:
        networks = (unet, *networks)
    for network in networks:
        (send_home if away else settle)(carrier, network)
    carrier.away = away
