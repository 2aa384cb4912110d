"""Ways to run the network: replays give the bits of the walk itself, and what fails falls back to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.engines import Compiled, Engine, Graphed
from invoke_cli.diffusion.generate import Picture, generate
from invoke_cli.diffusion.recipe import Recipe

Make = Callable[..., Recipe]


class Recorded:
    """Stands in for a CUDA graph: runs the captured function again on the same tensors."""

    def __init__(self) -> None:
        self.captured = 0
        self.replayed = 0

    def __call__(self, run: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
        self.captured += 1
        result = torch.full_like(run(), torch.nan)

        def replay() -> None:
            self.replayed += 1
            result.copy_(run())

        return replay, result


def drawn(bundle: Bundle, recipe: Recipe, engine: Engine) -> Picture:
    bundle.kept.engines.get("engine", lambda: engine)
    *_, picture = generate(bundle, recipe)
    assert isinstance(picture, Picture)
    return picture


def eager(bundle: Bundle, recipe: Recipe) -> Any:
    *_, picture = generate(bundle, recipe)
    return picture.rgb.tolist()  # type: ignore[union-attr]


def copy_of(bundle: Bundle) -> Bundle:
    from dataclasses import replace

    return replace(bundle)


def test_a_replay_gives_the_same_bits(bundle: Bundle, recipe: Make) -> None:
    record = Recorded()
    graphed, other = Graphed(record), copy_of(bundle)
    for changes in ({}, {"seed": 3}, {"positive": (("a dog", 1.0),)}, {"sampler": "k_heun", "scale": 3.0}):
        one = recipe(**changes)
        assert drawn(other, one, graphed).rgb.tolist() == eager(bundle, one)
    assert record.captured == 1
    assert record.replayed == 4 + 4 + 4 + 7


def test_a_graph_for_each_shape_and_few_of_them(bundle: Bundle, recipe: Make) -> None:
    record = Recorded()
    graphed, other = Graphed(record, most=2), copy_of(bundle)
    sizes = (64, 72, 80, 64)
    for width in sizes:
        one = recipe(width=width, steps=2)
        assert drawn(other, one, graphed).rgb.tolist() == eager(bundle, one)
    assert record.captured == 4


def test_other_weights_make_graphs_anew(bundle: Bundle, recipe: Make) -> None:
    record = Recorded()
    graphed, other = Graphed(record), copy_of(bundle)
    drawn(other, recipe(), graphed)
    layer = other.unet.conv_out
    before = layer.weight
    layer.weight = torch.nn.Parameter(before * 2, requires_grad=False)
    try:
        changed = drawn(other, recipe(), graphed).rgb.tolist()
        assert changed == eager(copy_of(bundle), recipe())
    finally:
        layer.weight = before
    assert record.captured == 2


def test_what_cannot_be_captured_is_drawn_without_and_said_once(bundle: Bundle, recipe: Make) -> None:
    def fail(_: object) -> Any:
        raise RuntimeError("operation not permitted when stream is capturing\nand so on")

    other = copy_of(bundle)
    picture = drawn(other, recipe(), Graphed(fail))
    assert picture.rgb.tolist() == eager(bundle, recipe())
    assert [note for note in picture.notes if "capturing" in note and "\n" not in note]
    assert drawn(other, recipe(), Graphed(fail)).notes == ()


def test_a_compiled_walk_draws_the_same_within_rounding(bundle: Bundle, recipe: Make) -> None:
    picture = drawn(copy_of(bundle), recipe(steps=2), Compiled("eager"))
    plain = torch.tensor(eager(bundle, recipe(steps=2)))
    assert picture.notes == ()
    assert int((torch.tensor(picture.rgb.tolist()) - plain).abs().max()) <= 1


def test_where_nothing_compiles_it_is_drawn_without_and_said(bundle: Bundle, recipe: Make) -> None:
    picture = drawn(copy_of(bundle), recipe(steps=2), Compiled("no such backend"))
    assert picture.rgb.tolist() == eager(bundle, recipe(steps=2))
    assert "torch.compile does not work here" in picture.notes[0]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_cuda_graph_gives_the_bits_of_the_kernels_it_captured(bundle: Bundle, recipe: Make) -> None:
    from dataclasses import replace

    from invoke_cli.diffusion.engines import Eager

    parts = {name: getattr(bundle, name).to("cuda") for name in ("unet", "vae", "text_encoder")}
    there = replace(bundle, device=torch.device("cuda"), **parts)
    plain = drawn(there, recipe(), Eager())
    assert drawn(replace(there), recipe(), Graphed()).rgb.tolist() == plain.rgb.tolist()
