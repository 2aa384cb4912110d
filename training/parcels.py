"""A run's weights in a few small files, to carry between machines that are lent for minutes.

A full checkpoint is four times the model in float32. A parcel holds what cannot be
made again: the weights and their average in half precision, the frozen autoencoder,
the tokenizer and the clock. Momentum is left behind; it regrows in about fifty steps.
"""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import nn
from transformers import CLIPTextModel

from training import checkpoint
from training.autoencoder import FROZEN

PART = 15_000_000
TOKENIZER = ("vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json")


def pack(run: Path, folder: Path) -> None:
    """Write the parcel of `run` to `folder`, in numbered files of at most 15 MB."""
    state = checkpoint.load(run / "unet.pt")
    if state is None:
        raise FileNotFoundError(f"{run / 'unet.pt'}: nothing to pack yet")
    light = {
        "frozen": _half(torch.load(run / FROZEN, weights_only=True)),
        "unet": {name: _half(state[name]) for name in ("both", "average")},
        "clock": {"pacer": state["pacer"], "seen": state["seen"]},
        "tokenizer": {name: (run / "tokenizer" / name).read_text(encoding="utf-8") for name in TOKENIZER},
    }
    buffer = io.BytesIO()
    torch.save(light, buffer)
    folder.mkdir(parents=True, exist_ok=True)
    data = buffer.getvalue()
    for number, first in enumerate(range(0, len(data), PART)):
        (folder / f"part-{number:02}.bin").write_bytes(data[first : first + PART])


def unpack(folder: Path, run: Path) -> None:
    """Turn a parcel back into the files of a run; training continues from there with fresh optimisers."""
    data = b"".join(path.read_bytes() for path in sorted(folder.glob("part-*.bin")))
    light: dict[str, Any] = torch.load(io.BytesIO(data), weights_only=True)
    checkpoint.save(run / FROZEN, _full(light["frozen"]))
    both, average = (_full(light["unet"][name]) for name in ("both", "average"))
    checkpoint.save(run / "unet.pt", {"both": both, "average": average, **light["clock"]})
    (run / "tokenizer").mkdir(parents=True, exist_ok=True)
    for name, text in light["tokenizer"].items():
        (run / "tokenizer" / name).write_text(text, encoding="utf-8")


def adopt(folder: Path, run: Path) -> None:
    """Begin a run from an exported model: its latent space, tokenizer and weights; the clock at zero."""
    vae = AutoencoderKL.from_pretrained(folder / "vae")
    unet = UNet2DConditionModel.from_pretrained(folder / "unet")
    text = CLIPTextModel.from_pretrained(folder / "text_encoder")
    both = nn.ModuleDict({"unet": unet, "text": text}).state_dict()
    average = {f"network.{name}": value for name, value in both.items()}
    checkpoint.save(run / FROZEN, vae.state_dict())
    clock = {"pacer": {"step": 0, "spent": 0.0}, "seen": 0}
    checkpoint.save(run / "unet.pt", {"both": both, "average": average, **clock})
    shutil.copytree(folder / "tokenizer", run / "tokenizer", dirs_exist_ok=True)


def _half(state: dict[str, Any]) -> dict[str, Any]:
    """Floating point tensors in float16."""
    return {name: value.half() if value.is_floating_point() else value for name, value in state.items()}


def _full(state: dict[str, Any]) -> dict[str, Any]:
    """Floating point tensors in float32."""
    return {name: value.float() if value.is_floating_point() else value for name, value in state.items()}
