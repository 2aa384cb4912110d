"""Pictures that tile, whichever sampler draws them: moving the start around moves the result around."""

from __future__ import annotations

import numpy as np
import pytest

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.denoiser import guided, predictor
from invoke_cli.diffusion.noise import Noise
from invoke_cli.diffusion.samplers import SAMPLERS
from invoke_cli.diffusion.schedule import spaced

SHAPE = (1, 4, 8, 8)


def drawn(bundle: Bundle, name: str, axes: tuple[str, ...], roll: tuple[int, int]) -> np.ndarray:
    """A picture from noise that was moved by `roll` latents; fresh noise moves along."""
    noise = Noise(5, SHAPE)
    denoise = guided(predictor(bundle, axes), bundle.condition((("cat", 1.0),), ()), 3.0)
    schedule = spaced(bundle.table, 3)
    x = noise.start().roll(roll, (-2, -1)) * schedule.sigmas[0]
    *_, last = SAMPLERS[name](denoise, x, schedule, lambda: noise().roll(roll, (-2, -1)))
    return bundle.decode(last.x / last.x.std(), axes).astype(int)


@pytest.mark.parametrize("name", list(SAMPLERS))
@pytest.mark.parametrize(("axes", "roll"), [(("x",), (0, 4)), (("y",), (2, 0)), (("x", "y"), (2, 6))])
def test_every_sampler_draws_pictures_that_tile(
    bundle: Bundle, name: str, axes: tuple[str, ...], roll: tuple[int, int]
) -> None:
    plain, moved = drawn(bundle, name, axes, (0, 0)), drawn(bundle, name, axes, roll)
    assert plain.std() > 10
    back = np.roll(plain, [8 * by for by in roll], (0, 1))
    assert (np.abs(moved - back) <= 1).mean() > 0.99


def test_without_tiling_the_edges_are_seen(bundle: Bundle) -> None:
    plain, moved = (drawn(bundle, "k_euler", (), roll) for roll in ((0, 0), (2, 6)))
    assert (np.abs(moved - np.roll(plain, [16, 48], (0, 1))) <= 1).mean() < 0.9


@pytest.mark.parametrize("axes", [("x",), ("y",), ("x", "y")])
def test_perlin_noise_tiles_too(axes: tuple[str, ...]) -> None:
    """Across the seam it is as smooth as between two neighbours inside."""
    clouds = Noise(3, (1, 4, 64, 64), perlin=1.0, seamless=axes).start()
    for axis, dim in (("y", -2), ("x", -1)):
        steps = (clouds - clouds.roll(1, dim)).abs().amax(dim=(0, 1, -1 if dim == -2 else -2))
        assert (steps[0] <= 1.5 * steps[1:].max()) == (axis in axes)
