"""LoRA: what a file adds to the weights of a model, W + weight * alpha / rank * up @ down.

Hu et al. 2021 (arXiv 2106.09685), section 4.1; convolutions as in LyCORIS' LoCon (arXiv 2309.14859).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.errors import ModelError
from invoke_cli.models.headers import notes
from invoke_cli.models.lora_keys import Key, flat, read_key, refuse_unmergeable, spellings
from invoke_cli.models.pickles import load_tensors

BASES = {768: "Stable Diffusion 1.x", 1024: "Stable Diffusion 2.x", 2048: "SDXL"}
"""The width of the text embeddings that cross-attention reads -> who is built so."""


@dataclass
class Layer:
    """The matrices for one module: down (r, in, ...), up (out, r, ...), perhaps mid (r, r, kh, kw)."""

    matrices: dict[str, Tensor] = field(default_factory=dict)
    alpha: float | None = None
    keys: int = 0

    def delta(self, shape: torch.Size, device: torch.device) -> Tensor:
        """What weight 1 adds to a weight of this shape, in float32."""
        down, up = (self.matrices[role].to(device, torch.float32) for role in ("down", "up"))
        rank = down.shape[0]
        scale = 1.0 if self.alpha is None else self.alpha / rank
        if "mid" in self.matrices:
            mid = self.matrices["mid"].to(device, torch.float32)
            product = torch.einsum("or,rshw,si->oihw", up.flatten(1), mid, down.flatten(1))
        else:
            product = up.flatten(1) @ down.flatten(1)
        return scale * product.reshape(shape)

    def fits(self, shape: torch.Size) -> bool:
        """Whether the matrices are all there and multiply to a weight of this shape."""
        if not {"up", "down"} <= self.matrices.keys():
            return False
        down, up = self.matrices["down"], self.matrices["up"]
        if down.ndim < 2 or up.ndim < 2 or up.shape[1] != down.shape[0] or up.shape[0] != shape[0]:
            return False
        if "mid" not in self.matrices:
            return up[0].numel() == up.shape[1] and down[0].numel() == shape[1:].numel()
        mid = self.matrices["mid"].shape
        return mid[:2] == (up.shape[1], down.shape[0]) and (down[0].numel(), *mid[2:]) == tuple(shape[1:])


@dataclass(frozen=True)
class Lora:
    """A LoRA file's layers by (part, module), and how many tensors the file holds."""

    path: Path
    layers: Mapping[tuple[str, str], Layer]
    total: int

    @property
    def base(self) -> str:
        """The family of models that it was probably made for, or ""."""
        widths = [
            layer.matrices["down"].shape[1]
            for (part, module), layer in self.layers.items()
            if part == "unet" and module.endswith(("attn2_to_k", "attn2_to_v")) and "down" in layer.matrices
        ]
        if any(part == "text_encoder_2" for part, _ in self.layers):
            return BASES[2048]
        return BASES.get(widths[0], "") if widths else ""


def read_lora(path: Path) -> Lora:
    """The layers of a file. Raises ModelError for one that is no LoRA, or of a kind that cannot be merged."""
    tensors = load_tensors(path)
    refuse_unmergeable(list(tensors), path.name)
    layers: dict[tuple[str, str], Layer] = defaultdict(Layer)
    for name, tensor in tensors.items():
        if key := read_key(name):
            _put(layers[key.part, key.module], key, tensor)
    if not layers:
        raise ModelError(f"{path.name} is not a LoRA: none of its tensors is named like one's")
    for (part, module), alpha in _noted_alphas(path, layers).items():
        layers[part, module].alpha = alpha
    return Lora(path, dict(layers), len(tensors))


def _put(layer: Layer, key: Key, tensor: Tensor) -> None:
    layer.keys += 1
    if key.role != "alpha":
        layer.matrices[key.role] = tensor
    elif tensor.numel() == 1:
        layer.alpha = float(tensor)


def _noted_alphas(path: Path, layers: Mapping[tuple[str, str], Layer]) -> dict[tuple[str, str], float]:
    """Alphas that diffusers writes into the file's metadata, for layers without one of their own."""
    try:
        noted = json.loads(notes(path).get("lora_adapter_metadata", "{}"))
    except ValueError:
        return {}
    alphas = noted if isinstance(noted, dict) else {}
    return {
        (part, module): float(alphas[f"{part}.lora_alpha"])
        for (part, module), layer in layers.items()
        if layer.alpha is None and isinstance(alphas.get(f"{part}.lora_alpha"), int | float)
    }


def modules_of(bundle: Bundle) -> dict[tuple[str, str], nn.Module]:
    """The modules of a model that LoRAs may change, by (part, name with underscores)."""
    found: dict[tuple[str, str], nn.Module] = {}
    for part in ("unet", "text_encoder", "text_encoder_2"):
        network: Any = getattr(bundle, part, None)
        if network is not None:
            for name, module in network.named_modules():
                if isinstance(module, nn.Linear | nn.Conv2d):
                    found[part, flat(name)] = module
    return found


def matched(lora: Lora, bundle: Bundle) -> list[tuple[nn.Module, Layer]]:
    """The model's modules with what the LoRA has for them. Raises ModelError when there are none."""
    modules = modules_of(bundle)
    layers_per_block = bundle.unet.config.layers_per_block
    depth = layers_per_block if isinstance(layers_per_block, int) else max(layers_per_block)
    pairs = []
    for (part, name), layer in lora.layers.items():
        names = spellings(name, depth) if part == "unet" else (name,)
        module: Any = next((modules[part, known] for known in names if (part, known) in modules), None)
        if module is not None and layer.fits(module.weight.shape):
            pairs.append((module, layer))
    if not pairs:
        made_for = f"it was probably made for {lora.base}" if lora.base else ""
        raise ModelError(f"nothing in the LoRA {lora.path.name} fits the model {bundle.name}", made_for)
    return pairs
