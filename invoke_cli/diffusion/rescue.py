"""A second try in float32 for what half precision has lost: the sampling, or only the decoding."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from invoke_cli.diffusion.bundle import Bundle, Pixels
from invoke_cli.diffusion.numbers import NumbersError, check_numbers
from invoke_cli.diffusion.packed import unpack
from invoke_cli.diffusion.step import Step

Notes = tuple[str, ...]
AGAIN = "{part} gave values that are not numbers in {dtype} and was done again in float32"


def sampled_again(
    bundle: Bundle, sample: Callable[[Bundle], Generator[Step, None, Tensor]]
) -> Generator[Step, None, tuple[Tensor, Notes]]:
    """Yields the steps of `sample`, from the first again if it fails; returns its latents and notes.

    Raises NumbersError when float32 does not help, or is what the bundle runs in.
    """
    try:
        return (yield from sample(bundle)), ()
    except NumbersError:
        if bundle.dtype == torch.float32:
            raise
    with _single(bundle.unet, bundle.vae, *(encoder for _, encoder in bundle.readers)):
        latents = yield from sample(replace(bundle, dtype=torch.float32))
        check_numbers(latents)
    return latents, (_note("the sampling", bundle.dtype),)


def decoded_again(bundle: Bundle, latents: Tensor, seamless: Collection[str]) -> tuple[Pixels, Notes]:
    """The picture of the latents, with a note where the decoder had to run twice.

    Raises NumbersError when float32 does not help, or is what the autoencoder runs in.
    """
    dtype = getattr(bundle.vae, "dtype", torch.float32)
    try:
        return bundle.decode(latents, seamless), ()
    except NumbersError:
        if dtype == torch.float32:
            raise
    with _single(bundle.vae):
        return bundle.decode(latents, seamless), (_note("the decoding", dtype),)


def _note(part: str, dtype: torch.dtype) -> str:
    return AGAIN.format(part=part, dtype=str(dtype).removeprefix("torch."))


@contextmanager
def _single(*networks: Any) -> Iterator[None]:
    """Within this block the networks are float32; after it what they were, which loses nothing."""
    with ExitStack() as stack:
        for network in networks:
            stack.callback(network.to, network.dtype)
            if isinstance(network, torch.nn.Module):
                unpack(network)
            network.to(torch.float32)
        yield
