"""What other programs call the samplers that we have."""

from __future__ import annotations

import re

from invoke_cli.session.dialects.found import Gathering

ALWAYS_KARRAS = 1000
"""A --karras_max above any usual number of steps."""

# Letters and digits only, as `_bare` leaves them.
_OURS = {
    "euler": "k_euler",
    "eulera": "k_euler_a",
    "eulerancestral": "k_euler_a",
    "lms": "k_lms",
    "heun": "k_heun",
    "dpm2": "k_dpm_2",
    "kdpm2": "k_dpm_2",
    "kdpm2a": "k_dpm_2_a",
    "dpm2a": "k_dpm_2_a",
    "dpm2ancestral": "k_dpm_2_a",
    "dpmpp2": "k_dpmpp_2",
    "dpmpp2m": "k_dpmpp_2",
    "dpmpp2a": "k_dpmpp_2_a",
    "dpmpp2sa": "k_dpmpp_2_a",
    "dpmpp2sancestral": "k_dpmpp_2_a",
    "ddim": "ddim",
    "ddimv3": "ddim",
    "plms": "plms",
    "pndm": "plms",
    "lcm": "lcm",
}
_PLAIN_SPACING = ("", "automatic", "normal", "uniform", "native", "simple")


def take_sampler(gathering: Gathering, name: object, spacing: object = None) -> None:
    """Note a foreign sampler, and how it spaces its steps where that is Karras's way."""
    if not isinstance(name, str) or not name:
        return
    bare = _bare(name)
    is_karras = bare.endswith("karras") or _bare(str(spacing or "")) == "karras"
    ours = _OURS.get(bare.removesuffix("karras"))
    if ours is None:
        gathering.lose(f"sampler {name}")
        return
    gathering.take(sampler=ours)
    if is_karras:
        gathering.take(karras_max=ALWAYS_KARRAS)
    elif isinstance(spacing, str) and spacing.lower() not in _PLAIN_SPACING:
        gathering.lose(f"step spacing {spacing}")


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]|^k_", "", name.lower().replace("++", "pp"))
