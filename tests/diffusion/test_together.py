"""Pictures drawn in one call of the network: each comes out as if it had been drawn alone."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from invoke_cli.diffusion.alone import as_if_alone
from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.conditioning import Conditioning, side_by_side
from invoke_cli.diffusion.generate import sample
from invoke_cli.diffusion.recipe import Recipe
from invoke_cli.diffusion.samplers import SAMPLERS
from invoke_cli.diffusion.step import Step

Make = Callable[..., Recipe]


def drawn(bundle: Bundle, *recipes: Recipe) -> tuple[list[tuple[Step, ...]], Tensor]:
    steps: list[tuple[Step, ...]] = []
    running: Generator[tuple[Step, ...], None, Tensor] = sample(bundle, recipes)
    while True:
        try:
            steps.append(next(running))
        except StopIteration as end:
            return steps, end.value


def assert_as_alone(bundle: Bundle, recipes: Sequence[Recipe]) -> None:
    steps, latents = drawn(bundle, *recipes)
    for row, recipe in enumerate(recipes):
        own, alone = drawn(bundle, recipe)
        assert torch.equal(latents[row : row + 1], alone)
        assert len(own) == len(steps)
        for (single,), several in zip(own, steps, strict=True):
            assert torch.equal(several[row].clean, single.clean)
            assert torch.equal(several[row].x, single.x)
            assert several[row].before is not None
            assert several[row].before.shape == single.x.shape


@pytest.mark.parametrize("name", list(SAMPLERS))
def test_each_draws_its_own_noise_on_the_way(name: str, bundle: Bundle, recipe: Make) -> None:
    assert_as_alone(bundle, [recipe(sampler=name, seed=seed, steps=3) for seed in (1, 2, 3)])


def test_each_has_its_own_prompt_start_and_mask(bundle: Bundle, init: np.ndarray, recipe: Make) -> None:
    left = np.zeros((64, 64), np.float32)
    left[:, :32] = 1
    common = {"strength": 0.7, "steps": 6}
    first = recipe(rgb=init, mask=left, negative=(("dog", 1.0),), **common)
    second = recipe(rgb=255 - init, mask=1 - left, positive=(("a barn", 1.3),), blend=((5, 0.2),), **common)
    assert_as_alone(bundle, [first, second])


@pytest.mark.parametrize("scale", [0.0, 1.0, 7.5])
def test_with_and_without_guidance(scale: float, bundle: Bundle, recipe: Make) -> None:
    assert_as_alone(bundle, [recipe(scale=scale, seed=seed, perlin=0.1) for seed in (1, 2)])


def test_tiling(bundle: Bundle, recipe: Make) -> None:
    assert_as_alone(bundle, [recipe(seamless=("x",), seed=seed) for seed in (1, 2)])


def test_one_call_a_step(counting: Bundle, recipe: Make) -> None:
    drawn(counting, *(recipe(seed=seed, steps=4) for seed in (1, 2, 3)))
    assert counting.unet.batches == [6] * 4


class Fickle(nn.Linear):
    """A layer whose rounding, greatly exaggerated, depends on the number of rows."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + len(x)


class Steady(nn.Linear):
    """A layer that counts its calls and does not look at the number of rows."""

    calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return x * 2


def test_only_layers_that_look_at_the_number_of_rows_run_picture_by_picture(bundle: Bundle) -> None:
    network = nn.Sequential(Steady(2, 2), Fickle(2, 2))
    together = replace(bundle, unet=network)
    x = torch.arange(12.0).reshape(6, 2)
    alone = torch.cat([network(part) for part in x.chunk(3)])
    assert not torch.equal(network(x), alone)
    calls = []
    for _ in range(3):
        before = network[0].calls
        with as_if_alone(together, 3, x, x):
            assert torch.equal(network(x), alone)
        calls.append(network[0].calls - before)
    assert calls == [4, 1, 1]  # the first call tries both ways
    assert not torch.equal(network(x), alone)


def test_a_layer_keeps_a_forward_of_its_own(bundle: Bundle) -> None:
    layer = Fickle(2, 2)
    layer.forward = own = lambda x: x + len(x)  # type: ignore[method-assign,assignment]
    x = torch.ones(4, 2)
    with as_if_alone(replace(bundle, unet=nn.Sequential(layer)), 2, x, x):
        assert torch.equal(layer(x), x + 2)
    assert layer.forward is own


def test_conditionings_stand_side_by_side() -> None:
    def one(value: float) -> Conditioning:
        size = torch.tensor([[-value], [value]])
        return Conditioning(torch.full((1, 1, 1), value), torch.full((1, 1, 1), -value), {"size": size})

    both: Any = side_by_side([one(1.0), one(2.0)])
    assert both.positive.flatten().tolist() == [1, 2]
    assert both.negative.flatten().tolist() == [-1, -2]
    assert both.added["size"].flatten().tolist() == [-1, -2, 1, 2]
