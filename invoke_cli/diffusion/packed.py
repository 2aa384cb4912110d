"""Weights in the order in which oneDNN multiplies, made once instead of at every call. CPUs only.

A packed weight belongs to the parameter that it was made from and is kept on it, so weights that an adapter
puts in a module's place bring their own, and nobody has to say that anything has changed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from invoke_cli.diffusion.recent import MEGABYTE

SHAPES = 3
"""For so many sizes of pictures convolutions stay packed; where memory is spared, for one."""

SPARED = 128 * MEGABYTE
"""A network with more bytes than this has its weights only once: packed, and not also as they were."""

NOTHING_ELSE: tuple[str, list[Any], str] = ("none", [], "")
"""For oneDNN's operations: nothing is computed of what they have multiplied."""


Packings = tuple[Tensor, ...]
"""A packed weight, in one piece or in several of its rows."""


Part = tuple[int, int]
"""Which piece of how many."""


class Place(Protocol):
    """Where the packed forms of a weight are kept for the next start; a parameter may have one, `place`."""

    @property
    def dtype(self) -> torch.dtype:
        """Of the weight that is packed there. A network may be brought into another one for a while."""

    def find(self, purpose: Hashable, part: Part, shape: tuple[int, ...]) -> Tensor | None:
        """The part of the weight, of this shape, as it is packed for this, or None."""

    def offer(self, purpose: Hashable, part: Part, packed: Tensor) -> None:
        """What was packed for this, to be kept."""


@dataclass
class _Forms:
    """What was made of a parameter: its rows, packed, by what they are for, the last used at the end."""

    stamp: tuple[object, ...]
    kept: OrderedDict[Hashable, Packings] = field(default_factory=OrderedDict)


def packed_linear(module: nn.Module, *, spare: bool = False) -> Tensor:
    """The weight of a linear layer, or of a 1x1 convolution taken for one, packed.

    spare: give up the plain weight, of which `dense` makes it again, so that it is in memory once.
    """
    (packed,) = _form(module, "linear", _pack_linear, lambda weight: (weight.flatten(1),), spare)
    return packed


def packed_halves(module: nn.Linear, *, spare: bool = False) -> tuple[Tensor, Tensor]:
    """The same of a linear layer, for the first and the second half of what it gives."""
    first, second = _form(module, "halves", _pack_linear, lambda weight: weight.chunk(2), spare)
    return first, second


def packed_convolution(
    module: nn.Conv2d, padding: tuple[int, int], size: tuple[int, ...], *, spare: bool = False
) -> Tensor:
    """The weight of a convolution, packed for inputs of this size, (B, C, H, W); for others it is slow."""

    def pack(weight: Tensor) -> Tensor:
        packed: Tensor = torch.ops.mkldnn._reorder_convolution_weight(
            weight, padding, module.stride, module.dilation, module.groups, size
        )
        return packed

    (packed,) = _form(module, (padding, size), pack, lambda weight: (weight,), spare)
    return packed


def dense(weight: nn.Parameter) -> nn.Parameter:
    """The weight as it was loaded, bit for bit; the very same where it was not given up."""
    if not weight.is_meta:
        return weight
    rows = [packed.to_dense() for packed in next(reversed(_forms(weight).kept.values()))]
    whole = rows[0] if len(rows) == 1 else torch.cat(rows)
    return nn.Parameter(whole.reshape(weight.shape), requires_grad=False)


def given_up(weight: Tensor) -> bool:
    """Whether only the packed form of this weight is in memory."""
    return weight.is_meta and hasattr(weight, "forms")


def unpack(network: Any) -> None:
    """Put the plain weights back into a network, as it must be before it is called or changed itself."""
    for module in network.modules():
        weight = module._parameters.get("weight")
        if weight is not None and given_up(weight):
            module.weight = dense(weight)


Pack = Callable[[Tensor], Tensor]
Cut = Callable[[Tensor], Sequence[Tensor]]
"""A weight as the rows that are packed by themselves."""


def _form(module: Any, key: Hashable, pack: Pack, cut: Cut, spare: bool) -> Packings:
    weight: nn.Parameter = module.weight
    forms = _forms(weight)
    if key in forms.kept:
        forms.kept.move_to_end(key)
        return forms.kept[key]
    place: Place | None = getattr(weight, "place", None)
    if place is not None and place.dtype != weight.dtype:
        place = None
    packed = None if place is None else _found(place, key, cut(weight))
    if packed is None:
        packed = tuple(map(pack, cut(dense(weight).data)))
        if place is not None:
            for index, rows in enumerate(packed):
                place.offer(key, (index, len(packed)), rows)
    forms.kept[key] = packed
    while len(forms.kept) > (1 if spare else SHAPES):
        forms.kept.popitem(last=False)
    if spare and not weight.is_meta:
        module.weight = _stand_in(weight, forms.kept)
    return packed


def _found(place: Place, key: Hashable, pieces: Sequence[Tensor]) -> Packings | None:
    """The packed weight where it was kept, if all of it was. pieces: of whose shapes it would be unpacked."""
    count = len(pieces)
    found = [place.find(key, (index, count), tuple(rows.shape)) for index, rows in enumerate(pieces)]
    whole = tuple(rows for rows in found if rows is not None)
    return whole if len(whole) == len(found) else None


def _pack_linear(weight: Tensor) -> Tensor:
    packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight)
    return packed


def _stand_in(weight: nn.Parameter, kept: OrderedDict[Hashable, Packings]) -> nn.Parameter:
    """A parameter of the weight's shape and dtype without memory of its own, but for what is packed."""
    empty: Any = nn.Parameter(torch.empty_like(weight, device="meta"), requires_grad=False)
    empty.forms, empty.place = _Forms(_stamp(empty), kept), getattr(weight, "place", None)
    return empty  # type: ignore[no-any-return]


def _forms(weight: Any) -> _Forms:
    """What is kept of the weight as it is now; of what it was before, nothing is."""
    forms: _Forms | None = getattr(weight, "forms", None)
    if forms is None or forms.stamp != _stamp(weight):
        forms = weight.forms = _Forms(_stamp(weight))
    return forms


def _stamp(weight: Tensor) -> tuple[object, ...]:
    version = 0 if weight.is_inference() else weight._version
    return (weight.data_ptr(), version, weight.dtype)


def is_large(network: Any) -> bool:
    """Whether its weights should be in memory only once."""
    parameters = network.parameters() if hasattr(network, "parameters") else ()
    size: int = sum(weight.numel() * weight.element_size() for weight in parameters)
    return size > SPARED
