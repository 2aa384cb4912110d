"""From the names that tensors have in Stable Diffusion checkpoints to those of the networks here.

The names here are those that diffusers and transformers have, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from invoke_cli.errors import ModelError
from invoke_cli.models.architectures import UNET
from invoke_cli.models.original_names import dotted, unet_module, vae_tensor

Tensors = dict[str, Tensor]

VAE_PARTS = {"encoder", "decoder", "quant_conv", "post_quant_conv"}
"""What an autoencoder is made of. Files have more beside it, such as what it was trained against."""

# OpenCLIP's names inside a layer and around the layers, and those of transformers.
IN_LAYER = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
    "attn.out_proj": "self_attn.out_proj",
}
AROUND = {
    "token_embedding.weight": "embeddings.token_embedding.weight",
    "positional_embedding": "embeddings.position_embedding.weight",
    "ln_final.weight": "final_layer_norm.weight",
    "ln_final.bias": "final_layer_norm.bias",
}


def under(tensors: Mapping[str, Tensor], prefix: str) -> Tensors:
    """The tensors whose names begin so, without that beginning."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def unet_tensors(tensors: Mapping[str, Tensor], network: Any) -> Tensors:
    """A UNet's tensors under the names of the network; `tensors` still have their "model.diffusion_model.".

    Others, which are no weights of it, are left out. Raises ModelError where one is missing.
    """
    names, layers = dotted(network.state_dict()), network.config.layers_per_block
    renamed = {}
    for name, tensor in under(tensors, UNET).items():
        module, _, kind = name.replace(".", "_").rpartition("_")
        found = names.get(f"{unet_module(module, layers)}_{kind}")
        if found is not None:
            renamed[found] = tensor
    missing = next((name for name in names.values() if name not in renamed), None)
    if missing is not None:
        raise ModelError(f"the checkpoint lacks tensors that it should have, such as the UNet's {missing}")
    return renamed


def vae_tensors(tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> Tensors:
    """An autoencoder's tensors under the names here; `tensors` have no prefix."""
    levels = len(config["block_out_channels"])
    renamed = {vae_tensor(name, levels): tensor for name, tensor in tensors.items()}
    return {
        name: _as_linear(tensor) if ".attentions." in name else tensor
        for name, tensor in renamed.items()
        if name.split(".")[0] in VAE_PARTS
    }


def _as_linear(tensor: Tensor) -> Tensor:
    """A convolution of 1x1 as the linear layer that it is."""
    return tensor[:, :, 0, 0] if tensor.ndim == 4 else tensor


def clip_tensors(tensors: Mapping[str, Tensor]) -> Tensors:
    """A text encoder's tensors without "text_model.", which only some files have; `tensors` have no prefix.

    Old files also list the positions 0..76, which are no weights.
    """
    flat = {name.removeprefix("text_model."): tensor for name, tensor in tensors.items()}
    flat.pop("embeddings.position_ids", None)
    return flat


def open_clip_tensors(tensors: Mapping[str, Tensor], layers: int, *, projects: bool) -> Tensors:
    """The same of an OpenCLIP text encoder, of which the first `layers` layers are wanted.

    Stable Diffusion 2 takes the layer before the last one, so the last one is never needed. projects:
    whether the pooled text is projected, as in SDXL.
    """
    renamed = {new: tensors[old] for old, new in AROUND.items() if old in tensors}
    for name, tensor in tensors.items():
        found = re.fullmatch(r"transformer\.resblocks\.(\d+)\.(.+)", name)
        if found is not None and int(found[1]) < layers:
            renamed |= {
                f"encoder.layers.{found[1]}.{inner}": part for inner, part in _layer(found[2], tensor)
            }
    if projects and "text_projection" in tensors:
        renamed["text_projection.weight"] = tensors["text_projection"].T.contiguous()
    return renamed


def _layer(name: str, tensor: Tensor) -> Iterator[tuple[str, Tensor]]:
    """One tensor of a layer; queries, keys and values come as one and leave as three."""
    if name.startswith("attn.in_proj_"):
        kind = name.removeprefix("attn.in_proj_")
        for letter, part in zip("qkv", tensor.chunk(3), strict=True):
            yield f"self_attn.{letter}_proj.{kind}", part
    else:
        module, _, kind = name.rpartition(".")
        yield f"{IN_LAYER.get(module, module)}.{kind}", tensor
