"""One picture from one recipe, as a stream of steps that ends in the picture."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.coding import Pixels
from invoke_cli.diffusion.conditioning import side_by_side
from invoke_cli.diffusion.denoiser import guided, keep_outside, predictor, thresholded, within
from invoke_cli.diffusion.engines import Eager
from invoke_cli.diffusion.enlarge import enlarged, first_pass
from invoke_cli.diffusion.host import Pace, nothing, onto
from invoke_cli.diffusion.leveled import Running
from invoke_cli.diffusion.noise import Noise, Noises
from invoke_cli.diffusion.numbers import SAMPLING, check_numbers
from invoke_cli.diffusion.recipe import Recipe
from invoke_cli.diffusion.rescue import decoded_again, sampled_again
from invoke_cli.diffusion.samplers import SAMPLERS
from invoke_cli.diffusion.schedule import Schedule, plan_schedule
from invoke_cli.diffusion.step import Denoiser, Step
from invoke_cli.diffusion.swapping import Predictor, swapped
from invoke_cli.diffusion.symmetry import mirrored
from invoke_cli.wording import Edited


@dataclass(frozen=True, eq=False)
class Picture:
    """A finished picture: uint8 (H, W, 3), its base seed, and the wall time since its start.

    recipe: what was done: what was asked for, but for what had to be spared of memory. notes: what a user
    should be told of how it came about.
    """

    rgb: Pixels
    seed: int
    seconds: float
    recipe: Recipe
    notes: tuple[str, ...] = ()


def generate(
    bundle: Bundle, recipe: Recipe, meanwhile: Callable[[], None] = nothing
) -> Generator[Step | Picture, None, None]:
    """Yields each step as it is done, then the picture. Closing it between steps drops the picture.

    Strength 0 gives back the init picture, pixel for pixel, and calls no network. Strength 1 starts from
    noise alone, as without an init picture. Outside the mask the init picture's pixels stay exactly.
    With a first pass the picture is drawn small, and its enlarged latents take the init picture's place;
    strength holds for the second pass, and for the first one where that has an init picture.
    Where a half precision does not reach, the part that failed is done again in float32, with a note.
    meanwhile: what the host does while a GPU decodes the picture.

    Raises InvokeError for an unknown sampler and for a result that is not made of numbers, ModelError
    for a network that the core cannot run. torch's gradient state is untouched between the yields.
    """
    started = time.perf_counter()
    if recipe.rgb is not None and recipe.strength == 0:
        rgb = _repasted(recipe.rgb, recipe)
        yield Picture(rgb, recipe.seed, time.perf_counter() - started, recipe)
        return
    latents, notes = yield from sampled_again(bundle, partial(_sampled, recipe=recipe))
    picture = finished(bundle, recipe, latents, meanwhile)
    seconds = time.perf_counter() - started
    yield replace(picture, seconds=seconds, notes=(*notes, *picture.notes))


def finished(
    bundle: Bundle, recipe: Recipe, latents: Tensor, meanwhile: Callable[[], None] = nothing
) -> Picture:
    """The picture of the last latents, (1, C, h, w); its seconds are those of the decoding."""
    started = time.perf_counter()
    bundle = bundle.sparing(recipe.thrift)
    decoded = decoded_again(bundle, latents, recipe.seamless, meanwhile)
    notes = (*bundle.remarks(), *decoded.notes)
    done = replace(recipe, tiled=recipe.tiled or (decoded.thrift.tiled and not recipe.low_memory))
    return Picture(_repasted(decoded.rgb, recipe), recipe.seed, time.perf_counter() - started, done, notes)


def _sampled(bundle: Bundle, recipe: Recipe) -> Generator[Step, None, Tensor]:
    """Yields each step; returns the last latents, (1, C, h, w). Raises NumbersError."""
    steps = sample(bundle, (recipe,))
    while True:
        try:
            (step,) = next(steps)
        except StopIteration as end:
            latents: Tensor = end.value
            return latents
        yield step


def sample(bundle: Bundle, recipes: Sequence[Recipe]) -> Generator[tuple[Step, ...], None, Tensor]:
    """Yields each step of all pictures, theirs in the recipes' order; returns the latents, (B, C, h, w).

    All go through the network in one call. Each has its own noise, prompt, start and mask; in everything
    else the recipes must agree (see `together.kind`). Raises NumbersError.
    """
    one, bundle = recipes[0], bundle.sparing(recipes[0].thrift).placed()
    noise = Noises([_noise(bundle, recipe) for recipe in recipes])
    if one.first is None:
        return (yield from _pass(bundle, recipes, noise))
    small = [first_pass(recipe, one.first) for recipe in recipes]
    before, after = _schedule(bundle, small[0]).steps, _schedule(bundle, one).steps
    # the same generators go on, so the second pass does not put the first one's noise on its own result
    small_noise = noise.shaped(bundle.latent_shape(small[0].height, small[0].width))
    latents = yield from _counted(_pass(bundle, small, small_noise), 0, before + after)
    height, width = bundle.latent_shape(one.height, one.width)[-2:]
    large = enlarged(latents, height, width, one.seamless)
    return (yield from _counted(_pass(bundle, recipes, noise, large), before, before + after))


def _counted(
    steps: Generator[tuple[Step, ...], None, Tensor], done: int, total: int
) -> Generator[tuple[Step, ...], None, Tensor]:
    """The steps of one pass as those of a longer run, of which `done` are done."""
    while True:
        try:
            each = next(steps)
        except StopIteration as end:
            latents: Tensor = end.value
            return latents
        yield tuple(replace(step, index=done + step.index, total=total) for step in each)


def _schedule(bundle: Bundle, recipe: Recipe) -> Schedule:
    return plan_schedule(
        bundle.table, recipe.steps, recipe.strength, recipe.karras_max, recipe.exact_strength
    )


def _pass(
    bundle: Bundle, recipes: Sequence[Recipe], noise: Noises, drawn: Tensor | None = None
) -> Generator[tuple[Step, ...], None, Tensor]:
    """Yields the steps of one pass; returns its last latents.

    drawn: latents (B, C, h, w) to start from in the init pictures' place, where the masks draw.
    """
    one = recipes[0]
    schedule = _schedule(bundle, one)
    is_seen = drawn is None or one.mask is not None
    init = _joined(_init_latents(bundle, recipe) for recipe in recipes) if is_seen else None
    mask = _joined(_latent_mask(bundle, recipe) for recipe in recipes)
    x = noise.start() * schedule.sigmas[0]
    start = _start(init, drawn, mask)
    if start is not None and one.strength < 1:
        x = start + x
    if isinstance(one.positive, Edited):  # beside it runs the picture that is edited
        x = x.repeat(2, 1, 1, 1)
    walk, pace = mirrored(SAMPLERS[one.sampler], one.mirrors), Pace(bundle.device)
    for step in walk(_denoiser(bundle, recipes, init, mask, schedule), x, schedule, noise):
        # in float32 there is nothing to try instead; on a GPU each look would make it wait
        if bundle.dtype != torch.float32 and bundle.device.type == "cpu":
            check_numbers(step.x, SAMPLING)
        pace.step()
        yield _each(Step(step.index, step.total, step.sigma, step.x, step.clean, x), len(recipes))
        x = step.x
    if bundle.dtype != torch.float32:
        check_numbers(x, SAMPLING)
    return x[: len(recipes)]


def _start(init: Tensor | None, drawn: Tensor | None, mask: Tensor | None) -> Tensor | None:
    """The clean latents that a pass begins with: those drawn before, but where the mask keeps the init's."""
    if init is None or drawn is None or mask is None:
        return init if drawn is None else drawn
    return torch.lerp(init, drawn, mask)


def _noise(bundle: Bundle, recipe: Recipe) -> Noise:
    shape = bundle.latent_shape(recipe.height, recipe.width)
    return Noise(
        recipe.seed,
        shape,
        bundle.device,
        blend=recipe.blend,
        perlin=recipe.perlin,
        seamless=recipe.seamless,
    )


def _joined(tensors: Iterable[Tensor | None]) -> Tensor | None:
    """One row for each picture, or None where they have none."""
    rows = [tensor for tensor in tensors if tensor is not None]
    return torch.cat(rows) if rows else None


def _each(step: Step, count: int) -> tuple[Step, ...]:
    """The step of all pictures as the steps of each; rows beyond those of the pictures are nobody's."""
    if len(step.x) == 1 or step.before is None:
        return (step,)
    parts = (latents[:count].chunk(count) for latents in (step.x, step.clean, step.before))
    rows = zip(*parts, strict=True)
    return tuple(replace(step, x=x, clean=clean, before=before) for x, clean, before in rows)


def _denoiser(
    bundle: Bundle, recipes: Sequence[Recipe], init: Tensor | None, mask: Tensor | None, schedule: Schedule
) -> Denoiser:
    """The network with everything that stands around it."""
    one = recipes[0]
    # a network distilled with its guidance takes the scale as a number and needs no second half
    within = bundle.scale_within
    network = partial(
        predictor,
        bundle,
        one.seamless,
        hint=_joined(_hint(bundle, recipe) for recipe in recipes) if bundle.inpaints else None,
        told_scale=one.scale if within else None,
        pictures=len(recipes),
        reuse=one.reuse,
    )
    drawing = _drawing(bundle, recipes, network, 1 if within else one.scale, schedule)
    denoise = keep_outside(thresholded(drawing, one.threshold), init, mask)
    # a captured step needs memory of its own
    return Running(denoise, Eager() if one.low_memory else bundle.engine)


def _drawing(
    bundle: Bundle, recipes: Sequence[Recipe], network: Predictor, scale: float, schedule: Schedule
) -> Denoiser:
    """The network with guidance. Swaps double the latents, so that they are for one picture alone."""
    one = recipes[0]
    size = (one.height, one.width)
    if not isinstance(one.positive, Edited):
        sides = [bundle.condition(each.positive, each.negative, size) for each in recipes]
        predict, conditioning = network(), side_by_side(sides)
        sides_of = partial(guided, predict, conditioning, apart=one.low_memory)
        return within(sides_of(scale), sides_of(min(scale, 1)), *one.guidance)
    if len(recipes) > 1:
        raise ValueError("a picture with swapped words is drawn alone")
    together = not one.low_memory
    return swapped(bundle, network, one.positive, one.negative, size, scale, schedule.done, together=together)


def _hint(bundle: Bundle, recipe: Recipe) -> Tensor:
    """What an inpainting network sees beside the latents, (1, 1 + C, h, w) float32: mask and surroundings.

    Without a mask, or without a picture, all is to be drawn and nothing is around it.
    """
    size = (recipe.height, recipe.width)
    rgb = recipe.rgb if recipe.rgb is not None else np.zeros((*size, 3), dtype=np.uint8)
    hole = recipe.mask >= 0.5 if recipe.mask is not None else np.ones(size, dtype=np.bool_)
    seen = bundle.encode(rgb, recipe.seamless, hole)
    return torch.cat([_on_latents(bundle, hole.astype(np.float32)), seen], dim=1)


def _init_latents(bundle: Bundle, recipe: Recipe) -> Tensor | None:
    """The init picture's latents, (1, C, h, w), or None where no part of it is to be seen."""
    if recipe.rgb is None or (recipe.strength == 1 and recipe.mask is None):
        return None
    return bundle.encode(recipe.rgb, recipe.seamless)


def _latent_mask(bundle: Bundle, recipe: Recipe) -> Tensor | None:
    """The recipe's mask on the latents' grid, (1, 1, h, w), if it has one."""
    return None if recipe.mask is None else _on_latents(bundle, recipe.mask)


def _on_latents(bundle: Bundle, mask: NDArray[np.float32]) -> Tensor:
    """A mask on the latents' grid, (1, 1, h, w): each takes the largest value among its pixels.

    So every pixel that is to be drawn can change; those beside it are pasted back from the init picture.
    """
    height, width = bundle.latent_shape(*mask.shape)[-2:]
    pixels = onto(bundle.device, torch.tensor(mask, dtype=torch.float32))
    return torch.nn.functional.adaptive_max_pool2d(pixels[None, None], (height, width))


def _repasted(rgb: Pixels, recipe: Recipe) -> Pixels:
    """The picture where the mask is 1, the init picture where it is 0, and a blend between."""
    if recipe.rgb is None or recipe.mask is None:
        return rgb.copy()
    init = recipe.rgb.astype(np.float32)
    return np.rint(init + (rgb - init) * recipe.mask[..., None]).astype(np.uint8)
