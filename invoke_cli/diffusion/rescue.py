"""A second try: in float32 for what half precision has lost, in bands for what memory does not hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.coding import Pixels
from invoke_cli.diffusion.host import nothing
from invoke_cli.diffusion.numbers import DECODING, READING, SAMPLING, NumbersError, check_numbers
from invoke_cli.diffusion.packed import unpack
from invoke_cli.diffusion.shortage import is_out_of_memory
from invoke_cli.diffusion.step import Step
from invoke_cli.diffusion.thrift import Thrift

Notes = tuple[str, ...]
IN_BANDS = (
    "there was not enough memory to decode the picture at once: its steps are kept, and it was decoded in "
    "bands; --tiled_vae does so at once"
)
ALONE = (
    "there was not enough memory to decode the picture beside the other networks: its steps are kept, and "
    "they waited in main memory meanwhile; --low_memory does so at once"
)
AGAIN = "{part} gave values that are not numbers in {dtype} and was done again in float32"


def sampled_again(
    bundle: Bundle, sample: Callable[[Bundle], Generator[Step, None, Tensor]]
) -> Generator[Step, None, tuple[Tensor, Notes]]:
    """Yields the steps of `sample`, from the first again where a part fails; returns its latents and notes.

    Only the networks of the part that failed are float32 then: the text encoders, the autoencoder or the
    UNet. What was read or encoded is remembered, and serves the next picture too.
    Raises NumbersError when float32 does not help, or is what the part runs in.
    """
    notes: dict[str, str] = {}
    while True:
        try:
            with _single(*(network for part in notes for network in _networks(bundle, part))):
                latents = yield from sample(_in_float32(bundle) if SAMPLING in notes else bundle)
                check_numbers(latents, SAMPLING)
            return latents, tuple(notes.values())
        except NumbersError as error:
            used = {getattr(network, "dtype", torch.float32) for network in _networks(bundle, error.part)}
            halves = used - {torch.float32}
            if error.part in notes or not halves:
                raise
            notes[error.part] = _note(error.part, halves.pop())


def _networks(bundle: Bundle, part: str) -> tuple[Any, ...]:
    if part == READING:
        return tuple(encoder for _, encoder in bundle.readers)
    return (bundle.unet,) if part == SAMPLING else (bundle.vae,)


def _in_float32(bundle: Bundle) -> Bundle:
    """The model with latents that go into the UNet as they are."""
    return replace(bundle, dtype=torch.float32)


@dataclass(frozen=True, eq=False)
class Decoded:
    """A decoded picture, uint8 (H, W, 3), with what is to be said of it, and what memory was spared."""

    rgb: Pixels
    notes: Notes
    thrift: Thrift


def decoded_again(
    bundle: Bundle, latents: Tensor, seamless: Collection[str], meanwhile: Callable[[], None] = nothing
) -> Decoded:
    """The picture of the latents; what runs out of memory, or of numbers, is done again so that it does not.

    meanwhile: see `Bundle.decode`.
    Raises NumbersError when float32 does not help, or is what the autoencoder runs in, and what torch raises
    where nothing more can be spared.
    """
    for thrift, note in _thriftier(bundle):
        try:
            rgb, notes = _in_numbers(bundle.sparing(thrift).placed(), latents, seamless, meanwhile)
            return Decoded(rgb, (*((note,) if note else ()), *notes), thrift)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or thrift == _thriftier(bundle)[-1][0]:
                raise
        # outside of the handler, whose error holds on to the memory
        bundle.kept.release()
    raise ValueError("there is always a last way to decode")


def _thriftier(bundle: Bundle) -> list[tuple[Thrift, str]]:
    """Ways to decode, each with less memory than the one before, and what is to be said of each."""
    ways = [(bundle.thrift, "")]
    if not bundle.thrift.tiled:
        ways.append((replace(bundle.thrift, tiled=True), IN_BANDS))
    if bundle.carrier is not None and not bundle.thrift.away:
        ways.append((replace(bundle.thrift, tiled=True, away=True), ALONE))
    return ways


def _in_numbers(
    bundle: Bundle, latents: Tensor, seamless: Collection[str], meanwhile: Callable[[], None]
) -> tuple[Pixels, Notes]:
    """The picture, with a note where the decoder had to run twice."""
    dtype = getattr(bundle.vae, "dtype", torch.float32)
    try:
        return bundle.decode(latents, seamless, meanwhile), ()
    except NumbersError:
        if dtype == torch.float32:
            raise
    with _single(bundle.vae):
        return bundle.decode(latents, seamless), (_note(DECODING, dtype),)


def _note(part: str, dtype: torch.dtype) -> str:
    return AGAIN.format(part=part, dtype=str(dtype).removeprefix("torch."))


@contextmanager
def _single(*networks: Any) -> Iterator[None]:
    """Within this block the networks are float32; after it what they were, which loses nothing."""
    with ExitStack() as stack:
        for network in networks:
            stack.callback(_cast, network, network.dtype)
            _cast(network, torch.float32)
        yield


def _cast(network: Any, dtype: torch.dtype) -> None:
    """As `network.to`, without the advice that diffusers' own writes to the terminal."""
    if isinstance(network, torch.nn.Module):
        unpack(network)
        torch.nn.Module.to(network, dtype)
    else:
        network.to(dtype)
