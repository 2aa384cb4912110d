"""Loading the networks of a diffusers directory: as ours where they are plain, else through the libraries."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import torch

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.preview import read_map
from invoke_cli.errors import ModelError
from invoke_cli.models.bundles import assemble, load_tokenizer, vae_dtype
from invoke_cli.models.entries import ModelEntry
from invoke_cli.models.files import (
    PREVIEW,
    Facts,
    fingerprint,
    has_weights,
    read_json,
    text_parts,
    vae_config,
)
from invoke_cli.models.kept import Kept
from invoke_cli.models.libraries import quiet
from invoke_cli.models.networks import empty_network, fill_kept
from invoke_cli.models.pickles import load_tensors

_log = logging.getLogger(__name__)

KINDS = {"UNet2DConditionModel", "AutoencoderKL", "CLIPTextModel", "CLIPTextModelWithProjection"}


def load(
    directory: Path,
    entry: ModelEntry,
    facts: Facts,
    device: torch.device,
    dtype: torch.dtype,
    kept: Kept | None = None,
) -> Bundle:
    """The Bundle of a directory that holds all parts of a Stable Diffusion model, of version 1 to XL.

    Only safetensors files are opened: a pickle may run code. Raises ModelError for broken files.
    """
    texts = text_parts(directory)
    tokenizers = {name: load_tokenizer(directory / name) for name in texts.values()}
    networks = {part: _network(directory / part, dtype, device, kept) for part in ("unet", *texts)}
    networks["vae"] = _vae(directory, dtype, device, kept)
    return assemble(
        networks,
        tokenizers,
        entry,
        facts,
        blank_negative=_index(directory).get("force_zeros_for_empty_prompt", False),
        hash=fingerprint(directory),
        colours=read_map(directory / PREVIEW),
        device=device,
        dtype=dtype,
    )


def _index(directory: Path) -> dict[str, Any]:
    path = directory / "model_index.json"
    return read_json(path) if path.is_file() else {}


def _vae(directory: Path, dtype: torch.dtype, device: torch.device, kept: Kept | None) -> Any:
    """The autoencoder; where there is none, an empty one of the model's kind. See Bundle.has_vae."""
    if (directory / "vae").is_dir():
        return _network(directory / "vae", dtype, device, kept)
    return empty_network(read_json(vae_config(directory)))


def _network(directory: Path, dtype: torch.dtype, device: torch.device, kept: Kept | None) -> Any:
    """The network of a part: mapped from its files, or where they are of an unusual kind, by the library."""
    mapped = _mapped(directory, dtype, device, kept)
    return mapped if mapped is not None else _by_the_library(directory, dtype, device)


def _mapped(directory: Path, dtype: torch.dtype, device: torch.device, kept: Kept | None) -> Any:
    """The network without a moment of random weights; None where names, shapes or files are not the usual."""
    config, files = read_json(directory / "config.json"), _weight_files(directory)
    if not files or not {config.get("_class_name"), *config.get("architectures", ())} & KINDS:
        return None
    suited = vae_dtype(config, dtype) if directory.name == "vae" else dtype
    try:
        return fill_kept(
            empty_network(config),
            directory.name,
            files,
            lambda: {name: one for file in files for name, one in load_tensors(file).items()},
            device,
            suited,
            kept,
        )
    except (ModelError, TypeError, ValueError):  # told better by the library, which knows old names, too
        return None


def _weight_files(directory: Path) -> list[Path]:
    for name in ("diffusion_pytorch_model.safetensors", "model.safetensors"):
        if (directory / name).is_file():
            return [directory / name]
        if (directory / f"{name}.index.json").is_file():
            parts = read_json(directory / f"{name}.index.json").get("weight_map", {})
            return [directory / part for part in sorted(set(parts.values()))]
    return []


def _by_the_library(directory: Path, dtype: torch.dtype, device: torch.device) -> Any:
    import diffusers
    import transformers

    options: dict[str, Any] = {"torch_dtype": dtype, "use_safetensors": True, "local_files_only": True}
    config = read_json(directory / "config.json")
    if directory.name.startswith("text_encoder"):
        # only SDXL's second one projects its pooled text
        projects = config.get("architectures") == ["CLIPTextModelWithProjection"]
        kind = transformers.CLIPTextModelWithProjection if projects else transformers.CLIPTextModel
    else:
        kind = {"unet": diffusers.UNet2DConditionModel, "vae": diffusers.AutoencoderKL}[directory.name]
        options["low_cpu_mem_usage"] = False  # else diffusers advises three lines long to install accelerate
    if directory.name == "vae":
        options["torch_dtype"] = vae_dtype(config, dtype)
    if not has_weights(directory):
        pickled = any(directory.glob("*.bin"))
        hint = (
            "pickles (.bin) of a directory are not opened: they may run code" if pickled else "fetch it again"
        )
        raise ModelError(f"{directory} cannot be loaded: it lacks weights as safetensors", hint)
    try:
        with quiet():
            network = kind.from_pretrained(str(directory), **options)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        _log.info("%s: %r", directory, error)
        raise ModelError(
            f"{directory} cannot be loaded: its weights are damaged, or are not those of its config.json",
            "fetch it again",
        ) from error
    return network.eval().requires_grad_(False).to(device)
