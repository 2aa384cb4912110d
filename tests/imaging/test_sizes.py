"""The size to draw at: inside its bounds, on the grid, and of the picture's shape."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoke_cli.imaging.sizes import Target, target_size

SIDE = st.integers(1, 20_000)
BOX = st.tuples(st.integers(1, 300), st.integers(1, 300)).map(lambda box: (box[0] * 8, box[1] * 8))
GRID = st.sampled_from([8, 64])


def same_shape(size: tuple[int, int], target: Target, grid: int) -> bool:
    """Whether one side, stretched to the other's scale, is off by at most one grid step."""
    width, height = size
    off_wide = abs(target.height * width / height - target.width)
    off_high = abs(target.width * height / width - target.height)
    return min(off_wide, off_high) <= grid


def said(size: tuple[int, int], target: Target) -> bool:
    sizes = (f"{size[0]}x{size[1]}", f"{target.width}x{target.height}")
    return any("init picture" in note and all(text in note for text in sizes) for note in target.notes)


@pytest.mark.edge(22)
@given(size=st.tuples(SIDE, SIDE), box=BOX, grid=GRID)
def test_fit(size: tuple[int, int], box: tuple[int, int], grid: int) -> None:
    target = target_size(size, fit=True, box=box, native=512, grid=grid)
    inside = tuple(max(grid, side // grid * grid) for side in box)
    assert 0 < target.width <= inside[0]
    assert 0 < target.height <= inside[1]
    assert target.width == inside[0] or target.height == inside[1]
    assert target.width % grid == target.height % grid == 0
    assert same_shape(size, target, grid)
    assert said(size, target) == (size != (target.width, target.height))


@given(size=st.tuples(SIDE, SIDE), box=BOX, grid=GRID)
def test_fit_picks_the_best_shape_of_its_size(size: tuple[int, int], box: tuple[int, int], grid: int) -> None:
    target = target_size(size, fit=True, box=box, native=512, grid=grid)
    wide, high = (max(grid, side // grid * grid) for side in box)
    others = {(wide, h) for h in range(grid, high + 1, grid)} if target.width == wide else set()
    others |= {(w, high) for w in range(grid, wide + 1, grid)} if target.height == high else set()
    off = {
        (w, h): abs(w * size[1] - h * size[0]) for w, h in others if w == target.width or h == target.height
    }
    if (target.width, target.height) != (wide, high):
        assert off[target.width, target.height] == min(off.values())


@pytest.mark.edge(22)
@given(size=st.tuples(SIDE, SIDE), native=st.sampled_from([128, 512, 768]), grow=st.booleans(), grid=GRID)
def test_own_size(size: tuple[int, int], native: int, grow: bool, grid: int) -> None:
    target = target_size(size, fit=False, box=(512, 512), native=native, grow=grow, grid=grid)
    assert target.width % grid == target.height % grid == 0
    assert min(target.width, target.height) >= grid
    assert same_shape(size, target, grid)
    assert said(size, target) == (size != (target.width, target.height))
    if grow and max(size) < native:
        assert max(target.width, target.height) == native
        assert any(f"{native}x{native}" in note for note in target.notes)
    else:
        for old, new in zip(size, (target.width, target.height), strict=True):
            assert abs(old - new) <= grid / 2 or new == grid


@pytest.mark.parametrize(
    ("size", "box", "expected"),
    [
        ((1920, 20), (128, 128), (128, 8)),
        ((20, 1920), (128, 128), (8, 128)),
        ((700, 690), (640, 480), (488, 480)),
        ((1920, 1080), (512, 512), (512, 288)),
        ((100, 100), (512, 512), (512, 512)),
        ((512, 512), (512, 512), (512, 512)),
        ((30, 20), (516, 516), (512, 344)),
        ((5, 5), (3, 3), (8, 8)),
    ],
)
def test_known_fits(size: tuple[int, int], box: tuple[int, int], expected: tuple[int, int]) -> None:
    target = target_size(size, fit=True, box=box, native=512)
    assert (target.width, target.height) == expected


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((768, 512), (192, 128)),
        ((512, 768), (128, 192)),
        ((2000, 1400), (184, 128)),
        ((64, 64), (128, 128)),
        ((1920, 20), (256, 8)),
    ],
)
def test_fit_without_a_box_brings_the_shorter_side_to_the_native_size(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    target = target_size(size, fit=True, box=None, native=128)
    assert (target.width, target.height) == expected
    assert said(size, target)


@given(size=st.tuples(SIDE, SIDE), native=st.sampled_from([128, 512, 768]), grid=GRID)
def test_a_fitted_picture_fits_into_its_own_size(size: tuple[int, int], native: int, grid: int) -> None:
    target = target_size(size, fit=True, box=None, native=native, grid=grid)
    chosen = (target.width, target.height)
    again = target_size(size, fit=True, box=chosen, native=native, grid=grid)
    assert (again.width, again.height) == chosen
    assert max(chosen) <= 2 * native
    assert same_shape(size, target, grid)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1000, 700), (1000, 704)),
        ((512, 384), (512, 384)),  # one side at the native size is enough
        ((384, 256), (512, 344)),
        ((128, 128), (512, 512)),
        ((600, 100), (600, 104)),
        ((515, 3), (512, 8)),
    ],
)
def test_known_own_sizes(size: tuple[int, int], expected: tuple[int, int]) -> None:
    target = target_size(size, fit=False, box=(64, 64), native=512)
    assert (target.width, target.height) == expected


def test_small_pictures_can_be_kept_small() -> None:
    target = target_size((384, 256), fit=False, box=(512, 512), native=512, grow=False)
    assert target == Target(384, 256)


def test_sizes_that_suit_are_passed_over_in_silence() -> None:
    assert target_size((512, 768), fit=False, box=(512, 512), native=512).notes == ()
    assert target_size((512, 512), fit=True, box=(512, 512), native=512).notes == ()


def test_far_too_large_pictures_are_pointed_to_fit() -> None:
    notes = target_size((4000, 3000), fit=False, box=(512, 512), native=512).notes
    assert any("--fit" in note for note in notes)
