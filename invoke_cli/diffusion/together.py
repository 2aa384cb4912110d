"""Which pictures can go through the network in one call, and how much memory they need there."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import MISSING, fields

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.recipe import Recipe

SHARED = (
    "width", "height", "steps", "strength", "exact_strength", "sampler", "scale", "karras_max", "threshold",
    "seamless", "first", "mirrors", "low_memory", "tiled", "away",
)  # fmt: skip
OWN = ("positive", "negative", "seed", "blend", "perlin", "rgb", "mask")

Kind = tuple[Hashable, ...]


def kind(bundle: Bundle, recipe: Recipe) -> Kind | None:
    """What pictures drawn together must have in common; None for one that is only drawn alone.

    Prompts may differ, but not in how many tokens the network is given. All start from a picture, or none.
    """
    if not _is_plain(recipe):
        return None
    size = (recipe.height, recipe.width)
    length = bundle.condition(recipe.positive, recipe.negative, size).positive.shape[1]
    shared = tuple(getattr(recipe, name) for name in SHARED)
    return (*shared, length, recipe.rgb is None, recipe.mask is None)


def _is_plain(recipe: Recipe) -> bool:
    """Whether it has steps to run, and nothing that `generate.sample` does not do for several pictures."""
    others = (field for field in fields(recipe) if field.name not in (*SHARED, *OWN))
    is_usual = all(
        field.default is MISSING or getattr(recipe, field.name) == field.default for field in others
    )
    return is_usual and isinstance(recipe.positive, tuple) and recipe.strength > 0


ACTIVATIONS = 32
"""Values that a UNet holds at its widest moment, for each latent pixel and channel of its first level.

The demo model was measured to hold 24."""


def bytes_of(bundle: Bundle, recipe: Recipe) -> int:
    """About the memory that one more picture in a call of the UNet takes: both sides of guidance, or one."""
    _, _, height, width = bundle.latent_shape(recipe.height, recipe.width)
    channels = bundle.unet.config.block_out_channels[0]
    sides = 1 if recipe.scale in (0, 1) or bundle.scale_within or recipe.low_memory else 2
    return int(sides * ACTIVATIONS * channels * height * width * bundle.dtype.itemsize)
