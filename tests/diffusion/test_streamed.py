"""Weights that wait in main memory: the same bits, and never more of them on the device than fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.generate import Picture, generate
from invoke_cli.diffusion.kernels import Plain
from invoke_cli.diffusion.parts import transformer_blocks
from invoke_cli.diffusion.recipe import Recipe
from invoke_cli.diffusion.residence import carrier_of, tensors, visiting
from invoke_cli.diffusion.streamed import ALIGNMENT, Ring, Streamed
from invoke_cli.diffusion.thrift import PLENTY, Thrift
from tests.carriers import Porter

Make = Callable[..., Recipe]


@pytest.fixture
def own(unet: Any, vae: Any, text_encoder: Any, bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    """A model whose weights nobody else has, on torch's own kernels, as on a GPU."""
    monkeypatch.setattr("invoke_cli.diffusion.bundle.packs", lambda *_: False)
    monkeypatch.setattr("invoke_cli.diffusion.autoencoding.packs", lambda *_: False)
    copies = {name: deepcopy(each) for name, each in (("unet", unet), ("vae", vae))}
    return replace(bundle, text_encoder=deepcopy(text_encoder), carrier=Porter(), **copies)


def drawn(bundle: Bundle, recipe: Recipe) -> Picture:
    *_, picture = generate(bundle, recipe)
    assert isinstance(picture, Picture)
    return picture


def test_networks_that_wait_elsewhere_draw_the_same_picture(own: Bundle, recipe: Make, init: Any) -> None:
    asked = recipe(low_memory=True, rgb=init, strength=0.7, seamless=("x",), negative=(("a dog", 1.0),))
    usual = drawn(replace(own, carrier=None), asked)
    waiting = drawn(own, replace(asked, away=True))
    assert np.array_equal(usual.rgb, waiting.rgb)
    assert waiting.recipe.low_memory
    carrier = own.carrier
    assert isinstance(carrier, Porter)
    assert all(carrier.is_home(each) for each in own.vae.parameters())
    assert all(carrier.is_home(block.attn2.to_k.weight) for block in transformer_blocks(own.unet))
    assert all(not carrier.is_home(each) for each in own.unet.parameters() if each.ndim == 1)
    assert len(carrier.started) > 2 * len(set(carrier.started))


def test_afterwards_all_of_them_come_back(own: Bundle, recipe: Make) -> None:
    usual = drawn(own, recipe())
    drawn(own, recipe(low_memory=True, away=True))
    assert np.array_equal(drawn(own, recipe()).rgb, usual.rgb)
    networks = (own.unet, own.vae, own.text_encoder)
    assert all(tensor.dtype != torch.float64 for network in networks for tensor in tensors(network))


def test_reading_alone_brings_the_reader_alone(own: Bundle) -> None:
    away = own.sparing(Thrift(away=True)).placed()
    carrier = own.carrier
    assert isinstance(carrier, Porter)
    carrier.brought.clear()
    embeddings = away.condition((("a cat", 1.0),), ()).positive
    wanted = [each.shape for each in own.text_encoder.parameters()]
    assert carrier.brought[: len(wanted)] == wanted
    assert set(carrier.brought) == set(wanted)
    assert torch.equal(embeddings, own.placed().condition((("a cat", 1.0),), ()).positive)


def test_a_visit_ends_whatever_happens() -> None:
    layer = nn.Linear(2, 2).double()
    before = layer.weight.data_ptr()
    seen = []

    def fail() -> None:
        with visiting(Porter(), layer):
            seen.append(layer.weight.dtype)
            raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        fail()
    assert seen == [torch.float32]
    assert layer.weight.data_ptr() == before


def layers(sizes: list[int]) -> list[nn.Linear]:
    torch.manual_seed(0)
    return [nn.Linear(ALIGNMENT, size, bias=False).requires_grad_(False).double() for size in sizes]


def used(kernels: Streamed, order: list[nn.Linear]) -> Iterator[Tensor]:
    x = torch.linspace(-1, 1, ALIGNMENT)[None]
    for layer in order:
        yield kernels.linear(layer, x)
        assert torch.equal(kernels.linear(layer, x), Plain().linear(deepcopy(layer).float(), x))


SIZES = [3, 8, 1, 1, 2, 8, 5, 1, 4, 4, 8, 2]


def test_the_room_is_never_more_than_a_few_of_the_largest_layers() -> None:
    ring = Ring(Porter(), 8 * ALIGNMENT, layers=3)
    for _ in range(3):
        for _ in used(Streamed(Plain(), ring), layers(SIZES)):
            assert 0 < ring.held <= 3 * 8 * ALIGNMENT


def test_the_second_time_layers_come_before_they_are_needed() -> None:
    porter, chain = Porter(), layers(SIZES)
    kernels = Streamed(Plain(), Ring(porter, 8 * ALIGNMENT, layers=3))
    for _ in used(kernels, chain):
        pass
    porter.started.clear()
    porter.arrived.clear()
    ahead = [len(porter.started) - len(porter.arrived) for _ in range(4) for _ in used(kernels, chain)]
    assert min(ahead) >= 1
    # each once in a round, and those of the next round that there is room for
    assert len(porter.started) <= 5 * len(chain)


def test_another_order_than_the_last_time_costs_copies_alone() -> None:
    chain = layers(SIZES)
    kernels = Streamed(Plain(), Ring(Porter(), 8 * ALIGNMENT, layers=3))
    for order in (chain, chain[::-1], chain[::2], [chain[0]] * 3, chain):
        for _ in used(kernels, order):
            pass


def test_weights_that_change_are_brought_anew() -> None:
    (layer,) = layers([2])
    kernels, x = Streamed(Plain(), Ring(Porter(), 2 * ALIGNMENT)), torch.ones(1, ALIGNMENT)
    first = kernels.linear(layer, x)
    layer.weight = nn.Parameter(2 * layer.weight, requires_grad=False)
    assert torch.equal(kernels.linear(layer, x), 2 * first)


def test_a_layer_larger_than_the_largest_is_a_bug() -> None:
    kernels = Streamed(Plain(), Ring(Porter(), ALIGNMENT, layers=1))
    with pytest.raises(ValueError, match="larger"):
        kernels.linear(layers([2])[0], torch.ones(1, ALIGNMENT))


def test_layers_on_the_device_are_used_where_they_are() -> None:
    porter, layer = Porter(), nn.Linear(4, 4)
    Streamed(Plain(), Ring(porter, 16)).linear(layer, torch.ones(1, 4))
    assert porter.started == []


def test_a_cpu_has_nowhere_else(own: Bundle) -> None:
    assert carrier_of(torch.device("cpu")) is None
    alone = replace(own, carrier=None)
    assert alone.sparing(PLENTY) is alone
    assert alone.sparing(Thrift(away=True)) is alone.sparing(Thrift(away=True))
