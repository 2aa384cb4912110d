"""What a network is made of, for whoever walks through one: convolutions, linear layers, attention."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from invoke_cli.diffusion.attention import by_rows
from invoke_cli.diffusion.packed import NOTHING_ELSE, packed_convolution, packed_halves, packed_linear
from invoke_cli.diffusion.tiling import wrapped

Axes = Collection[str]


class Kernels(Protocol):
    """The heavy operations of a network; each takes the module whose weights it uses."""

    def conv(self, module: nn.Conv2d, x: Tensor, axes: Axes = (), bias: Tensor | None = None) -> Tensor:
        """The convolution of x, (B, C, H, W), which tiles along `axes`; bias: in place of the module's."""

    def linear(self, module: nn.Module, x: Tensor) -> Tensor:
        """A linear layer, or a 1x1 convolution taken for one, on the last axis of x."""

    def gated(self, module: nn.Linear, x: Tensor) -> Tensor:
        """The first half of what a linear layer gives, times GELU of the second.

        Shazeer 2020 (arXiv 2002.05202), GEGLU.
        """

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attention of (B, heads, L, d); the result is laid out as (B, L, heads, d)."""


class Plain:
    """torch's own operations, for any device."""

    def conv(self, module: nn.Conv2d, x: Tensor, axes: Axes = (), bias: Tensor | None = None) -> Tensor:
        """See Kernels."""
        x, padding = wrapped(x, _padding(module), axes)
        bias = module.bias if bias is None else bias
        return functional.conv2d(
            x, module.weight, bias, module.stride, padding, module.dilation, module.groups
        )

    def linear(self, module: Any, x: Tensor) -> Tensor:
        """See Kernels."""
        return functional.linear(x, module.weight.flatten(1), module.bias)

    def gated(self, module: nn.Linear, x: Tensor) -> Tensor:
        """See Kernels."""
        value, gate = self.linear(module, x).chunk(2, dim=-1)
        return functional.gelu(gate).mul_(value)

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """See Kernels."""
        return functional.scaled_dot_product_attention(q, k, v).transpose(1, 2)


@dataclass(frozen=True)
class Packed:
    """oneDNN's operations on packed weights, for CPUs. spare: the plain weights are given up."""

    spare: bool = False

    def conv(self, module: nn.Conv2d, x: Tensor, axes: Axes = (), bias: Tensor | None = None) -> Tensor:
        """See Kernels."""
        x, padding = wrapped(x, _padding(module), axes)
        x = x.contiguous(memory_format=torch.channels_last)
        weight = packed_convolution(module, padding, tuple(x.shape), spare=self.spare)
        bias = module.bias if bias is None else bias
        y: Tensor = torch.ops.mkldnn._convolution_pointwise(
            x, weight, bias, padding, module.stride, module.dilation, module.groups, *NOTHING_ELSE
        )
        return y

    def linear(self, module: Any, x: Tensor) -> Tensor:
        """See Kernels."""
        y: Tensor = torch.ops.mkldnn._linear_pointwise(
            x, packed_linear(module, spare=self.spare), module.bias, *NOTHING_ELSE
        )
        return y

    def gated(self, module: nn.Linear, x: Tensor) -> Tensor:
        """See Kernels. GELU is taken of a product before that is written."""
        product = torch.ops.mkldnn._linear_pointwise
        for_value, for_gate = packed_halves(module, spare=self.spare)
        value_bias, gate_bias = (None, None) if module.bias is None else module.bias.chunk(2)
        value: Tensor = product(x, for_value, value_bias, *NOTHING_ELSE)
        return value.mul_(product(x, for_gate, gate_bias, "gelu", [], "none"))

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """See Kernels."""
        products = q.shape[2] * k.shape[2] * q.shape[3]
        if products < WORTHWHILE or not fused_attention_is_slow():
            return functional.scaled_dot_product_attention(q, k, v).transpose(1, 2)
        return by_rows(q, k, v)


def _padding(module: nn.Conv2d) -> tuple[int, int]:
    rows, columns = (int(size) for size in module.padding)
    return rows, columns


WORTHWHILE = 3_000_000
"""Below so many products of numbers within a head's scores the fused kernel wins everywhere."""


@cache
def fused_attention_is_slow() -> bool:
    """Whether torch's attention multiplies with a library that holds back on this maker's CPUs.

    It goes through MKL, which on AMD's leaves half of the vector unit idle; oneDNN does not.
    """
    try:
        about = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return "AuthenticAMD" in about and bool(torch._C.has_mkl)


def packs(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether this device multiplies packed weights of this dtype faster than plain ones."""
    if device.type != "cpu" or not torch._C._has_mkldnn:
        return False
    if dtype == torch.bfloat16:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return dtype == torch.float32


def hasten(network: Any, kernels: Kernels) -> None:
    """Let a network that is called run its convolutions on these kernels, and attention that is a method."""
    for module in network.modules():
        if hasattr(module, "attend") and "attend" not in vars(module):
            module.attend = partial(_attended, kernels, module.attend)
        if type(module) is nn.Conv2d and "forward" not in vars(module):
            module.forward = partial(_hastened, kernels, module)  # type: ignore[method-assign]


def _attended(kernels: Kernels, plain: Callable[..., Tensor], q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return kernels.attend(q, k, v) if packs(q.device, q.dtype) else plain(q, k, v)


def _hastened(kernels: Kernels, module: nn.Conv2d, x: Tensor) -> Tensor:
    # the network may have been moved since
    return (kernels if packs(x.device, x.dtype) else Plain()).conv(module, x)
