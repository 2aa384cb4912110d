"""The seeds of a line that asks for several pictures (standard library only)."""

from __future__ import annotations

import random

SEEDS = 2**32
"""Seeds are whole numbers from 0 up to, and without, this."""


def series(first: int, count: int) -> list[int]:
    """`count` seeds, pairwise different, that depend on nothing but the first one.

    first: 0..2^32-1, and itself the first of the series.
    Each next seed is what Python's generator gives when it is seeded with the one before, which is
    how InvokeAI 2.x went from picture to picture: 42, 2746317213, 3929441273, ...
    """
    seeds: list[int] = []
    seed = first
    for _ in range(count):
        while seed in seeds:  # the walk has met itself; without a step aside it would go in circles
            seed = (seed + 1) % SEEDS
        seeds.append(seed)
        seed = random.Random(seed).randrange(SEEDS - 1)
    return seeds
