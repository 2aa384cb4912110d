from __future__ import annotations

import math

import numpy as np
import pytest

from invoke_cli.imaging.sheets import LARGEST_FRAME, PAPER, WIDEST_STRIP, enlarged, grid, strip, table


def colour(index: int) -> tuple[int, int, int]:
    """Nothing that the ink or paper of a strip could be."""
    return 50 + index, 0, 120


def pictures(count: int, width: int = 12, height: int = 10) -> list[np.ndarray]:
    return [np.full((height, width, 3), colour(index), np.uint8) for index in range(count)]


@pytest.mark.parametrize(
    ("count", "rows", "columns"),
    [(1, 1, 1), (2, 1, 2), (3, 1, 3), (4, 2, 2), (5, 2, 3), (8, 2, 4), (10, 3, 4)],
)
def test_grid_is_filled_row_by_row_on_black(count: int, rows: int, columns: int) -> None:
    sheet = grid(pictures(count))
    assert sheet.shape == (rows * 10, columns * 12, 3)
    assert sheet.dtype == np.uint8
    for index in range(rows * columns):
        top, left = index // columns * 10, index % columns * 12
        cell = sheet[top : top + 10, left : left + 12]
        assert (cell == (colour(index) if index < count else 0)).all()


def place(sheet: np.ndarray, index: int) -> np.ndarray:
    """Top, bottom, left and right of a frame."""
    rows, columns = np.nonzero((sheet == colour(index)).all(-1))
    return np.array([rows.min(), rows.max() + 1, columns.min(), columns.max() + 1])


def test_strip_shows_each_frame_whole_and_in_order() -> None:
    sheet = strip(pictures(3, 128, 96), ["one", "two", "three"])
    lefts = []
    for index in range(3):
        top, bottom, left, right = place(sheet, index)
        assert (bottom - top, right - left) == (96, 128)
        lefts.append(left)
    assert lefts == sorted(lefts)
    assert sheet.shape[1] < 3 * 128 + 40


def test_every_frame_has_its_own_readable_caption_below() -> None:
    sheet = strip(pictures(2, 128, 96), ["step 3  σ 4.61", ""])
    bottom = place(sheet, 0)[1]
    caption, empty = np.split(sheet[bottom:], 2, axis=1)
    ink = caption.max(-1) > 180
    assert 8 <= np.ptp(np.nonzero(ink)[0]) <= 20  # the height of its letters
    assert np.ptp(np.nonzero(ink)[1]) > 60
    assert (empty == PAPER).all()


def test_sigma_is_spelled_out_since_the_font_has_none() -> None:
    np.testing.assert_array_equal(
        strip(pictures(1, 128), ["σ 4.61"]), strip(pictures(1, 128), ["sigma 4.61"])
    )


def test_a_long_caption_makes_room_for_itself() -> None:
    short, long = strip(pictures(1), ["x"]), strip(pictures(1), ["x" * 30])
    assert long.shape[1] > 100 > short.shape[1]
    ink = np.nonzero((long.max(-1) > 100).any(0))[0]
    assert ink[0] > 1
    assert ink[-1] < long.shape[1] - 2


def test_very_many_frames_wrap_into_rows_of_equal_length() -> None:
    sheet = strip(pictures(50, 128, 96), [f"step {index}" for index in range(50)])
    assert sheet.shape[1] <= WIDEST_STRIP
    tops = [place(sheet, index)[0] for index in range(50)]
    lengths = [tops.count(top) for top in sorted(set(tops))]
    assert len(lengths) == math.ceil(50 / (WIDEST_STRIP // 136))
    assert max(lengths) - min(lengths) < len(lengths)


def test_large_frames_are_reduced() -> None:
    sheet = strip(pictures(2, 1024, 512), ["a", "b"])
    top, bottom, left, right = place(sheet, 0)
    assert (bottom - top, right - left) == (LARGEST_FRAME // 2, LARGEST_FRAME)


def test_mistakes_of_programmers() -> None:
    mixed = [*pictures(1), *pictures(1, 13)]
    for wrong in ([], mixed):
        with pytest.raises(ValueError, match="one size"):
            grid(wrong)
        with pytest.raises(ValueError, match="one size"):
            strip(wrong, ["a"] * len(wrong))
    with pytest.raises(ValueError, match="labels"):
        strip(pictures(2), ["a"])


def cells(count: int, start: int = 0) -> list[tuple[np.ndarray, str]]:
    return [
        (np.full((96, 128, 3), colour(start + index), np.uint8), f"{start + index}") for index in range(count)
    ]


def test_a_table_keeps_rows_and_columns_in_line() -> None:
    sheet = table([[None, *cells(2)], cells(3, 2)], ["-f 0.2", "-f 0.7"])
    tops = [place(sheet, index)[0] for index in range(5)]
    lefts = [place(sheet, index)[2] for index in range(5)]
    assert tops[0] == tops[1] < tops[2] == tops[3] == tops[4]
    assert lefts[2] < lefts[0] == lefts[3] < lefts[1] == lefts[4]
    assert [int(place(sheet, index)[3] - lefts[index]) for index in range(5)] == [128] * 5


def test_each_row_of_a_table_has_its_label_on_the_left_in_its_middle() -> None:
    sheet = table([[None, *cells(1)], cells(2, 1), [None, None]], ["-f 0.2", "-f 0.7", ""])
    margin = sheet[:, : place(sheet, 1)[2] - 4]
    ink = np.nonzero((margin.max(-1) > 180).any(1))[0]
    for index, row in ((0, ink[ink < len(sheet) // 3]), (1, ink[ink >= len(sheet) // 3])):
        middle = (index + 0.5) * len(sheet) / 3
        assert abs(row.mean() - middle) < 12
        assert 8 <= np.ptp(row) <= 24


def test_a_table_of_many_columns_is_reduced() -> None:
    sheet = table([[(np.full((512, 512, 3), colour(n), np.uint8), "sigma 1") for n in range(20)]], ["x"])
    assert sheet.shape[1] <= WIDEST_STRIP * 1.1


def test_mistakes_in_tables() -> None:
    for rows, labels in (([cells(1)], []), ([cells(1), cells(2)], ["a", "b"]), ([], [])):
        with pytest.raises(ValueError, match="table"):
            table(rows, labels)


def test_a_small_picture_is_enlarged_smoothly() -> None:
    small = np.zeros((2, 2, 3), np.uint8)
    small[:, 1] = 200
    large = enlarged(small, 32, 16)
    assert large.shape == (16, 32, 3)
    assert len(np.unique(large)) > 8
