"""From networks and tokenizers to a Bundle, wherever they were loaded from."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.residence import carrier_of
from invoke_cli.errors import ModelError
from invoke_cli.models.entries import ModelEntry
from invoke_cli.models.files import Facts
from invoke_cli.models.libraries import quiet
from invoke_cli.models.networks import align, lay_out
from invoke_cli.networks.tokenizer import CLIPTokenizer

_log = logging.getLogger(__name__)

CLIP_TOKENS = 77
SDXL_SCALE = 0.13025


def assemble(
    networks: Mapping[str, Any], tokenizers: Mapping[str, Any], entry: ModelEntry, facts: Facts, **more: Any
) -> Bundle:
    """The Bundle of networks and tokenizers by their names in the diffusers layout.

    SDXL's refiner has only what is the second text encoder of the base. more: further fields of Bundle.
    Raises ModelError where a tokenizer does not fit its text encoder.
    """
    align(networks.values())
    lay_out((networks["unet"], networks["vae"]), more.get("device", torch.device("cpu")))
    texts = [
        (networks[f"text_encoder{number}"], tokenizers[f"tokenizer{number}"])
        for number in ("", "_2")
        if f"text_encoder{number}" in networks
    ]
    for encoder, tokenizer in texts:
        if len(tokenizer) < encoder.config.vocab_size:
            raise ModelError(f"the tokenizer of {entry.name} knows too few words for its text encoder")
    second = texts[1] if len(texts) > 1 else (None, None)
    bundle = Bundle(
        unet=networks["unet"],
        vae=networks["vae"],
        text_encoder=texts[0][0],
        tokenizer=texts[0][1],
        text_encoder_2=second[0],
        tokenizer_2=second[1],
        table=facts.table,
        name=entry.name,
        carrier=carrier_of(more["device"]) if "device" in more else None,
        **{"prediction": facts.prediction, "native": facts.native, **more},
    )
    if bundle.has_vae:
        bundle.colour_map()  # found here, while nobody waits, and not while a picture is being drawn
    return bundle


def vae_dtype(config: Mapping[str, Any], dtype: torch.dtype) -> torch.dtype:
    """The dtype of an autoencoder: float32 for SDXL's, which overflows in float16 unless it was mended.

    A mended one says so by force_upcast: false. That it is true says nothing, for it is so by default and
    written for every autoencoder; SDXL's is known by its scale.
    """
    overflows = config.get("force_upcast", True) and config.get("scaling_factor") == SDXL_SCALE
    return torch.float32 if overflows and dtype == torch.float16 else dtype


def load_tokenizer(directory: Path, pad: str | None = None) -> Any:
    """The tokenizer in the directory. pad: the token to fill up with, where it is not its own.

    Raises ModelError when it cannot be read.
    """
    try:
        tokenizer = CLIPTokenizer.read(directory)
    except Exception as error:  # nothing narrower comes from damaged pairs
        _log.info("%s: %r", directory, error)
        tokenizer = None
    return library_tokenizer(directory, pad) if tokenizer is None else _as_wanted(tokenizer, pad)


def library_tokenizer(directory: Path, pad: str | None = None) -> Any:
    """The same from transformers, which knows tokenizers of every kind and takes long to import."""
    try:
        with quiet():
            from transformers import CLIPTokenizer as Known

            tokenizer = Known.from_pretrained(str(directory), local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"the model's tokenizer cannot be loaded: {brief(error)}") from error
    return _as_wanted(tokenizer, pad)


def _as_wanted(tokenizer: Any, pad: str | None) -> Any:
    tokenizer.model_max_length = CLIP_TOKENS
    if pad is not None:
        tokenizer.pad_token = pad
    return tokenizer


def brief(error: Exception) -> str:
    """The first line of what the error says."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
