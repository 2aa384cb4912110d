"""The series of -n."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from invoke_cli.diffusion import seeds
from invoke_cli.diffusion.seeds import series


def test_series_is_the_old_programs() -> None:
    assert series(42, 3) == [42, 2746317213, 3929441273]


def test_a_longer_series_begins_like_a_shorter_one() -> None:
    assert series(7, 10)[:4] == series(7, 4)
    assert series(7, 0) == []


def test_series_neither_reads_nor_moves_the_global_generator() -> None:
    random.seed(1)
    before = random.getstate()
    first = series(5, 20)
    assert random.getstate() == before
    random.seed(2)
    assert series(5, 20) == first


@pytest.mark.parametrize("first", [0, 1, 2**32 - 1])
def test_seeds_are_different_and_in_range(first: int) -> None:
    many = series(first, 300)
    assert len(set(many)) == 300
    assert all(0 <= seed < 2**32 for seed in many)


def test_a_series_that_meets_itself_steps_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stuck(random.Random):
        def randrange(self, *args: int) -> int:
            return 2**32 - 1

    monkeypatch.setattr(seeds.random, "Random", Stuck)
    assert series(2**32 - 1, 4) == [2**32 - 1, 0, 1, 2]


def test_planning_needs_no_torch() -> None:
    modules = "schedule, samplers, seeds, step, recipe"
    code = f"import sys; from invoke_cli.diffusion import {modules}; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
