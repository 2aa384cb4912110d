"""What is not made of numbers in half precision is done again in float32, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.generate import generate
from invoke_cli.diffusion.numbers import NumbersError
from tests.diffusion.conftest import Listening, drawn


class Fragile(torch.nn.Module):
    """A network that overflows in half precision."""

    def __init__(self, network: Any, fails: bool = True) -> None:
        super().__init__()
        self.network, self.fails, self.calls = network, fails, []

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self.network, name)

    def _spoilt(self, result: Any) -> Any:
        self.calls.append(result.sample.dtype)
        if self.fails and result.sample.dtype != torch.float32:
            result.sample = result.sample * float("nan")
        return result

    def forward(self, *args: Any, **more: Any) -> Any:
        return self._spoilt(self.network(*args, **more))

    def decode(self, *args: Any) -> Any:
        return self._spoilt(self.network.decode(*args))


class FragileReader(Fragile):
    """A text encoder that overflows in half precision."""

    def forward(self, *args: Any, **more: Any) -> Any:
        read = self.network(*args, **more)
        self.calls.append(read.last_hidden_state.dtype)
        if read.last_hidden_state.dtype != torch.float32:
            read.last_hidden_state = read.last_hidden_state * float("nan")
        return read


class FragileEncoder(Fragile):
    """An autoencoder of which only the encoding overflows in half precision."""

    def encode(self, pixels: Any) -> Any:
        self.calls.append(pixels.dtype)
        found = self.network.encode(pixels)
        if pixels.dtype != torch.float32:
            found.latent_dist.mean = found.latent_dist.mean * float("inf")
        return found

    def decode(self, *args: Any) -> Any:
        self.calls.append(args[0].dtype)
        return self.network.decode(*args)


def halved(bundle: Bundle, **parts: Any) -> Bundle:
    from copy import deepcopy

    networks = {
        name: deepcopy(getattr(bundle, name)).to(torch.bfloat16) for name in ("unet", "vae", "text_encoder")
    }
    networks |= {name: Fragile(networks[name]) for name in parts}
    return replace(bundle, dtype=torch.bfloat16, **networks)


def test_a_decoding_that_failed_is_done_again_in_float32(bundle: Bundle, recipe: Any) -> None:
    weak = halved(bundle, vae=True)
    picture = drawn(weak, recipe())
    assert picture.notes == (
        "the decoding gave values that are not numbers in bfloat16 and was done again in float32",
    )
    assert weak.vae.calls == [torch.bfloat16, torch.float32]
    assert weak.vae.dtype == torch.bfloat16
    close = np.abs(picture.rgb.astype(int) - drawn(halved(bundle), recipe()).rgb.astype(int))
    assert close.max() <= 12


def test_a_sampling_that_failed_is_done_again_from_its_start(bundle: Bundle, recipe: Any) -> None:
    weak = halved(bundle, unet=True)
    stream = list(generate(weak, recipe(scale=1.0)))
    assert [made.index for made in stream[:-1]] == [0, 1, 2, 3]
    assert "the sampling" in stream[-1].notes[0]
    assert weak.unet.calls == [torch.bfloat16] + [torch.float32] * 4
    assert stream[-1].notes == (
        "the sampling gave values that are not numbers in bfloat16 and was done again in float32",
    )
    assert weak.unet.dtype == weak.vae.dtype == weak.text_encoder.dtype == torch.bfloat16


def test_a_prompt_that_was_not_read_is_read_again_and_nothing_else(bundle: Bundle, recipe: Any) -> None:
    weak = halved(bundle)
    weak = replace(weak, text_encoder=FragileReader(weak.text_encoder), unet=Listening(weak.unet))
    picture = drawn(weak, recipe())
    (note,) = picture.notes
    assert note.startswith("the reading of the prompt gave values that are not numbers in bfloat16 and was")
    assert {args[0].dtype for args, _ in weak.unet.told} == {torch.bfloat16}
    assert weak.text_encoder.dtype == torch.bfloat16
    calls = len(weak.text_encoder.calls)
    assert drawn(weak, recipe(seed=9)).notes == ()
    assert len(weak.text_encoder.calls) == calls
    # the very same picture as with an encoder that was float32 from the beginning
    reader = halved(bundle).text_encoder.to(torch.float32)
    same = replace(halved(bundle), text_encoder=reader, unet=Listening(halved(bundle).unet))
    assert np.array_equal(picture.rgb, drawn(same, recipe()).rgb)


def test_an_init_picture_that_was_not_encoded_is_encoded_again(bundle: Bundle, recipe: Any) -> None:
    weak = halved(bundle)
    weak = replace(weak, vae=FragileEncoder(weak.vae), unet=Listening(weak.unet))
    init = np.full((64, 64, 3), 90, dtype=np.uint8)
    picture = drawn(weak, recipe(rgb=init, strength=0.5, width=64, height=64))
    assert "the encoding of the picture" in picture.notes[0]
    assert weak.vae.calls == [torch.bfloat16, torch.float32, torch.bfloat16]
    assert {args[0].dtype for args, _ in weak.unet.told} == {torch.bfloat16}


def test_what_float32_does_not_mend_is_an_error(bundle: Bundle, recipe: Any) -> None:
    class Broken(Fragile):
        def _spoilt(self, result: Any) -> Any:
            result.sample = result.sample * float("inf")
            return result

    weak = halved(bundle)
    for network in ("unet", "vae"):
        with pytest.raises(NumbersError, match="not a picture"):
            drawn(replace(weak, **{network: Broken(getattr(weak, network))}), recipe())
        with pytest.raises(NumbersError, match="not a picture"):
            drawn(replace(bundle, **{network: Broken(getattr(bundle, network))}), recipe())
