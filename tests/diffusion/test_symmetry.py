"""Mirrored halves: once, at the step that was asked for, and otherwise the sampler's own run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.generate import Picture, generate
from invoke_cli.diffusion.samplers import SAMPLERS
from invoke_cli.diffusion.schedule import NoiseTable, spaced
from invoke_cli.diffusion.symmetry import mirror, mirrored, parts

SCHEDULE = spaced(NoiseTable.from_config({}), 10)


def noise() -> torch.Tensor:
    return torch.randn(1, 4, 6, 5, generator=torch.Generator("cpu").manual_seed(1))


@pytest.mark.parametrize("length", [4, 5])
def test_a_half_goes_onto_the_other(length: int) -> None:
    x = torch.arange(length * 3.0).reshape(1, 1, 3, length)
    across = mirror(x, "x")
    assert torch.equal(across, across.flip(-1))
    assert torch.equal(across[..., : (length + 1) // 2], x[..., : (length + 1) // 2])
    down = mirror(x, "y")
    assert torch.equal(down, down.flip(-2))
    assert torch.equal(down[..., :2, :], x[..., :2, :])
    assert torch.equal(mirror(x, ""), x)


@pytest.mark.parametrize(
    ("steps", "shares", "cut"),
    [
        (10, (0.0001, 0), [(1, "x"), (9, "")]),
        (10, (0.3, 0.3), [(3, "xy"), (7, "")]),
        (10, (0.25, 0.5), [(3, "x"), (2, "y"), (5, "")]),
        (100, (0.29, 0), [(29, "x"), (71, "")]),
        (10, (1, 0), [(10, "x")]),
        (1, (0.1, 0), [(1, "x")]),
        (0, (0.1, 0), []),
    ],
)
def test_where_a_run_is_cut(steps: int, shares: tuple[float, float], cut: list[tuple[int, str]]) -> None:
    assert parts(steps, shares) == cut


@pytest.mark.parametrize("name", list(SAMPLERS))
def test_with_a_denoiser_that_knows_no_sides_the_result_is_symmetric(name: str) -> None:
    """Pixel by pixel the same function, so from the moment on everything but fresh noise is mirrored."""
    sigmas, calls = [], []

    def denoise(x: torch.Tensor, sigma: float) -> torch.Tensor:
        calls.append(sigma)
        return torch.tanh(x / (1 + sigma))

    sampler = SAMPLERS[name]
    quiet = lambda: torch.zeros(1, 4, 6, 5)  # noqa: E731
    steps = list(mirrored(sampler, (0.4, 0.7))(denoise, noise() * SCHEDULE.sigmas[0], SCHEDULE, quiet))
    sigmas = [step.sigma for step in steps]
    assert [step.index for step in steps] == list(range(10))
    assert {step.total for step in steps} == {10}
    assert sigmas == list(SCHEDULE.sigmas[:-1])
    assert len(calls) == sampler.evaluations_of([4, 3, 3])
    for count, step in enumerate(steps, start=1):
        for share, dim in ((4, -1), (7, -2)):
            assert torch.equal(step.x, step.x.flip(dim)) == (count >= share)


def test_without_shares_the_walk_is_the_samplers_own() -> None:
    assert mirrored(SAMPLERS["k_lms"], (0, 0)) is SAMPLERS["k_lms"]
    assert SAMPLERS["k_heun"].evaluations_of([10]) == 19
    assert SAMPLERS["plms"].evaluations_of([]) == 0


def test_a_picture_is_mirrored_and_masks_hold(bundle: Bundle, recipe: Any, init: np.ndarray) -> None:
    *steps, picture = generate(bundle, recipe(mirrors=(1.0, 0.0)))
    last = steps[-1].x
    assert torch.equal(last, last.flip(-1))
    assert isinstance(picture, Picture)
    mask = np.zeros((64, 64), np.float32)
    mask[:, :24] = 1
    *_, kept = generate(bundle, recipe(mirrors=(0.5, 0.0), rgb=init, mask=mask, strength=0.7))
    np.testing.assert_array_equal(kept.rgb[:, 24:], init[:, 24:])
