"""Computations whose tensors and numbers can be exchanged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from invoke_cli.diffusion.trees import Leaves, Number, Once, Tree, exchanged


@dataclass(frozen=True, eq=False)
class Line(Tree):
    """a x + the sum of what is added, through a function."""

    a: Number
    added: dict[str, list[Tensor]]
    then: Callable[[Tensor], Tensor] = torch.sin
    name: str = "line"

    def __call__(self, x: Tensor) -> Tensor:
        total = self.a * x
        for each in self.added.values():
            total = total + sum(each)
        return self.then(total)


@dataclass(frozen=True, eq=False)
class Twice(Tree):
    inner: Any

    def __call__(self, x: Tensor) -> Tensor:
        return self.inner(self.inner(x))


def made(a: float, *added: float, then: Any = torch.sin) -> Twice:
    return Twice(Line(a, {"one": [torch.tensor([each]) for each in added], "two": []}, then))


def test_other_numbers_in_the_same_places_make_the_other_computation() -> None:
    one, other, x = made(2.0, 0.5, 0.25), made(-1.5, 1.0, 3.0), torch.tensor([0.3])
    leaves = Leaves(other)
    assert [tensor.item() for tensor in leaves.tensors] == [1.0, 3.0]
    assert leaves.numbers == [-1.5]
    numbers = torch.tensor(leaves.numbers).unbind()
    assert torch.equal(exchanged(one, leaves.tensors, numbers)(x), other(x))
    assert not torch.equal(one(x), other(x))


def test_what_does_the_same_has_the_same_form() -> None:
    form = Leaves(made(2.0, 0.5)).form
    assert form is not None
    assert Leaves(made(-1.0, 7.0)).form == form
    assert hash(Leaves(made(-1.0, 7.0)).form) == hash(form)
    different = (
        made(2.0, 0.5, 0.5),
        made(2.0, 0.5, then=torch.cos),
        Twice(Line(2.0, {"one": [torch.ones(2)], "two": []})),
        Twice(Line(2.0, {"one": [torch.ones(1, dtype=torch.float64)], "two": []})),
        Twice(Line(torch.tensor(2.0), {"one": [torch.ones(1)], "two": []})),
        Twice(Line(2.0, {"one": [torch.ones(1)], "two": []}, name="curve")),
        Twice(Line(2.0, {"one": [torch.ones(1)], "three": []})),
    )
    assert all(Leaves(tree).form not in (None, form) for tree in different)


def test_functions_are_told_apart_by_identity() -> None:
    """Two that are equal may do different things; a form keeps its own alive, so none takes its place."""

    class Equal:
        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 1

        def __call__(self, x: Tensor) -> Tensor:
            return x

    one, other = Equal(), Equal()
    assert Leaves(made(1.0, then=one)).form == Leaves(made(1.0, then=one)).form
    assert Leaves(made(1.0, then=one)).form != Leaves(made(1.0, then=other)).form


def test_what_is_different_each_time_has_no_form() -> None:
    once = Twice(Once(lambda x: x + 1))
    assert once(torch.zeros(1)).item() == 2
    assert Leaves(once).form is None
    assert Leaves((torch.zeros(1), [once])).form is None
