"""What a model turns out to be once it is loaded: what to say of it, and what suits it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from invoke_cli.models.hub import Wish, cached, looks_like_hub_id
from invoke_cli.paths import expanded

if TYPE_CHECKING:
    from invoke_cli.diffusion.bundle import Bundle

FEW = 4
QUICK = {"sampler": "k_euler_a", "steps": FEW, "cfg_scale": 1}
"""What suits models distilled by adversaries: Turbo, Lightning and their like."""
AS_TYPED = " ".join(["spacing=trailing", *(f"defaults.{key}={value}" for key, value in QUICK.items())])
_QUICK_NAME = re.compile(r"turbo|lightning|hyper|[^a-z]lcm|^lcm|dmd", re.IGNORECASE)
_KINDS = {768: "Stable Diffusion 1.x", 1024: "Stable Diffusion 2.x", 1280: "SDXL refiner", 2048: "SDXL"}
"""By the width of the text that a UNet reads."""


def keys_for(bundle: Bundle, source: str, *, is_unsure: bool = False) -> dict[str, Any]:
    """What models.yaml should say of a loaded model for good pictures; nothing of an ordinary one.

    is_unsure: whether its size and prediction are known only now (see `Facts`); the entry then says them.
    A latent consistency model is known by its UNet or its scheduler, a turbo model by its scheduler's
    spacing. A checkpoint file of another distillation looks like any other model.
    """
    known = {"prediction": bundle.prediction, "native_size": bundle.native // 8 * 8}
    in_file = is_unsure and expanded(source).is_file()
    return {**(known if in_file else {}), **_quick(bundle, source)}


def _quick(bundle: Bundle, source: str) -> dict[str, Any]:
    from invoke_cli.models.files import read_json

    if bundle.scale_within:
        return {"spacing": "trailing", "defaults": {"sampler": "lcm", "steps": FEW, "cfg_scale": 8}}
    directory = cached(Wish(source, ("scheduler/*",))) if looks_like_hub_id(source) else expanded(source)
    path = (directory or expanded(source)) / "scheduler" / "scheduler_config.json"
    scheduler = read_json(path) if path.is_file() else {}
    if scheduler.get("_class_name") == "LCMScheduler":
        return {"spacing": "trailing", "defaults": {"sampler": "lcm", "steps": FEW, "cfg_scale": 1}}
    ancestral = scheduler.get("_class_name") == "EulerAncestralDiscreteScheduler"
    if ancestral and scheduler.get("timestep_spacing") == "trailing":
        return {"spacing": "trailing", "defaults": QUICK}
    return {}


def by_name(name: str) -> bool:
    """Whether a model's name sounds as if it drew in a few steps; reason enough for advice, no more."""
    return _QUICK_NAME.search(name) is not None


def described(bundle: Bundle) -> str:
    """What is known of a model that nobody has described."""
    kind = _KINDS.get(bundle.unet.config.cross_attention_dim, "Stable Diffusion")
    parts = [kind, f"{bundle.native} pixels"]
    parts += ["inpainting"] if bundle.inpaints else []
    parts += ["predicts v"] if bundle.prediction == "v_prediction" else []
    parts += ["trained down to no signal"] if bundle.table.zero_signal else []
    parts += [] if bundle.has_vae else ["without a VAE"]
    return ", ".join(parts)
