"""Pixels to latents and back, what is remembered, and pictures that tile."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.recent import Recent
from invoke_cli.diffusion.tiling import circular
from invoke_cli.errors import InvokeError


class Shrinking:
    """An autoencoder that loses nothing: latents are the pixels, scaled and shifted."""

    config = SimpleNamespace(
        scaling_factor=0.5, shift_factor=0.25, latent_channels=3, block_out_channels=(1, 1, 1)
    )

    def encode(self, x: torch.Tensor) -> Any:
        assert x.abs().max() <= 1
        return SimpleNamespace(latent_dist=SimpleNamespace(mean=x))

    def decode(self, x: torch.Tensor) -> Any:
        return SimpleNamespace(sample=x)


@pytest.fixture
def lossless(bundle: Bundle) -> Bundle:
    return replace(bundle, vae=Shrinking())


def test_every_pixel_value_survives(lossless: Bundle) -> None:
    rgb = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    latents = lossless.encode(rgb)
    assert latents.shape == (1, 3, 16, 16)
    assert latents.dtype == torch.float32
    assert float(latents.min()) == pytest.approx((-1 - 0.25) * 0.5)
    assert float(latents.max()) == pytest.approx((1 - 0.25) * 0.5)
    back = lossless.decode(latents)
    assert back.dtype == np.uint8
    assert np.array_equal(back, rgb)


def test_values_beyond_the_range_are_cut_off(lossless: Bundle) -> None:
    extremes = torch.tensor([-9.0, 9.0]).expand(1, 3, 2, 2)
    assert np.array_equal(np.unique(lossless.decode(extremes)), [0, 255])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_a_number_is_not_a_picture(value: float, lossless: Bundle) -> None:
    with pytest.raises(InvokeError, match="not a picture"):
        lossless.decode(torch.full((1, 3, 2, 2), value))


@pytest.mark.edge(27)
def test_latents_are_the_posteriors_mean(bundle: Bundle, init: np.ndarray) -> None:
    pixels = torch.tensor(init).permute(2, 0, 1)[None].float() / 127.5 - 1
    mean = bundle.vae.encode(pixels).latent_dist.mean
    torch.testing.assert_close(bundle.encode(init), mean * 5.0, rtol=1e-5, atol=1e-5)
    assert bundle.encode(init).shape == bundle.latent_shape(64, 64) == (1, 4, 8, 8)
    assert bundle.latent_shape(96, 64) == (1, 4, 12, 8)


def test_a_strided_picture_is_the_same_picture(bundle: Bundle, init: np.ndarray) -> None:
    flipped = init[:, ::-1]
    assert torch.equal(bundle.encode(flipped), replace(bundle).encode(flipped.copy()))


# --- what is remembered ---------------------------------------------------------------------------------


def test_a_repeated_picture_is_encoded_once(counting: Bundle, init: np.ndarray) -> None:
    first = counting.encode(init)
    assert torch.equal(counting.encode(init.copy()), first)
    assert counting.vae.calls == 1
    other = init.copy()
    other[0, 0, 0] ^= 1
    counting.encode(other)
    counting.encode(init.reshape(32, 128, 3))
    assert counting.vae.calls == 3


def test_a_repeated_prompt_is_encoded_once(counting: Bundle) -> None:
    cat, dull = (("a cat", 1.0),), (("dull", 1.0),)
    first = counting.condition(cat, ())
    calls = counting.text_encoder.calls
    assert torch.equal(counting.condition(cat, ()).positive, first.positive)
    assert counting.text_encoder.calls == calls
    counting.condition(cat, dull)
    assert counting.text_encoder.calls == calls + 1


def test_a_copy_remembers_nothing(counting: Bundle, init: np.ndarray) -> None:
    counting.encode(init)
    replace(counting, name="other").encode(init)
    assert counting.vae.calls == 2


def test_the_oldest_is_forgotten() -> None:
    made: list[str] = []

    def make(key: str) -> str:
        made.append(key)
        return key.upper()

    recent: Recent[str] = Recent(2)
    assert [recent.get(key, lambda key=key: make(key)) for key in "abacab"] == list("ABACAB")
    assert made == ["a", "b", "c", "b"]


# --- pictures that tile ---------------------------------------------------------------------------------


@pytest.mark.parametrize("axes", [("x",), ("y",), ("x", "y")])
def test_a_tiling_network_does_not_know_where_the_edge_is(axes: tuple[str, ...], bundle: Bundle) -> None:
    x = torch.randn(1, 4, 8, 8, generator=torch.Generator("cpu").manual_seed(1))
    text = torch.zeros(1, 77, 16)

    def run(x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad(), circular(bundle.unet, axes):
            return bundle.unet(x, torch.tensor([10.0]), text).sample

    for axis, dim in (("y", -2), ("x", -1)):
        moved = torch.allclose(run(x.roll(2, dim)), run(x).roll(2, dim), atol=1e-5)
        assert moved == (axis in axes)


def test_a_tiling_decoder_does_not_know_where_the_edge_is(bundle: Bundle) -> None:
    latents = torch.randn(1, 4, 8, 8, generator=torch.Generator("cpu").manual_seed(1))
    rolled = bundle.decode(latents.roll(3, -1), ("x",)).astype(int)
    assert np.abs(rolled - np.roll(bundle.decode(latents, ("x",)), 24, axis=1)).max() <= 1
    plain = bundle.decode(latents.roll(3, -1)).astype(int)
    assert np.abs(plain - np.roll(bundle.decode(latents), 24, axis=1)).max() > 1


@pytest.mark.parametrize(("axes", "dim"), [(("x",), 1), (("y",), 0), (("x", "y"), 0), (("x", "y"), 1)])
def test_a_tiling_encoder_does_not_know_where_the_edge_is(
    axes: tuple[str, ...], dim: int, bundle: Bundle, init: np.ndarray
) -> None:
    rolled = bundle.encode(np.roll(init, 16, dim), axes)
    assert torch.allclose(rolled, bundle.encode(init, axes).roll(2, dim - 2), atol=1e-4)
    assert not torch.allclose(bundle.encode(np.roll(init, 16, dim)), bundle.encode(init).roll(2, dim - 2))


def test_tiling_leaves_no_trace(bundle: Bundle, init: np.ndarray) -> None:
    state = [(module.padding, len(module._forward_pre_hooks)) for module in convolutions(bundle)]
    before = bundle.encode(init)
    with pytest.raises(RuntimeError, match="halfway"), circular(bundle.vae, ("x", "y")):
        raise RuntimeError("halfway")
    assert not torch.equal(bundle.encode(init, ("x",)), before)
    assert torch.equal(replace(bundle).encode(init), before)
    assert [(module.padding, len(module._forward_pre_hooks)) for module in convolutions(bundle)] == state


def convolutions(bundle: Bundle) -> list[torch.nn.Conv2d]:
    return [module for module in bundle.vae.modules() if isinstance(module, torch.nn.Conv2d)]
