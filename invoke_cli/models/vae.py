"""A separate VAE in the place of a model's own: a file in either layout, or a diffusers directory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.errors import ModelError
from invoke_cli.models.bundles import vae_dtype
from invoke_cli.models.files import read_json
from invoke_cli.models.ldm_names import VAE_PARTS, under, vae_tensors
from invoke_cli.models.networks import empty_network, fill, lay_out
from invoke_cli.models.pickles import load_tensors

PREFIXES = ("first_stage_model.", "vae.")
"""Where whole checkpoints keep their autoencoder."""


def load_vae(path: Path, bundle: Bundle) -> Any:
    """The autoencoder in a weight file, on the bundle's device, in the dtype that suits it.

    Its configuration is the config.json beside it, or else that of the model's own autoencoder.
    Raises ModelError when the file holds no autoencoder, or one of another shape.
    """
    beside = path.parent / "config.json"
    config = read_json(beside) if beside.is_file() else _plain(bundle.vae.config)
    if config.get("latent_channels") != bundle.vae.config.latent_channels:
        raise ModelError(f"the VAE {path} has other latents than the model {bundle.name}")
    tensors = _named(load_tensors(path), config)
    try:
        vae = fill(empty_network(config), tensors, bundle.device, vae_dtype(config, bundle.dtype))
    except ModelError as error:
        raise ModelError(f"the VAE {path} does not fit the model {bundle.name}", error.message) from error
    lay_out((vae,), bundle.device)
    return vae


def _plain(config: Any) -> dict[str, Any]:
    return {"_class_name": "AutoencoderKL", **dict(config)}


def _named(tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> dict[str, Tensor]:
    """The autoencoder's tensors as diffusers names them."""
    for prefix in PREFIXES:
        tensors = under(tensors, prefix) or dict(tensors)
    own = {name: tensor for name, tensor in tensors.items() if name.split(".")[0] in VAE_PARTS}
    is_original = any(name.startswith("encoder.down.") for name in own)
    return vae_tensors(own, config) if is_original else own
