"""The finished weights as an ordinary diffusers directory, float16, with its model card."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import diffusers
import torch
from torch import nn

from training import checkpoint, diffusion, networks
from training.autoencoder import FROZEN
from training.pacing import Log
from training.presets import Preset

CARD = Path(__file__).with_name("model_card.md")
INDEX: dict[str, Any] = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": diffusers.__version__,
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "PNDMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}
# Stable Diffusion 1's scheduler file; programs read the betas from it and bring their own samplers.
SCHEDULER: dict[str, Any] = {
    "_class_name": "PNDMScheduler",
    "_diffusers_version": diffusers.__version__,
    "beta_end": diffusion.LAST_BETA,
    "beta_schedule": "scaled_linear",
    "beta_start": diffusion.FIRST_BETA,
    "clip_sample": False,
    "num_train_timesteps": diffusion.TRAIN_STEPS,
    "prediction_type": "epsilon",
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "trained_betas": None,
}


def export(preset: Preset, run: Path, folder: Path, log: Log) -> None:
    """Write the averaged weights of `run` to `folder`, replacing what is there."""
    vae, unet, text = trained(preset, run)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(run / "tokenizer", folder / "tokenizer")
    for name, network in (("vae", vae), ("unet", unet), ("text_encoder", text)):
        network.half().save_pretrained(folder / name)
    # transformers loads what the configuration says; diffusers loads float32: they must agree.
    config = folder / "text_encoder" / "config.json"
    _write(config, json.loads(config.read_text(encoding="utf-8")) | {"dtype": "float32"})
    _write(folder / "model_index.json", INDEX)
    _write(folder / "scheduler" / "scheduler_config.json", SCHEDULER)
    shutil.copy(CARD, folder / "README.md")
    for file in folder.rglob("*.safetensors"):
        file.chmod(0o644)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    count = networks.parameters(vae, unet, text) / 1e6
    log(f"export: {size / 1e6:.1f} MB in {folder}, {count:.2f} M parameters")


def trained(preset: Preset, run: Path) -> tuple[Any, Any, Any]:
    """The averaged autoencoder, UNet and text encoder of a run, in float32."""
    vae = networks.autoencoder(preset.autoencoder, preset.native)
    vae.load_state_dict(torch.load(run / FROZEN, weights_only=True))
    if polished := checkpoint.load(run / "decoder.pt"):
        vae.load_state_dict(_averaged(polished))
    state = checkpoint.load(run / "unet.pt")
    if state is None:
        raise FileNotFoundError(f"{run / 'unet.pt'}: train the UNet first")
    unet = networks.denoiser(preset)
    text = networks.text_encoder(preset, len(json.loads((run / "tokenizer" / "vocab.json").read_text())))
    nn.ModuleDict({"unet": unet, "text": text}).load_state_dict(_averaged(state))
    return vae, unet, text


def _averaged(state: dict[str, Any]) -> dict[str, Any]:
    """The averaged network's own state within a checkpoint."""
    return {name.removeprefix("network."): value for name, value in state["average"].items()}


def _write(path: Path, value: dict[str, Any]) -> None:
    """JSON, as diffusers writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
