"""A checkpoint file rewritten as a diffusers directory in safetensors, with nothing lost or rounded."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.errors import ModelError
from invoke_cli.models.architectures import Architecture, recognise
from invoke_cli.models.bundles import library_tokenizer
from invoke_cli.models.entries import ModelEntry
from invoke_cli.models.files import read_json
from invoke_cli.models.libraries import quiet
from invoke_cli.models.networks import in_the_library
from invoke_cli.models.pickles import load_tensors
from invoke_cli.models.single_file import described, load
from invoke_cli.networks.tokenizer import CLIPTokenizer
from invoke_cli.paths import expanded

DIRECTORY_MODE = 0o755
SCHEDULER = "EulerDiscreteScheduler"  # for other programs; ours reads only the noise levels


def convert(entry: ModelEntry, target: Path) -> None:
    """Write the entry's checkpoint file as the directory `target`, whole or not at all.

    Raises ModelError when the checkpoint is unfit, or the directory is there already or cannot be written.
    """
    if target.exists():
        raise ModelError(f"{target} exists already", "name another directory behind the model")
    path = expanded(entry.source)
    bundle = load(path, replace(entry, vae=None, loras=()), torch.device("cpu"), _widest(path))
    found = recognise(described(path)[0], path, entry.kind)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
        try:
            _write(bundle, found, unfinished)
            unfinished.chmod(DIRECTORY_MODE)
            os.rename(unfinished, target)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as error:
        raise ModelError(f"{target} cannot be written: {error.strerror or error}") from error


def _widest(path: Path) -> torch.dtype:
    """A dtype that holds every weight of the file as it is: half precision only where all agree on it."""
    kinds = {tensor.dtype for tensor in load_tensors(path).values() if tensor.is_floating_point()}
    halves = {torch.float16, torch.bfloat16}
    return kinds.pop() if len(kinds) == 1 and kinds <= halves else torch.float32


def _write(bundle: Bundle, found: Architecture, directory: Path) -> None:
    parts = _parts(bundle, found)
    # A file of Stable Diffusion 2 says its native size by what it predicts; a directory, in its UNet.
    factor = 2 ** (len(bundle.vae.config.block_out_channels) - 1)
    parts["unet"].register_to_config(sample_size=bundle.native // factor)
    with quiet():
        for name, part in parts.items():
            part.save_pretrained(directory / name)
    noise = read_json(found.directory / "scheduler" / "scheduler_config.json")
    noise |= {"_class_name": SCHEDULER, "prediction_type": bundle.prediction}
    if bundle.table.trailing:
        noise["timestep_spacing"] = "trailing"
    if bundle.table.zero_signal:
        noise["rescale_betas_zero_snr"] = True
    _write_json(directory / "scheduler" / "scheduler_config.json", noise)
    _write_json(directory / "model_index.json", _index(bundle, found, parts))


def _parts(bundle: Bundle, found: Architecture) -> dict[str, Any]:
    """The parts by their directories, as the libraries' classes, which write what other programs read.

    SDXL's refiner has only what is the second text encoder elsewhere.
    """
    parts: dict[str, Any] = {"unet": in_the_library(bundle.unet)}
    if bundle.has_vae:
        parts["vae"] = in_the_library(bundle.vae)
    for text, (tokenizer, encoder) in zip(found.texts, bundle.readers, strict=True):
        parts[text.part] = in_the_library(encoder)
        own = isinstance(tokenizer, CLIPTokenizer)
        known = library_tokenizer(tokenizer.directory, text.pad) if own else tokenizer
        parts[text.part.replace("text_encoder", "tokenizer")] = known
    return parts


def _index(bundle: Bundle, found: Architecture, parts: Mapping[str, Any]) -> dict[str, object]:
    """What other programs look at first: which classes the parts are of."""
    library = {"unet": "diffusers", "vae": "diffusers"}
    index: dict[str, object] = {"_class_name": _pipeline(bundle, found)}
    index |= {name: [library.get(name, "transformers"), type(part).__name__] for name, part in parts.items()}
    index["scheduler"] = ["diffusers", SCHEDULER]
    if found.sizes:
        return index | {"force_zeros_for_empty_prompt": bundle.blank_negative}
    return index | {"safety_checker": [None, None], "feature_extractor": [None, None]}


def _pipeline(bundle: Bundle, found: Architecture) -> str:
    family = "StableDiffusionXL" if found.sizes else "StableDiffusion"
    if bundle.inpaints:
        return f"{family}InpaintPipeline"
    return f"{family}Img2ImgPipeline" if found.name == "sdxl-refiner" else f"{family}Pipeline"


def _write_json(path: Path, value: Mapping[str, object]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
