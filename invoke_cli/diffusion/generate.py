"""One picture from one recipe, as a stream of steps that ends in the picture."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from invoke_cli.diffusion.bundle import Bundle, Pixels
from invoke_cli.diffusion.denoiser import guided, keep_outside, predictor, thresholded
from invoke_cli.diffusion.noise import Noise
from invoke_cli.diffusion.recipe import Recipe
from invoke_cli.diffusion.samplers import SAMPLERS
from invoke_cli.diffusion.schedule import plan_schedule
from invoke_cli.diffusion.step import Step


@dataclass(frozen=True, eq=False)
class Picture:
    """A finished picture: uint8 (H, W, 3), its base seed, and the wall time since its start."""

    rgb: Pixels
    seed: int
    seconds: float


def generate(bundle: Bundle, recipe: Recipe) -> Generator[Step | Picture, None, None]:
    """Yields each step as it is done, then the picture. Closing it between steps drops the picture.

    Strength 0 gives back the init picture, pixel for pixel, and calls no network. Strength 1 starts from
    noise alone, as without an init picture. Outside the mask the init picture's pixels stay exactly.

    Raises InvokeError for an unknown sampler and for a result that is not made of numbers, ModelError
    for a network that the core cannot run. torch's gradient state is untouched between the yields.
    """
    started = time.perf_counter()
    rgb = recipe.rgb if recipe.strength == 0 else None
    if rgb is None:
        rgb = yield from _drawn(bundle, recipe)
    yield Picture(_repasted(rgb, recipe), recipe.seed, time.perf_counter() - started)


def _drawn(bundle: Bundle, recipe: Recipe) -> Generator[Step, None, Pixels]:
    """Yields each step; returns the decoded picture, uint8 (H, W, 3)."""
    walk = SAMPLERS[recipe.sampler]
    schedule = plan_schedule(
        bundle.table, recipe.steps, recipe.strength, recipe.karras_max, recipe.exact_strength
    )
    shape = bundle.latent_shape(recipe.height, recipe.width)
    noise = Noise(recipe.seed, shape, bundle.device, blend=recipe.blend, perlin=recipe.perlin)
    conditioning = bundle.condition(recipe.positive, recipe.negative)
    init = _init_latents(bundle, recipe)
    mask = _latent_mask(bundle, recipe)
    predict = predictor(bundle, recipe.seamless)
    denoise = keep_outside(
        thresholded(guided(predict, conditioning, recipe.scale), recipe.threshold), init, mask
    )
    x = noise.start() * schedule.sigmas[0]
    if init is not None and recipe.strength < 1:
        x = init + x
    for step in walk(denoise, x, schedule, noise):
        yield replace(step, before=x)
        x = step.x
    return bundle.decode(x, recipe.seamless)


def _init_latents(bundle: Bundle, recipe: Recipe) -> Tensor | None:
    """The init picture's latents, (1, C, h, w), or None where no part of it is to be seen."""
    if recipe.rgb is None or (recipe.strength == 1 and recipe.mask is None):
        return None
    return bundle.encode(recipe.rgb, recipe.seamless)


def _latent_mask(bundle: Bundle, recipe: Recipe) -> Tensor | None:
    """The mask on the latents' grid, (1, 1, h, w): each takes the largest value among its pixels.

    So every pixel that is to be drawn can change; those beside it are pasted back from the init picture.
    """
    if recipe.mask is None:
        return None
    height, width = bundle.latent_shape(*recipe.mask.shape)[-2:]
    pixels = torch.tensor(recipe.mask, dtype=torch.float32, device=bundle.device)
    return torch.nn.functional.adaptive_max_pool2d(pixels[None, None], (height, width))


def _repasted(rgb: Pixels, recipe: Recipe) -> Pixels:
    """The picture where the mask is 1, the init picture where it is 0, and a blend between."""
    if recipe.rgb is None or recipe.mask is None:
        return rgb.copy()
    init = recipe.rgb.astype(np.float32)
    return np.rint(init + (rgb - init) * recipe.mask[..., None]).astype(np.uint8)
