"""Loading the networks of a diffusers directory, through diffusers and transformers themselves."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.preview import read_map
from invoke_cli.errors import ModelError
from invoke_cli.models.catalog import ModelEntry
from invoke_cli.models.files import PREVIEW, Facts, fingerprint

CLIP_TOKENS = 77


def load(
    directory: Path, entry: ModelEntry, facts: Facts, device: torch.device, dtype: torch.dtype
) -> Bundle:
    """The Bundle of a directory that holds all parts of a Stable Diffusion 1.x or 2.x model.

    Only safetensors files are opened: a pickle may run code. Raises ModelError for broken files.
    """
    with _quiet():
        tokenizer = _tokenizer(directory / "tokenizer")
        networks = {
            part: _network(directory / part, dtype, device) for part in ("unet", "vae", "text_encoder")
        }
    if len(tokenizer) < networks["text_encoder"].config.vocab_size:
        raise ModelError(f"the tokenizer of {entry.name} knows too few words for its text encoder")
    bundle = Bundle(
        **networks,
        tokenizer=tokenizer,
        table=facts.table,
        prediction=facts.prediction,
        native=facts.native,
        name=entry.name,
        hash=fingerprint(directory),
        colours=read_map(directory / PREVIEW),
        device=device,
        dtype=dtype,
    )
    bundle.colour_map()  # found here, while nobody waits, and not while a picture is being drawn
    return bundle


def _network(directory: Path, dtype: torch.dtype, device: torch.device) -> Any:
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextModel

    kind = {"unet": UNet2DConditionModel, "vae": AutoencoderKL, "text_encoder": CLIPTextModel}[directory.name]
    options: dict[str, Any] = {"torch_dtype": dtype, "use_safetensors": True, "local_files_only": True}
    if directory.name != "text_encoder":
        options["low_cpu_mem_usage"] = False  # else diffusers advises three lines long to install accelerate
    try:
        network = kind.from_pretrained(str(directory), **options)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise ModelError(f"the model's {directory.name} cannot be loaded: {_brief(error)}") from error
    return network.eval().requires_grad_(False).to(device)


def _tokenizer(directory: Path) -> Any:
    from transformers import CLIPTokenizer

    try:
        tokenizer = CLIPTokenizer.from_pretrained(str(directory), local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"the model's tokenizer cannot be loaded: {_brief(error)}") from error
    tokenizer.model_max_length = CLIP_TOKENS
    return tokenizer


def _brief(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep both libraries' progress bars and advice off the terminal, which belongs to the console."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    libraries = (diffusers_logging, transformers_logging)
    levels = [library.get_verbosity() for library in libraries]
    for library in libraries:
        library.set_verbosity(logging.ERROR)
        library.disable_progress_bar()
    try:
        yield
    finally:
        for library, level in zip(libraries, levels, strict=True):
            library.set_verbosity(level)
            library.enable_progress_bar()
