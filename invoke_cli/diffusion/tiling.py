"""Pictures that tile: convolutions that see the picture's far edge beyond its near one."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import Tensor, nn


@contextmanager
def circular(network: nn.Module, axes: Collection[str]) -> Iterator[None]:
    """Within this block the network's convolutions wrap around along `axes` ("x", "y" or both).

    Afterwards the network is what it was. Convolutions that do not pad are left alone.
    """
    with ExitStack() as stack:
        for module in network.modules() if axes else ():
            if isinstance(module, nn.Conv2d) and isinstance(module.padding, tuple):
                stack.enter_context(_wrapping(module, axes))
        yield


@contextmanager
def _wrapping(convolution: nn.Conv2d, axes: Collection[str]) -> Iterator[None]:
    """Moves the convolution's padding along `axes` out to a circular one before it."""
    padding = convolution.padding
    rows, columns = (int(size) for size in padding)
    down = rows if "y" in axes else 0
    across = columns if "x" in axes else 0

    def wrap(_module: nn.Module, inputs: tuple[Any, ...]) -> Tensor:
        padded: Tensor = nn.functional.pad(inputs[0], (across, across, down, down), mode="circular")
        return padded

    hook = convolution.register_forward_pre_hook(wrap)
    convolution.padding = (rows - down, columns - across)
    try:
        yield
    finally:
        convolution.padding = padding
        hook.remove()
