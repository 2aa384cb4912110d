"""An autoencoder in bands gives what it gives when it is called, at any size, tiling or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from invoke_cli.diffusion.bands import Bands
from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.generate import Picture, generate
from invoke_cli.diffusion.kernels import Packed, Plain, packs
from invoke_cli.diffusion.recipe import Recipe
from invoke_cli.diffusion.rescue import decoded_again
from invoke_cli.diffusion.thrift import Thrift
from invoke_cli.diffusion.tiling import circular
from invoke_cli.diffusion.vae_parts import knows
from tests.carriers import Porter

Make = Callable[..., Recipe]
CPU = torch.device("cpu")
AXES = [(), ("x",), ("y",), ("x", "y")]
SIZES = [(8, 8), (7, 5), (1, 12), (13, 2)]
NARROW = 2000
"""Bytes of a band so small that nearly every row of the last layers is one."""


@pytest.fixture(scope="module")
def attending() -> Any:
    """Three levels of two widths, with attention in the middle, whose channels differ."""
    torch.manual_seed(5)
    vae = AutoencoderKL(
        block_out_channels=(4, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        latent_channels=4,
        norm_num_groups=2,
    )
    for weight in vae.parameters():
        weight.data += 0.3 * torch.randn_like(weight)
    return vae.eval().requires_grad_(False)


def random(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(7))


def assert_close(found: Tensor, wanted: Tensor) -> None:
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4 * float(wanted.abs().max()))


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("size", SIZES)
def test_bands_are_the_whole(attending: Any, axes: tuple[str, ...], size: tuple[int, int]) -> None:
    latents, pixels = random(2, 4, *size), random(1, 3, 4 * size[0], 4 * size[1])
    bands = Bands(Plain(), CPU, axes, band=NARROW)
    with torch.inference_mode():
        with circular(attending, axes):
            wanted = attending.decode(latents).sample, attending.encode(pixels).latent_dist.mean
        assert_close(bands.decode(attending, latents), wanted[0])
        assert_close(bands.encode(attending, pixels), wanted[1])


@pytest.mark.parametrize("band", [1, 10**5, 10**9])
def test_the_height_of_bands_does_not_matter(attending: Any, band: int) -> None:
    latents = random(1, 4, 6, 9)
    with torch.inference_mode():
        assert_close(
            Bands(Plain(), CPU, band=band).decode(attending, latents), attending.decode(latents).sample
        )


def test_norms_of_other_devices(attending: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invoke_cli.diffusion.bands.ONE_PASS", ())
    latents = random(1, 4, 6, 9)
    with torch.inference_mode():
        found = Bands(Plain(), CPU, band=NARROW).decode(attending, latents)
        assert_close(found, attending.decode(latents).sample)


@pytest.mark.parametrize("shift", [0.0, 30.0])
def test_norms_are_those_of_the_whole(shift: float) -> None:
    norm, x = torch.nn.GroupNorm(2, 4, eps=1e-6), 3 * random(1, 4, 50, 20) + shift
    torch.nn.init.uniform_(norm.weight)
    torch.nn.init.uniform_(norm.bias)
    with torch.inference_mode():
        wanted = norm.double()(x.double()).float()
        found = Bands(Plain(), CPU, band=NARROW)._normed(norm.float(), x)(x)
    torch.testing.assert_close(found, wanted, rtol=2e-5, atol=2e-5)


@pytest.mark.skipif(not packs(CPU, torch.float32), reason="this processor's weights are not packed")
def test_packed_weights_that_are_the_only_ones(attending: Any) -> None:
    latents = random(1, 4, 8, 8)
    with torch.inference_mode():
        wanted = attending.decode(latents).sample
        given_up = AutoencoderKL.from_config(attending.config).eval().requires_grad_(False)
        given_up.load_state_dict(attending.state_dict())
        for _ in range(2):
            assert_close(Bands(Packed(spare=True), CPU, band=NARROW).decode(given_up, latents), wanted)


def test_networks_without_attention_and_of_our_own(vae: Any, attending: Any) -> None:
    from invoke_cli.networks.autoencoder import AutoencoderKL as Own

    own = Own.read(dict(attending.config))
    assert own is not None
    own.load_state_dict(attending.state_dict())
    for network in (vae, own.requires_grad_(False)):
        latents = random(1, 4, 5, 8)
        assert knows(network)
        with torch.inference_mode():
            found = Bands(Plain(), CPU, band=NARROW).decode(network, latents)
            assert_close(found, network.decode(latents).sample)


def test_other_networks_are_not_taken_for_these(attending: Any) -> None:
    assert knows(attending)
    assert not knows(AutoencoderKL(block_out_channels=(32,), act_fn="relu"))
    other = AutoencoderKL.from_config(attending.config)
    other.decoder.mid_block.resnets[0].output_scale_factor = 2.0
    assert not knows(other)


class Largest(TorchDispatchMode):
    """Notes the largest tensor that was computed; to make room, and to look at a part, is not to compute."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        ours = func._schema.name in ("aten::empty", "aten::slice", "aten::copy_", "aten::to")
        for tensor in (made if isinstance(made, tuple | list) else [made]) if not ours else ():
            if isinstance(tensor, Tensor):
                self.bytes = max(self.bytes, tensor.nbytes)
        return made


def test_a_band_is_as_small_as_it_is_said_to_be(vae: Any) -> None:
    latents, band = random(1, 4, 16, 16), 2**15  # a layer at full size has eight times as much, or more
    with torch.inference_mode(), Largest() as largest:
        Bands(Plain(), CPU, band=band).decode(vae, latents)
    assert band / 2 <= largest.bytes <= 1.5 * band  # with the rows around it
    with torch.inference_mode(), Largest() as largest:
        vae.decode(latents)
    assert largest.bytes >= 8 * band


def test_what_layers_read_and_write_may_wait_elsewhere(attending: Any) -> None:
    bands = Bands(Plain(), CPU, band=NARROW, store=torch.device("meta"))
    with torch.inference_mode(), pytest.raises((RuntimeError, NotImplementedError)):
        bands.decode(attending, random(1, 4, 8, 8))  # read back from a place that holds nothing


def drawn(bundle: Bundle, recipe: Recipe) -> Picture:
    *_, picture = generate(bundle, recipe)
    assert isinstance(picture, Picture)
    return picture


def test_large_pictures_alone_are_coded_in_bands(
    bundle: Bundle, recipe: Make, init: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []
    for name in ("decode", "encode"):
        own = getattr(Bands, name)

        def counting(*args: Any, name: str = name, own: Any = own) -> Any:
            counted.append(name)
            return own(*args)

        monkeypatch.setattr(Bands, name, counting)
    asked = recipe(rgb=init, strength=0.5, tiled=True)
    usual = drawn(bundle, replace(asked, tiled=False))
    assert np.array_equal(drawn(bundle, asked).rgb, usual.rgb)
    assert counted == []
    monkeypatch.setattr("invoke_cli.diffusion.autoencoding.WHOLE", 1000)
    fresh = replace(bundle)  # latents of recent pictures are remembered
    for each in (asked, replace(asked, tiled=False, low_memory=True)):
        banded = drawn(fresh, each)
        assert np.abs(banded.rgb.astype(int) - usual.rgb).max() <= 1
    assert counted == ["encode", "decode", "encode", "decode"]
    assert np.array_equal(drawn(fresh, replace(asked, tiled=False)).rgb, usual.rgb)


def failing(bundle: Bundle, times: int, monkeypatch: pytest.MonkeyPatch) -> list[Thrift]:
    """Let decoding run out of memory so often; notes with what thrift it was tried."""
    tried: list[Thrift] = []
    own = Bundle.decode

    def decode(self: Bundle, *given: Any) -> Any:
        tried.append(self.thrift)
        if len(tried) <= times:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        return own(self, *given)

    monkeypatch.setattr(Bundle, "decode", decode)
    return tried


def test_what_does_not_fit_at_once_is_decoded_in_bands_from_the_same_latents(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = failing(bundle, 1, monkeypatch)
    decoded = decoded_again(bundle, random(1, 4, 8, 8), ())
    assert tried == [Thrift(), Thrift(tiled=True)] == [Thrift(), decoded.thrift]
    assert len(decoded.notes) == 1
    assert "--tiled_vae" in decoded.notes[0]


def test_then_the_other_networks_make_room(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = failing(bundle, 2, monkeypatch)
    carried = replace(bundle, carrier=Porter())
    decoded = decoded_again(carried, random(1, 4, 8, 8), ())
    assert tried[-1] == Thrift(tiled=True, away=True) == decoded.thrift
    assert "--low_memory" in decoded.notes[0]
    carried.placed()  # the networks are other tests', too


@pytest.mark.parametrize(("times", "carrier"), [(2, None), (9, Porter())])
def test_each_way_is_tried_once(
    bundle: Bundle, times: int, carrier: Porter | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = failing(bundle, times, monkeypatch)
    carried = replace(bundle, carrier=carrier)
    with pytest.raises(RuntimeError, match="out of memory"):
        decoded_again(carried, random(1, 4, 8, 8), ())
    assert len(tried) == len(set(tried)) == (2 if carrier is None else 3)
    carried.placed()


@pytest.mark.thorough
def test_the_demo_model_in_bands(tmp_path: Path) -> None:
    vae = AutoencoderKL.from_pretrained("invoke_cli/data/demo/vae").eval().requires_grad_(False)
    with torch.inference_mode():
        for axes in AXES:
            latents = random(1, 4, 24, 17)
            with circular(vae, axes):
                wanted = vae.decode(latents).sample
            found = Bands(Plain(), CPU, axes, band=2**17).decode(vae, latents)
            levels = [((each + 1) * 127.5).round().clamp(0, 255) for each in (found, wanted)]
            assert (levels[0] - levels[1]).abs().max() <= 1
            assert ((levels[0] != levels[1]).double().mean()) <= 1e-3
