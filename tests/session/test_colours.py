"""Colours that a result takes from another picture, and the one that a chain of pictures began with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from invoke_cli.imaging.colours_of import to_lab
from invoke_cli.imaging.metadata import read_texts, unpack
from invoke_cli.session.anchors import first_of_chain
from invoke_cli.session.session import Session
from tests.session.conftest import failure, notices, pixels, saved


@pytest.fixture
def sunset(tmp_path: Path) -> Path:
    """Orange above, dark red below, and a transparent corner in green."""
    rgba = np.zeros((40, 60, 4), np.uint8)
    rgba[:20] = (250, 150, 40, 255)
    rgba[20:] = (90, 20, 30, 255)
    rgba[:10, :10] = (0, 255, 0, 0)
    Image.fromarray(rgba).save(tmp_path / "sunset.png")
    return tmp_path / "sunset.png"


def test_the_result_has_the_colours_and_remakes_itself(session: Session, sunset: Path) -> None:
    (made,) = saved(session.run("a cat -s2 -W64 -H64 -S5 --init_color sunset.png"))
    opaque = np.asarray(Image.open(sunset))
    wanted = to_lab(opaque[opaque[..., 3] == 255][None, :, :3]).mean((0, 1))
    assert np.abs(to_lab(pixels(made.path)).mean((0, 1)) - wanted).max() < 4
    stored = unpack(read_texts(made.path))
    assert "--init_color sunset.png" in stored.line
    assert stored.facts["init_color"]["name"] == "sunset.png"
    (again,) = saved(session.run(stored.line))
    assert np.array_equal(pixels(again.path), pixels(made.path))
    assert len(list(made.path.parent.glob("*.png"))) == 2  # each is saved once


def test_colours_stay_outside_a_mask(session: Session, sketch: Path, sunset: Path) -> None:
    mask = np.full((64, 96), 255, np.uint8)
    mask[:, :40] = 0
    Image.fromarray(mask).save("mask.png")
    line = "a cat -I sketch.png -M mask.png -s2"
    (plain,) = saved(session.run(f"{line} -S5"))
    (made,) = saved(session.run(f"{line} -S5 --init_color sunset.png"))
    kept, drawn = np.s_[:, 40:], np.s_[:, :40]
    assert np.array_equal(pixels(made.path)[kept], pixels(sketch)[kept])
    assert not np.array_equal(pixels(made.path)[drawn], pixels(plain.path)[drawn])


def test_an_anchor_is_the_first_picture_of_the_chain(session: Session, sketch: Path) -> None:
    saved(session.run("a cat -I sketch.png -s2 -f0.5 -S5 --fnformat {prefix}.webp"))
    for _ in range(2):
        (made,) = saved(session.run("a cat -I-1 -s2 -f0.5 -S5 --anchor_color"))
        assert "--init_color sketch.png" in made.line
        distance = to_lab(pixels(made.path)).mean((0, 1)) - to_lab(pixels(sketch)).mean((0, 1))
        assert np.abs(distance).max() < 3
    (again,) = saved(session.run(made.line))
    assert np.array_equal(pixels(again.path), pixels(made.path))


def test_a_chain_that_began_without_a_picture_begins_with_its_first_result(session: Session) -> None:
    (first,) = saved(session.run("a cat -s2 -W64 -H64"))
    saved(session.run("a cat -I-1 -s2"))
    (third,) = saved(session.run("a cat -I-1 -s2 --anchor_color"))
    assert f"--init_color {first.path}" in third.line


def test_a_broken_chain_is_said(session: Session, sketch: Path) -> None:
    (made,) = saved(session.run("a cat -I sketch.png -s2"))
    Image.new("RGB", (96, 64)).save(sketch)
    events = list(session.run("a cat -I-1 -s2 --anchor_color"))
    assert f"--init_color {made.path}" in saved(events)[0].line
    assert "gone or has changed" in notices(events)
    sketch.unlink()
    assert first_of_chain(str(made.path))[0] == str(made.path)


def test_a_chain_is_followed_into_a_folder_that_moved(session: Session, sketch: Path) -> None:
    (made,) = saved(session.run("a cat -I sketch.png -s2 -o here"))
    sketch.rename(Path("here") / "sketch.png")
    Path("here").rename("there")
    assert first_of_chain(f"there/{made.path.name}") == ("there/sketch.png", ())


def test_mistakes_with_colours(session: Session, sketch: Path) -> None:
    failed = failure(session.run("a cat --init_color skech.png"))
    assert "sketch.png" in failed.error.hint
    Path("notes.png").write_text("no picture")
    failed = failure(session.run("a cat --init_color notes.png"))
    assert "not a picture" in failed.error.message
    assert failed.error.span is not None
    assert (
        "both" in failure(session.run("a -I sketch.png --anchor_color --init_color sketch.png")).error.message
    )
    assert "no effect" in notices(session.run("a cat -s2 -W64 -H64 --anchor_color"))
