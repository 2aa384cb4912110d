"""What is said of a line that stands for several pictures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from invoke_cli.session.events import Explained, Failed, Notice
from tests.session.conftest import Make, planned


@pytest.fixture
def sketches(sketch: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "sketches"
    folder.mkdir()
    for name in ("a.png", "b.png", "c.jpg"):
        shutil.copy(sketch, folder / name)
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.mark.parametrize(
    ("init", "count"),
    [("sketches", 3), ("'sketches/*.png'", 2), ("sketches/a.*", 1), ("sketches/a.png", None)],
)
def test_it_is_said_for_how_many_pictures_a_line_stands(
    make_session: Make, sketches: Path, init: str, count: int | None
) -> None:
    line = f"a cat -S1 -s10 -f0.7 -I {init}"
    (found,) = make_session().explain(line)
    assert isinstance(found, Explained)
    assert found.pictures == count
    every = planned(make_session(dry_run=True).run(line))
    assert len(every) == (1 if count is None else count)
    assert {one.first_sigma for one in every} == {found.running[0].sigma}


def test_it_is_said_of_a_picture_in_the_output_folder_and_where_there_is_none(
    make_session: Make, sketches: Path, tmp_path: Path
) -> None:
    sketches.rename(tmp_path / "pictures")
    (nothing,) = make_session().explain("a cat -f0.7 -I 'sketches/*.png'")
    assert isinstance(nothing, Explained)
    assert nothing.pictures == 0
    (tmp_path / "out").mkdir()
    (tmp_path / "pictures").rename(tmp_path / "out" / "sketches")
    (found,) = make_session().explain("a cat -f0.7 -I 'sketches/*.png' -o out")
    assert isinstance(found, Explained)
    assert found.pictures == 2


def test_each_value_of_a_list_is_said_to_be_for_all_pictures(make_session: Make, sketches: Path) -> None:
    events = list(make_session().explain("a cat -I sketches -f 0.4,0.7"))
    assert [event.pictures for event in events if isinstance(event, Explained)] == [3, 3]
    assert len([event for event in events if isinstance(event, Notice)]) == 2


@pytest.mark.parametrize(
    ("line", "under"),
    [
        ("a cat -s 5,7 -A ddim,k_eulr", "k_eulr"),
        ("a cat -I a.png -f 0.5 --steps_run 5,9000", "9000"),
    ],
)
def test_a_mistake_in_one_of_many_is_all_that_is_told(make_session: Make, line: str, under: str) -> None:
    (failed,) = make_session().explain(line)
    assert isinstance(failed, Failed)
    assert failed.error.span is not None
    assert line[failed.error.span.start : failed.error.span.end] == under
