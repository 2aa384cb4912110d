"""Randomness: whose it is, how it blends, and how much of it there is."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
import torch

from invoke_cli.diffusion.noise import Noise, perlin, slerp

SHAPE = (1, 4, 16, 24)


def draws(noise: Noise, count: int = 3) -> list[torch.Tensor]:
    """What a run with an ancestral sampler would see."""
    return [noise.start(), *(noise() for _ in range(count - 1))]


def same(a: Noise, b: Noise) -> bool:
    return all(torch.equal(x, y) for x, y in zip(draws(a), draws(b), strict=True))


def test_a_seed_is_its_noise() -> None:
    assert same(Noise(5, SHAPE), Noise(5, SHAPE))
    assert not same(Noise(5, SHAPE), Noise(6, SHAPE))


def test_noise_is_the_cpu_generators_own() -> None:
    generator = torch.Generator("cpu").manual_seed(2**32 - 1)
    noise = Noise(2**32 - 1, SHAPE)
    assert torch.equal(noise.start(), torch.randn(SHAPE, generator=generator))
    assert torch.equal(noise(), torch.randn(SHAPE, generator=generator))
    assert noise().dtype == torch.float32


def test_no_global_generator_is_read_or_moved() -> None:
    torch.manual_seed(1)
    before = torch.random.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    first = draws(Noise(5, SHAPE, blend=[(7, 0.3)], perlin=0.4))
    assert torch.equal(torch.random.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])
    assert random.getstate() == before[2]
    torch.manual_seed(2)
    assert all(map(torch.equal, first, draws(Noise(5, SHAPE, blend=[(7, 0.3)], perlin=0.4))))


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_a_blend_of_amount_1_is_the_other_seed_and_of_0_the_base(share: float) -> None:
    other = Noise(9, SHAPE, perlin=share)
    assert same(Noise(5, SHAPE, blend=[(9, 1)], perlin=share), other)
    assert same(Noise(9, SHAPE, blend=[(5, 0.0)], perlin=share), Noise(9, SHAPE, perlin=share))
    assert same(Noise(5, SHAPE, blend=[(7, 0.4), (9, 1.0)]), Noise(9, SHAPE))


def test_blends_are_made_in_order_and_a_seed_may_come_twice() -> None:
    twice = Noise(5, SHAPE, blend=[(9, 0.5), (9, 0.5)]).start()
    base, other = Noise(5, SHAPE).start(), Noise(9, SHAPE).start()
    assert torch.equal(twice, slerp(slerp(base, other, 0.5), other, 0.5))


def test_a_seed_blended_with_itself_is_itself() -> None:
    assert torch.allclose(Noise(5, SHAPE, blend=[(5, 0.5)]).start(), Noise(5, SHAPE).start(), atol=1e-6)


def test_distance_grows_with_the_amount_and_variance_stays() -> None:
    base = Noise(5, SHAPE)
    start = base.start()
    blends = [Noise(5, SHAPE, blend=[(9, k / 10)]).start() for k in range(11)]
    distances = [float((blend - start).norm()) for blend in blends]
    assert distances == sorted(distances)
    assert distances[0] == 0
    assert all(float(blend.std()) == pytest.approx(1, abs=0.04) for blend in blends)


def test_slerp_follows_the_arc() -> None:
    x, y = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    expected = torch.tensor([math.cos(math.pi / 6), math.sin(math.pi / 6)])
    assert torch.allclose(slerp(x, y, 1 / 3), expected)
    assert torch.equal(slerp(x, y, 0), x)
    assert torch.equal(slerp(x, y, 1), y)


def test_slerp_of_parallel_noise_is_straight() -> None:
    x = torch.tensor([1.0, 2.0])
    assert torch.allclose(slerp(x, x * 3, 0.25), x * 1.5)
    assert slerp(x, -x, 0.25).isfinite().all()


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_perlin_changes_the_start_alone_and_keeps_its_variance(share: float) -> None:
    plain, mixed = draws(Noise(5, SHAPE)), draws(Noise(5, SHAPE, perlin=share))
    assert not torch.equal(mixed[0], plain[0])
    assert float(mixed[0].square().mean()) == pytest.approx(1, abs=0.1)
    assert mixed[1].std() == pytest.approx(1, abs=0.05)


def test_perlin_share_0_is_gaussian_to_the_bit() -> None:
    assert same(Noise(5, SHAPE, perlin=0.0), Noise(5, SHAPE))


def test_perlin_noise_is_smooth_and_of_unit_size() -> None:
    noise = perlin(torch.Generator("cpu").manual_seed(1), (4, 64, 48))
    assert noise.shape == (4, 64, 48)
    assert float(noise.square().mean()) == pytest.approx(1, rel=1e-5)
    assert float(noise.diff(dim=-1).square().mean()) < 0.3  # of independent values: 2
    assert float(noise.diff(dim=-2).square().mean()) < 0.3  # of independent values: 2


@pytest.mark.parametrize("shape", [(4, 1, 1), (4, 4, 4), (4, 3, 8), (4, 12, 200)])
def test_perlin_noise_of_odd_sizes(shape: tuple[int, int, int]) -> None:
    assert perlin(torch.Generator("cpu").manual_seed(1), shape).isfinite().all()
