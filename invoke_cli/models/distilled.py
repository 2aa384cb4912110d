"""What suits models that were distilled to draw in a few steps, as far as they say that they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from invoke_cli.models.files import read_json
from invoke_cli.paths import expanded

if TYPE_CHECKING:
    from invoke_cli.diffusion.bundle import Bundle

FEW = 4


def keys_for(bundle: Bundle, source: str) -> dict[str, Any]:
    """What models.yaml should say of a loaded model for good pictures; nothing of an ordinary one.

    A latent consistency model is known by its UNet or its scheduler, a turbo model by its scheduler's
    spacing. A checkpoint file of another distillation looks like any other model.
    """
    if bundle.scale_within:
        return {"defaults": {"sampler": "lcm", "steps": FEW, "cfg_scale": 8}}
    path = expanded(source) / "scheduler" / "scheduler_config.json"
    scheduler = read_json(path) if path.is_file() else {}
    if scheduler.get("_class_name") == "LCMScheduler":
        return {"spacing": "trailing", "defaults": {"sampler": "lcm", "steps": FEW, "cfg_scale": 1}}
    ancestral = scheduler.get("_class_name") == "EulerAncestralDiscreteScheduler"
    if ancestral and scheduler.get("timestep_spacing") == "trailing":
        return {"defaults": {"sampler": "k_euler_a", "steps": FEW, "cfg_scale": 1}}
    return {}
