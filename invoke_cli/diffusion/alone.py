"""Pictures drawn together come out as if each had been drawn alone, bit for bit, on a CPU.

The rows of a batch do not meet in a network, but a library may take another kernel for another number of
rows, which rounds differently. Which layers that happens to depends on the processor, the library and the
shapes, and a guidance scale of 7.5 makes up to a hundredth of the pixels of it. So it is found out: in the
first call of its kind each layer runs both ways, and from then on those that differ run picture by picture.
They are few: in float32 the smallest matrix products and some convolutions of 1x1.

On a GPU the kernels of large batches are what they are wanted for, and pictures differ within rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from invoke_cli.diffusion.bundle import Bundle

Forward = Callable[..., Tensor]


@contextmanager
def as_if_alone(bundle: Bundle, pictures: int, x: Tensor, embeddings: Tensor) -> Iterator[None]:
    """Within this block a call of the UNet gives each of the pictures the very bits of its own call.

    x: (B, C, h, w), what the UNet will be given, with as many rows for each picture. embeddings: (B, L, D).
    """
    if pictures == 1 or bundle.device.type != "cpu":
        yield
        return
    key = (pictures, x.shape, embeddings.shape, torch.get_num_threads())
    known = bundle.split_layers.get(key)
    found: set[str] = set()
    with _wrapped(bundle.unet, known, _comparing(pictures, found) if known is None else _splitting(pictures)):
        yield
    if known is None:
        bundle.split_layers[key] = frozenset(found)


Wrap = Callable[[str, Forward], Forward]


def _splitting(pictures: int) -> Wrap:
    return lambda _name, forward: lambda *inputs, **more: _in_turns(forward, pictures, inputs, more)


def _comparing(pictures: int, found: set[str]) -> Wrap:
    """Runs a layer both ways, notes its name where that makes a difference, and gives the exact one."""

    def wrap(name: str, forward: Forward) -> Forward:
        def compared(*inputs: Tensor, **more: Any) -> Tensor:
            exact = _in_turns(forward, pictures, inputs, more)
            if not torch.equal(exact, forward(*inputs, **more)):
                found.add(name)
            return exact

        return compared

    return wrap


def _in_turns(forward: Forward, pictures: int, inputs: tuple[Any, ...], more: dict[str, Any]) -> Tensor:
    """The layer's results for as many rows at a time as belong to one picture."""
    first, *rest = inputs
    if len(first) % pictures:
        return forward(*inputs, **more)
    return torch.cat([forward(part, *rest, **more) for part in first.chunk(pictures)])


@contextmanager
def _wrapped(network: nn.Module, names: frozenset[str] | None, wrap: Wrap) -> Iterator[None]:
    """Within this block the layers of these names, or all that have weights, run as `wrap` makes them."""
    with ExitStack() as stack:
        for name, module in _layers(network):
            if names is None or name in names:
                stack.callback(_restored, module, module.__dict__.get("forward"))
                module.forward = wrap(name, module.forward)
        yield


def _restored(module: nn.Module, forward: Forward | None) -> None:
    """Puts back a forward of the module's own, where it had one; else its class's shows again."""
    if forward is None:
        del module.forward
    else:
        module.forward = forward


def _layers(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The modules that have weights and no parts."""
    for name, module in network.named_modules():
        if not any(True for _ in module.children()) and any(True for _ in module.parameters(recurse=False)):
            yield name, module
