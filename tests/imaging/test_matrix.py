from __future__ import annotations

import numpy as np
import pytest

from invoke_cli.imaging.matrix import matrix
from invoke_cli.imaging.sheets import LARGEST_FRAME, WIDEST_STRIP


def colour(index: int) -> tuple[int, int, int]:
    return 30 + index, 0, 120


def pictures(count: int, width: int = 100, height: int = 80) -> list[np.ndarray]:
    return [np.full((height, width, 3), colour(index), np.uint8) for index in range(count)]


def place(sheet: np.ndarray, index: int) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of a picture on the sheet."""
    rows, columns = np.nonzero((sheet == colour(index)).all(-1))
    return int(rows.min()), int(rows.max()) + 1, int(columns.min()), int(columns.max()) + 1


def ink(sheet: np.ndarray, top: int, bottom: int, left: int, right: int) -> int:
    """How many pixels of a region are written on."""
    return int((sheet[top:bottom, left:right].min(-1) > 150).sum())


def test_pictures_stand_row_by_row_in_their_own_size() -> None:
    sheet = matrix(pictures(6), ["-f 0.3", "-f 0.5", "-f 0.7"], ["-C 5", "-C 10"])
    places = [place(sheet, index) for index in range(6)]
    assert {(bottom - top, right - left) for top, bottom, left, right in places} == {(80, 100)}
    tops, lefts = [top for top, *_ in places], [left for _, _, left, _ in places]
    assert tops[0] == tops[1] == tops[2] < tops[3] == tops[4] == tops[5]
    assert lefts[:3] == lefts[3:] == sorted(lefts[:3])
    assert places[0][1] < tops[3]


def test_labels_stand_above_columns_and_left_of_rows() -> None:
    sheet = matrix(pictures(4), ["-f 0.3", ""], ["", "-C 10"])
    (top, _, left, right), (_, _, other, end) = place(sheet, 0), place(sheet, 1)
    (low, bottom, _, _) = place(sheet, 2)
    assert ink(sheet, 0, top, left, right) > 20
    assert ink(sheet, 0, top, other, end) == 0
    assert ink(sheet, low, bottom, 0, left) > 20
    assert ink(sheet, top, low, 0, left) == 0


def test_one_row_has_no_margin_for_labels() -> None:
    assert place(matrix(pictures(2), ["a", "b"]), 0)[2] < 30


def test_a_title_stands_above_all() -> None:
    plain, titled = (matrix(pictures(1), ["a"], title=title) for title in ("", "-A k_lms  -s 10"))
    down = titled.shape[0] - plain.shape[0]
    assert down > 0
    assert ink(titled, 0, down, 0, titled.shape[1]) > 20
    assert (place(titled, 0)[0] - place(plain, 0)[0]) == down


def test_pictures_of_differing_sizes_keep_their_proportion() -> None:
    shown = [pictures(2, 512, 512)[0], pictures(2, 256, 512)[1]]
    sheet = matrix(shown, ["-W 512", "-W 256"])
    (top, bottom, left, right), (_, _, other, end) = place(sheet, 0), place(sheet, 1)
    assert (bottom - top, right - left) == (LARGEST_FRAME, LARGEST_FRAME)
    assert end - other == LARGEST_FRAME // 2


def test_long_labels_widen_their_columns() -> None:
    sheet = matrix(pictures(2, 16, 16), ["-A k_dpmpp_2", "-A k_dpm_2_a"])
    assert place(sheet, 1)[2] - place(sheet, 0)[2] > 80


def test_too_many_columns_go_on_below() -> None:
    count = 30
    sheet = matrix(pictures(2 * count, 100, 20), list(map(str, range(count))), ["a", "b"])
    assert sheet.shape[1] <= WIDEST_STRIP + 40
    first, last, below, end = (place(sheet, index) for index in (0, count - 1, count, 2 * count - 1))
    tops = [first[0], below[0], last[0], end[0]]
    assert tops == sorted(set(tops))
    assert first[2] == below[2]


def test_every_place_needs_its_picture() -> None:
    for columns, rows in ((["a"], ["b"]), ([], [""]), (["a", "b", "c"], [""])):
        with pytest.raises(ValueError, match="pictures"):
            matrix(pictures(2), columns, rows)
