"""Pictures that tile: convolutions that see the picture's far edge beyond its near one."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, cast

from torch import Tensor, nn


@contextmanager
def circular(network: nn.Module, axes: Collection[str]) -> Iterator[None]:
    """Within this block the network's convolutions wrap around along `axes` ("x", "y" or both).

    Afterwards the network is what it was. Convolutions that do not pad are left alone, but for those of
    an encoder's downsamplers, which get a row and a column of zeros added at the far edges.
    """
    with ExitStack() as stack:
        for module in network.modules() if axes else ():
            if _adds_zeros(module):
                stack.enter_context(_joining(cast("nn.Module", module.conv), axes))
            if isinstance(module, nn.Conv2d) and isinstance(module.padding, tuple):
                stack.enter_context(_wrapping(module, axes))
        yield


def _adds_zeros(module: nn.Module) -> bool:
    """Whether it is one of diffusers' Downsample2D that pad by themselves; known by what that looks at."""
    return getattr(module, "use_conv", False) is True and getattr(module, "padding", None) == 0


@contextmanager
def _joining(convolution: nn.Module, axes: Collection[str]) -> Iterator[None]:
    """Puts the near edge where a downsampler has added zeros beyond the far one."""

    def join(_module: nn.Module, inputs: tuple[Any, ...]) -> Tensor:
        joined: Tensor = inputs[0].clone()
        if "y" in axes:
            joined[..., -1, :] = joined[..., 0, :]
        if "x" in axes:
            joined[..., -1] = joined[..., 0]
        return joined

    hook = convolution.register_forward_pre_hook(join)
    try:
        yield
    finally:
        hook.remove()


@contextmanager
def _wrapping(convolution: nn.Conv2d, axes: Collection[str]) -> Iterator[None]:
    """Moves the convolution's padding along `axes` out to a circular one before it."""
    padding = convolution.padding
    rows, columns = (int(size) for size in padding)

    def wrap(_module: nn.Module, inputs: tuple[Any, ...]) -> Tensor:
        return wrapped(inputs[0], (rows, columns), axes)[0]

    hook = convolution.register_forward_pre_hook(wrap)
    convolution.padding = (rows - (rows if "y" in axes else 0), columns - (columns if "x" in axes else 0))
    try:
        yield
    finally:
        convolution.padding = padding
        hook.remove()


def wrapped(x: Tensor, padding: tuple[int, int], axes: Collection[str]) -> tuple[Tensor, tuple[int, int]]:
    """X with its far edges before its near ones along `axes`, and the padding that is left to do.

    x: (B, C, H, W). padding: of a convolution, in rows and columns.
    """
    down = padding[0] if "y" in axes else 0
    across = padding[1] if "x" in axes else 0
    if down == across == 0:
        return x, padding
    padded = nn.functional.pad(x, (across, across, down, down), mode="circular")
    return padded, (padding[0] - down, padding[1] - across)
