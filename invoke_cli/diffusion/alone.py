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

from invoke_cli.diffusion.kernels import Axes, Kernels

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
    known = bundle.kept.split_layers.get(key)
    found: set[str] = set()
    with _wrapped(bundle.unet, known, _comparing(pictures, found) if known is None else _splitting(pictures)):
        yield
    if known is None:
        bundle.kept.split_layers[key] = frozenset(found)


class Alone:
    """Kernels that give each of several pictures the very bits of its own call; see above.

    The first operation of its kind runs both ways.
    """

    def __init__(self, kernels: Kernels, pictures: int) -> None:
        self._kernels = kernels
        self._pictures = pictures
        self._splits: dict[object, bool] = {}

    def conv(self, module: nn.Conv2d, x: Tensor, axes: Axes = (), bias: Tensor | None = None) -> Tensor:
        """See Kernels."""
        return self._run(module, lambda part: self._kernels.conv(module, part, axes, bias), x)

    def linear(self, module: nn.Module, x: Tensor) -> Tensor:
        """See Kernels."""
        return self._run(module, lambda part: self._kernels.linear(module, part), x)

    def gated(self, module: nn.Linear, x: Tensor) -> Tensor:
        """See Kernels."""
        return self._run((module, "gated"), lambda part: self._kernels.gated(module, part), x)

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """See Kernels."""
        return self._run(k.shape, self._kernels.attend, q, k, v)

    def _run(self, of: object, run: Forward, *inputs: Tensor) -> Tensor:
        if any(len(tensor) % self._pictures for tensor in inputs):
            return run(*inputs)
        key = (of, inputs[0].shape, torch.get_num_threads())
        if key not in self._splits:
            exact = self._in_turns(run, inputs)
            self._splits[key] = not torch.equal(exact, run(*inputs))
            return exact
        return self._in_turns(run, inputs) if self._splits[key] else run(*inputs)

    def _in_turns(self, run: Forward, inputs: tuple[Tensor, ...]) -> Tensor:
        parts = zip(*(tensor.chunk(self._pictures) for tensor in inputs), strict=True)
        return torch.cat([run(*part) for part in parts])


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
