"""Folders and patterns of init pictures: one picture of the line for each file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from invoke_cli.imaging.metadata import read_texts, unpack
from invoke_cli.session.inits import by_name, natural
from invoke_cli.session.session import Session
from tests.session.conftest import Make, failure, notices, pixels, planned, saved


@pytest.fixture
def sketches(tmp_path: Path) -> Path:
    """a10, a2, B1 and one in a format of its own; a file that is no picture, and a hidden one."""
    folder = tmp_path / "my sketches"
    folder.mkdir()
    for shade, name in enumerate(["a10.png", "a2.png", "B1.jpg", ".hidden.png"]):
        Image.new("RGB", (64, 64 + 8 * shade), (60 * shade, 90, 120)).save(folder / name)
    (folder / "broken.png").write_bytes((folder / "a2.png").read_bytes()[:60])
    (folder / "notes.txt").write_text("no picture")
    return folder


def names(events: list) -> list[str]:
    lines = [picture.line for picture in planned(events)]
    return [line.split('-I "')[1].split('"')[0] for line in lines]


@pytest.mark.parametrize("typed", ["'my sketches'", "'my sketches/'", "'my sketches/*'", "'my s*/**'"])
def test_each_file_makes_a_picture_in_natural_order(make_session: Make, sketches: Path, typed: str) -> None:
    events = list(make_session(dry_run=True).run(f"a cat -I {typed} -s2"))
    assert [Path(name).name for name in names(events)] == ["a2.png", "a10.png", "B1.jpg"]
    told = notices(events)
    assert "3 pictures from my s" in told
    assert "skipped: my sketches/broken.png is cut off" in told
    assert "notes.txt" not in told


def test_a_pattern_of_one_file_is_told_as_one(make_session: Make, sketches: Path) -> None:
    told = notices(list(make_session(dry_run=True).run("a cat -I 'my sketches/a2*.png' -s2")))
    assert told.splitlines()[0] == "1 picture from my sketches/a2*.png"


def test_every_line_stands_for_itself(session: Session, sketches: Path) -> None:
    events = list(session.run("a cat -I 'my sketches/a*.png' -s2 -f0.5 -n2 -g --fnformat {init}-{seed}.png"))
    made = saved(events)
    assert [one.path.name.split("-")[0] for one in made] == ["a2", "a2", "a10", "a10"]
    assert len({one.seed for one in made}) == 4
    for one in made[1:3]:
        (again,) = saved(session.run(unpack(read_texts(one.path)).line))
        assert np.array_equal(pixels(again.path), pixels(one.path))
    (grid,) = saved(events, "grid")
    assert pixels(grid.path).shape == (144, 128, 3)  # the pictures are 64 and 72 pixels high


def test_a_seed_in_the_line_is_that_of_all(make_session: Make, sketches: Path) -> None:
    pictures = planned(make_session(dry_run=True).run("a cat -I 'my sketches' -S7"))
    assert [picture.seed for picture in pictures] == [7, 7, 7]
    assert [picture.height for picture in pictures] == [72, 64, 80]


def test_variations_go_on_from_their_own_first_picture(session: Session, sketches: Path) -> None:
    made = saved(session.run("a cat -I 'my sketches/a*.png' -s2 -f0.5 -n2 -v0.2"))
    assert f"-I {made[0].path}" in made[1].line
    assert f"-I {made[2].path}" in made[3].line


def test_masks_of_a_folder_are_matched_by_name(session: Session, sketches: Path) -> None:
    masks = sketches.with_name("masks")
    masks.mkdir()
    mask = np.full((64, 64), 255, np.uint8)
    mask[:, :24] = 0
    Image.fromarray(mask).save(masks / "a2.webp", lossless=True)
    events = list(session.run("a cat -I 'my sketches/a*.png' -M masks -s2"))
    (made,) = saved(events)
    assert "a2.webp" in made.line
    assert (pixels(made.path)[:, 24:] == pixels(sketches / "a2.png")[0, 0]).all()
    assert "no mask for" in notices(events)


def test_a_file_whose_name_is_a_pattern_is_that_file(session: Session, sketches: Path) -> None:
    (sketches / "a2.png").rename(sketches / "a[2].png")
    (made,) = saved(session.run("a cat -I 'my sketches/a[2].png' -s2"))
    (again,) = saved(session.run(made.line))
    assert np.array_equal(pixels(again.path), pixels(made.path))


def test_pictures_in_the_output_folder_are_found(session: Session) -> None:
    saved(session.run("a cat -s2 -W64 -H64 -n2 -S1"))
    assert len(planned(session.run("a dog -s2 -I 0000*.png"))) == 2


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("empty", "no pictures in empty"),
        ("'empty/*.png'", "no picture matches empty/*.png"),
        ("'my sketches/br*'", "none of 1 files"),
        ("'my sketches/[a'", "no picture matches"),
        ("nowhere/", "there is no picture nowhere/"),
    ],
)
def test_nothing_to_draw_from(session: Session, sketches: Path, typed: str, said: str) -> None:
    Path("empty").mkdir()
    failed = failure(session.run(f"a cat -I {typed}"))
    assert said in failed.error.message
    assert failed.error.span is not None


def test_many_that_are_skipped_are_counted(make_session: Make, sketches: Path) -> None:
    for number in range(9):
        (sketches / f"bad{number}.png").write_text("x")
    told = notices(make_session(dry_run=True).run("a -I 'my sketches'"))
    assert told.count("skipped: ") == 5
    assert "5 more are skipped" in told


def test_other_mistakes_are_the_lines(session: Session, sketches: Path) -> None:
    assert "no sampler" in failure(session.run("a -I 'my sketches' -Ak_foo")).error.message


def test_later_files_of_a_name_come_behind_the_first() -> None:
    names = ["1-10.png", "1-02.png", "1.png", "1²3.png", "1.jpg"]
    assert sorted(names, key=by_name) == ["1.jpg", "1.png", "1-02.png", "1-10.png", "1²3.png"]


def test_natural_order() -> None:
    names = ["x10", "x9", "X1", "2x", "10x", "x01", "\N{SUPERSCRIPT TWO}"]
    assert sorted(names, key=natural)[:5] == ["2x", "10x", "x01", "X1", "x9"]
