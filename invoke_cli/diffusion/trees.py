"""Computations whose numbers can be exchanged: what is captured once must serve every step.

A kernel that was captured reads the same memory each time, and a Python float is baked into it. So what
differs from step to step is told apart from what is done with it: a `Tree` is a frozen dataclass that
computes when it is called, and its tensors and floats can be replaced by others, floats by tensors too.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any, TypeAlias, TypeVar

import torch
from torch import Tensor

T = TypeVar("T")

Number: TypeAlias = "float | Tensor"
"""A coefficient: a Python float, or where steps are captured a tensor of no dimensions on their device."""


Compute: TypeAlias = "Callable[[Tensor], Tensor]"
"""What is left to compute once all but the latents is known; a `Tree` where it can be captured."""


class Tree:
    """Base of frozen dataclasses made of tensors, floats, other trees, tuples, lists and dicts of such.

    Whatever else they hold (networks, functions, dtypes) is part of what they do, and stays.
    """


@dataclass(frozen=True, eq=False)
class Once(Tree):
    """A computation that is different each time it is made; nobody can exchange what it works with."""

    run: Callable[..., Any]

    def __call__(self, *inputs: Any) -> Any:
        """Compute."""
        return self.run(*inputs)


@dataclass(frozen=True, eq=False)
class _Fixed:
    """Something that is equal to itself alone, whatever it thinks of that. It lives as long as a key does."""

    value: object

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Fixed) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


PARTED = (tuple, list, Tree, dict)
PLAIN = (int, str, torch.dtype, type(None))


class Leaves:
    """The tensors and numbers of a tree in their order, and its form without them.

    form: equal for trees that do the same with tensors of the same shapes; None where there is a `Once`.
    """

    def __init__(self, tree: Any) -> None:
        self.tensors: list[Tensor] = []
        self.numbers: list[float] = []
        self._can_be_exchanged = True
        form = self._form(tree)
        self.form: Hashable | None = form if self._can_be_exchanged else None

    def _form(self, tree: Any) -> Hashable:
        if isinstance(tree, Tensor):
            self.tensors.append(tree)
            return (tree.shape, tree.dtype, tree.device)
        if isinstance(tree, float):
            self.numbers.append(tree)
            return float
        if isinstance(tree, Once):
            self._can_be_exchanged = False
            return Once
        if isinstance(tree, PARTED):
            names = tuple(tree) if isinstance(tree, dict) else ()
            return (type(tree), names, *map(self._form, _parts(tree)))
        return tree if isinstance(tree, PLAIN) else _Fixed(tree)


def exchanged(tree: T, tensors: Iterable[Tensor], numbers: Iterable[Number]) -> T:
    """The same computation on other tensors and numbers, in the order of `Leaves`."""
    made: T = _exchanged(tree, iter(tensors), iter(numbers))
    return made


def _exchanged(tree: Any, tensors: Iterator[Tensor], numbers: Iterator[Number]) -> Any:
    if isinstance(tree, Tensor):
        return next(tensors)
    if isinstance(tree, float):
        return next(numbers)
    if not isinstance(tree, PARTED):
        return tree
    parts = [_exchanged(part, tensors, numbers) for part in _parts(tree)]
    if isinstance(tree, Tree):
        return type(tree)(*parts)
    return dict(zip(tree, parts, strict=True)) if isinstance(tree, dict) else type(tree)(parts)


def _parts(tree: Any) -> Iterable[Any]:
    if isinstance(tree, Tree):
        return [getattr(tree, field.name) for field in fields(tree)]  # type: ignore[arg-type]
    return tree.values() if isinstance(tree, dict) else tree
