"""Ways to run the networks: replays give the bits of what they captured, and what fails falls back to it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.compiled import Compiler
from invoke_cli.diffusion.engines import Engine, Graphed
from invoke_cli.diffusion.generate import Picture, generate
from invoke_cli.diffusion.recipe import Recipe
from invoke_cli.diffusion.samplers import SAMPLERS
from invoke_cli.diffusion.step import Step

Make = Callable[..., Recipe]
Results = tuple[Tensor, ...]


class Recorded:
    """Stands in for a CUDA graph: runs the captured function again on the same tensors."""

    def __init__(self) -> None:
        self.captured = 0
        self.replayed = 0

    def __call__(self, run: Callable[[], Results]) -> tuple[Callable[[], None], Results]:
        self.captured += 1
        results = tuple(torch.full_like(result, torch.nan) for result in run())

        def replay() -> None:
            self.replayed += 1
            for result, made in zip(results, run(), strict=True):
                result.copy_(made)

        return replay, results


def refusing(_: object) -> Any:
    raise RuntimeError("operation not permitted when stream is capturing\nand so on")


def drawn(bundle: Bundle, recipe: Recipe) -> tuple[list[Step], Picture]:
    *steps, picture = generate(bundle, recipe)
    return steps, picture  # type: ignore[return-value]


def finished(bundle: Bundle, recipe: Recipe) -> Picture:
    return drawn(bundle, recipe)[1]


def run_by(engine: Engine | None, bundle: Bundle, recipe: Recipe) -> tuple[list[Step], Picture]:
    """By a copy of the model, which is another one to an engine."""
    return drawn(replace(bundle, shared_engine=engine), recipe)


def same(one: list[Step], other: list[Step]) -> bool:
    """Bit for bit, the latents and what the network believed in, at every step."""
    pairs = zip(one, other, strict=True)
    return all(torch.equal(a.x, b.x) and torch.equal(a.clean, b.clean) for a, b in pairs)


def nearly(one: list[Step], other: list[Step]) -> bool:
    """But for rounding: floats and tensors are multiplied by kernels of their own."""
    pairs = zip(one, other, strict=True)
    return all(torch.allclose(a.x, b.x, rtol=1e-4, atol=1e-4) for a, b in pairs)


MASK = np.zeros((64, 64), dtype=np.float32)
MASK[16:48, 16:48] = 1


@pytest.mark.parametrize("sampler", list(SAMPLERS))
def test_every_sampler_replays_the_bits_of_what_was_captured(
    sampler: str, bundle: Bundle, recipe: Make
) -> None:
    one, record = recipe(sampler=sampler, steps=5, threshold=3.0), Recorded()
    replayed, picture = run_by(Graphed(record), bundle, one)
    as_it_is, other = run_by(Graphed(refusing), bundle, one)
    assert record.replayed > 0
    assert same(replayed, as_it_is)
    assert picture.rgb.tolist() == other.rgb.tolist()
    assert nearly(as_it_is, run_by(None, bundle, one)[0])


@pytest.mark.parametrize(
    "changes",
    [
        {"scale": 1.0},
        {"scale": 0.0, "sampler": "k_dpmpp_2"},
        {"mirrors": (0.5, 0.0)},
        {"guidance": (0.5, 5.0)},
        {"seamless": ("x",)},
        {"first": (64, 64), "width": 80, "height": 80, "strength": 0.8, "sampler": "k_euler_a"},
        {"positive": (("a cat " * 40, 1.0),)},
        {"rgb": True, "strength": 0.7},
        {"rgb": True, "strength": 0.7, "mask": MASK, "threshold": 2.0, "sampler": "k_euler"},
    ],
    ids=lambda changes: ",".join(changes),
)
def test_all_that_stands_around_the_network_is_replayed(
    changes: dict[str, Any], bundle: Bundle, recipe: Make, init: Any
) -> None:
    one = recipe(steps=6, **{**changes, **({"rgb": init} if "rgb" in changes else {})})
    record = Recorded()
    replayed, _ = run_by(Graphed(record), bundle, one)
    as_it_is, _ = run_by(Graphed(refusing), bundle, one)
    assert record.replayed > 0
    assert same(replayed, as_it_is)
    assert nearly(as_it_is, run_by(None, bundle, one)[0])


def test_one_capture_serves_every_step_seed_prompt_and_scale(bundle: Bundle, recipe: Make) -> None:
    record = Recorded()
    one = replace(bundle, shared_engine=Graphed(record))
    variants: tuple[dict[str, Any], ...] = (
        {}, {"seed": 3}, {"positive": (("a dog", 1.0),)}, {"scale": 3.0}, {"steps": 6},
    )  # fmt: skip
    for changes in variants:
        replayed, _ = drawn(one, recipe(**changes))
        assert same(replayed, run_by(Graphed(refusing), bundle, recipe(**changes))[0])
    assert record.captured == 2  # a step, and the decoding
    assert record.replayed == 4 * 4 + 6 - 1 + len(variants) - 1  # the first of each ran as it is


def test_pictures_drawn_together_have_a_graph_of_their_own(bundle: Bundle, recipe: Make) -> None:
    from invoke_cli.diffusion.generate import sample

    record, ways = Recorded(), []
    for engine in (Graphed(record), Graphed(refusing)):
        both = sample(replace(bundle, shared_engine=engine), [recipe(seed=1), recipe(seed=2)])
        ways.append([one for steps in both for one in steps])
    assert record.captured == 1
    assert same(*ways)


def test_a_graph_for_each_shape_and_few_of_them(bundle: Bundle, recipe: Make) -> None:
    record = Recorded()
    one = replace(bundle, shared_engine=Graphed(record, most=2))
    for width in (64, 72, 80, 64):
        asked = recipe(width=width, steps=3)
        assert same(drawn(one, asked)[0], run_by(Graphed(refusing), bundle, asked)[0])
    assert record.captured == 4 + 1  # the steps of each, and the second decoding of the first size


def test_other_weights_make_graphs_anew(bundle: Bundle, recipe: Make) -> None:
    record = Recorded()
    one = replace(bundle, shared_engine=Graphed(record))
    drawn(one, recipe())
    layer = bundle.unet.conv_out
    before = layer.weight
    layer.weight = torch.nn.Parameter(before * 2, requires_grad=False)
    try:
        for _ in range(2):
            assert same(drawn(one, recipe())[0], run_by(Graphed(refusing), bundle, recipe())[0])
    finally:
        layer.weight = before
    assert record.captured == 1 + 2  # a step, and once more with the decoding


def test_graphs_of_another_model_are_given_up(bundle: Bundle, recipe: Make, vae: Any) -> None:
    record = Recorded()
    graphed = Graphed(record)
    one, other = (replace(bundle, shared_engine=graphed) for _ in range(2))
    other = replace(other, vae=copy.deepcopy(vae))
    for expected, which in ((1, one), (2, one), (3, other), (4, one)):  # a step; the decoding; all anew
        finished(which, recipe(steps=2))
        assert record.captured == expected


def test_what_cannot_be_captured_is_drawn_without_and_said_once(bundle: Bundle, recipe: Make) -> None:
    one = replace(bundle, shared_engine=Graphed(refusing))
    assert [note for note in finished(one, recipe()).notes if "capturing" in note and "\n" not in note]
    assert finished(one, recipe()).notes == ()


def test_where_memory_runs_out_graphs_are_given_up_first(bundle: Bundle, recipe: Make) -> None:
    """In a capture: that shape is drawn without from then on. Nothing is said, for nothing is lost."""

    class Full(Recorded):
        def __call__(self, run: Callable[[], Results]) -> tuple[Callable[[], None], Results]:
            if self.captured == 2:
                try:
                    raise torch.OutOfMemoryError("CUDA out of memory")
                finally:  # what ends a capture that has failed
                    raise RuntimeError("operation failed due to a previous error during capture")
            return super().__call__(run)

    full = Full()
    graphed = Graphed(full)
    one = replace(bundle, shared_engine=graphed)
    for width in (64, 72, 80, 80):
        steps, picture = drawn(one, recipe(width=width))
        assert same(steps, run_by(Graphed(refusing), bundle, recipe(width=width))[0])
        assert picture.notes == ()
    assert full.captured == 2
    assert full.replayed == 3 + 3
    graphed.forget()
    full.captured = 0
    drawn(one, recipe(width=80))
    assert full.captured == 1  # there may be room again


def test_a_run_that_does_not_fit_beside_graphs_is_tried_without(bundle: Bundle) -> None:
    left = [torch.OutOfMemoryError("CUDA out of memory")]
    graphed, x = Graphed(Recorded()), torch.ones(2)

    def large(x: Tensor) -> Tensor:
        if left:
            raise left.pop()
        return 2 * x

    with pytest.raises(torch.OutOfMemoryError):
        graphed(large, x)
    for _ in range(2):
        graphed(torch.sin, x)
    left.append(torch.OutOfMemoryError("CUDA out of memory"))
    assert graphed(large, torch.ones(3)).tolist() == [2, 2, 2]


# --- compiled walks -----------------------------------------------------------------------------------------


def compiled_by(backend: Any, bundle: Bundle) -> Bundle:
    one = replace(bundle, compiles=True)
    one.kept.compilers.get("compiler", lambda: Compiler(torch.device("cpu"), backend))
    return one


def test_a_walk_is_compiled_once_and_draws_the_same_within_rounding(bundle: Bundle, recipe: Make) -> None:
    """Captured, too: a second compilation takes minutes."""
    compiled: list[Any] = []

    def as_it_is(graph: Any, _inputs: Any) -> Any:
        compiled.append(graph)
        return graph.forward

    record = Recorded()
    one = compiled_by(as_it_is, replace(bundle, shared_engine=Graphed(record)))
    picture, plain = finished(one, recipe()), finished(bundle, recipe())
    assert len(compiled) == 1
    assert record.replayed == 3
    assert picture.notes == ()
    assert int((torch.tensor(picture.rgb) - torch.tensor(plain.rgb).int()).abs().max()) <= 1


def test_a_compiled_walk_is_captured_like_any(
    bundle: Bundle, recipe: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[object] = []

    def taken_as_it_is(_self: Compiler, function: Any) -> Any:
        compiled.append(function)
        return function

    monkeypatch.setattr(Compiler, "compiled", taken_as_it_is)
    record, one = Recorded(), replace(bundle, compiles=True)
    ways = [run_by(engine, one, recipe(steps=3))[0] for engine in (Graphed(record), Graphed(refusing))]
    assert record.replayed == 2
    assert len(compiled) == 2
    assert same(*ways)


def test_where_nothing_compiles_it_is_drawn_without_and_said(bundle: Bundle, recipe: Make) -> None:
    one = compiled_by("no such backend", bundle)
    picture = finished(one, recipe(steps=2))
    plain = finished(bundle, recipe(steps=2))
    assert int((torch.tensor(picture.rgb) - torch.tensor(plain.rgb).int()).abs().max()) <= 1
    assert "torch.compile does not work here" in picture.notes[0]
    assert finished(one, recipe(steps=2)).notes == ()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_cuda_graph_gives_the_bits_of_the_kernels_it_captured(bundle: Bundle, recipe: Make) -> None:
    device = torch.device("cuda")
    parts = {name: getattr(bundle, name).to(device) for name in ("unet", "vae", "text_encoder")}
    there = replace(bundle, device=device, **parts)
    for sampler in SAMPLERS:
        one = recipe(sampler=sampler, steps=5)
        assert same(run_by(Graphed(), there, one)[0], run_by(Graphed(refusing), there, one)[0])
