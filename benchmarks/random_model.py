"""A diffusers directory of Stable Diffusion 1.5's shapes and random weights, on which no time depends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

PARTS = {"unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model", "text_encoder": "model"}
DISK = 4.4
"""Gigabytes of the directory in float32."""

INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.39.0",
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


def built(directory: Path) -> Path:
    """The model in that directory, written there unless it is there already; a half-written one never is."""
    if not directory.exists():
        unfinished = directory.with_name(f"{directory.name}-unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        write(unfinished)
        unfinished.rename(directory)
    return directory


def write(directory: Path) -> None:
    """Write the model in float32, 4.3 GB, as most are published."""
    from invoke_cli.models.architectures import configs_directory

    configs = configs_directory() / "architectures" / "sd-1"
    for part, name in PARTS.items():
        (directory / part).mkdir(parents=True)
        shutil.copy(configs / part / "config.json", directory / part)
        _write_weights(directory / part, name)
    shutil.copytree(configs / "scheduler", directory / "scheduler")
    (directory / "model_index.json").write_text(json.dumps(INDEX), encoding="utf-8")
    config = json.loads((configs / "text_encoder" / "config.json").read_text("utf-8"))
    _write_tokenizer(directory / "tokenizer", config["vocab_size"])


def _write_weights(directory: Path, name: str) -> None:
    import torch
    from safetensors.torch import save_file

    from invoke_cli.models.networks import empty_network

    config = json.loads((directory / "config.json").read_text("utf-8"))
    block = torch.randn(2**20) / 50
    named = empty_network(config).state_dict()
    tensors = {
        _published(key, name): _filled(tensor, block)
        for key, tensor in named.items()
        if tensor.is_floating_point()
    }
    save_file(tensors, directory / f"{name}.safetensors", {"format": "pt"})


def _published(key: str, file: str) -> str:
    """The name of a tensor in published files; libraries rename those of the text encoder."""
    is_text = file == PARTS["text_encoder"] and not key.startswith("text_model.")
    return f"text_model.{key}" if is_text else key


def _filled(tensor: Any, block: Any) -> Any:
    """A tensor of the shape that repeats the block's numbers; drawing all anew would take minutes."""
    count = tensor.numel()
    return block.repeat(count // len(block) + 1)[:count].reshape(tensor.shape)


def _write_tokenizer(directory: Path, words: int) -> None:
    """A vocabulary of CLIP's size whose words are single letters."""
    letters = [chr(code) for code in range(33, 127)]
    known = [*letters, *(f"{letter}</w>" for letter in letters)]
    marks = ["<|startoftext|>", "<|endoftext|>"]
    filling = [f"word{number}</w>" for number in range(words - len(known) - len(marks))]
    directory.mkdir()
    vocabulary = {word: number for number, word in enumerate([*known, *filling, *marks])}
    (directory / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (directory / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    settings = {
        "bos_token": marks[0],
        "eos_token": marks[1],
        "unk_token": marks[1],
        "pad_token": marks[1],
        "model_max_length": 77,
        "tokenizer_class": "CLIPTokenizer",
    }
    (directory / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
