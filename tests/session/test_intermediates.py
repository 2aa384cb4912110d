"""Strips, animations and comparisons of what happens on the way to a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from invoke_cli.diffusion import generate as generating
from invoke_cli.imaging.metadata import read_texts, unpack
from invoke_cli.session import draw as drawing
from invoke_cli.session.events import Failed, Planned, Progress
from invoke_cli.session.intermediates import Frame
from invoke_cli.session.session import Session
from tests.session.conftest import Make, failure, pixels, planned, saved

LINE = "a cat -I sketch.png -s10 -f0.5 -S4"


@pytest.fixture
def strips(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[np.ndarray], list[str]]]:
    """What strips are made of."""
    kept: list[tuple[list[np.ndarray], list[str]]] = []
    make = drawing.strip

    def spy(pictures: Any, labels: Any) -> Any:
        kept.append((list(pictures), list(labels)))
        return make(pictures, labels)

    monkeypatch.setattr(drawing, "strip", spy)
    return kept


def test_a_strip_goes_from_the_noised_init_over_the_steps_to_the_result(
    session: Session, sketch: Path, strips: Any
) -> None:
    (picture,) = saved(session.run(f"{LINE} --save_intermediates 2"))
    ((frames, labels),) = strips
    # k-diffusion's schedule of ten steps, from its fifth on.
    assert labels == [
        "noised init, sigma 1.34",
        "step 2 of 5, sigma 0.932",
        "step 4 of 5, sigma 0.369",
        "step 5 of 5, sigma 0.0292",
        "result",
    ]
    np.testing.assert_array_equal(frames[-1], pixels(picture.path))
    assert {frame.shape for frame in frames} == {(64, 96, 3)}


def test_noisy_frames_are_labelled_with_the_noise_that_is_left(
    session: Session, sketch: Path, strips: Any
) -> None:
    saved(session.run(f"{LINE} --save_intermediates 1 --intermediates noisy"))
    assert [label.rpartition(" ")[2] for label in strips[0][1]] == [
        "1.34", "0.932", "0.625", "0.369", "0.0292", "0", "result",
    ]  # fmt: skip


def test_without_an_init_picture_the_first_frame_is_noise(session: Session, strips: Any) -> None:
    saved(session.run("a cat -s2 -W64 -H64 --save_intermediates 1"))
    assert strips[0][1][0] == "noise, sigma 14.6"


def test_decoded_intermediates_are_the_decoders(session: Session, sketch: Path, strips: Any) -> None:
    events = list(session.run(f"{LINE} --save_intermediates 1 --decode_intermediates --intermediates noisy"))
    saved(events)
    quick = list(session.run(f"{LINE} --save_intermediates 1 --intermediates noisy"))
    saved(quick)
    (decoded, _), (mapped, _) = strips
    # The last noisy frame has no noise left: decoded, it is the result itself.
    np.testing.assert_array_equal(decoded[-2], decoded[-1])
    assert not np.array_equal(mapped[-2], mapped[-1])


def test_steps_that_are_done_again_in_float32_are_shown_once(
    session: Session, sketch: Path, strips: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def twice(bundle: Any, sample: Any) -> Any:
        first = sample(bundle)
        yield next(first)
        yield next(first)
        return (yield from sample(bundle)), ()

    monkeypatch.setattr(generating, "sampled_again", twice)
    saved(session.run(f"{LINE} --save_intermediates 1"))
    assert len(strips[0][1]) == 1 + 5 + 1


def test_an_animation_implies_every_step(session: Session, sketch: Path) -> None:
    events = list(session.run(f"{LINE} --animate gif"))
    (moving,) = saved(events, "animation")
    assert moving.path.name == "steps.gif"
    with Image.open(moving.path) as image:
        assert 5 <= getattr(image, "n_frames", 1) <= 7  # equal neighbours may become one
    assert (moving.path.parent / "strip.png").is_file()


def test_strength_zero_has_no_way_to_show(session: Session, sketch: Path) -> None:
    events = list(session.run("a cat -I sketch.png -f0 --save_intermediates 1"))
    assert saved(events)
    assert not saved(events, "strip")


def test_steps_and_results_can_be_looked_at(session: Session, sketch: Path) -> None:
    events = list(session.run(LINE))
    looks = [event.preview() for event in events if isinstance(event, Progress) and event.preview]
    assert [look.shape for look in looks] == [(8, 12, 3)] * 5
    (picture,) = saved(events)
    assert picture.rgb is not None
    np.testing.assert_array_equal(picture.rgb, pixels(picture.path))


def test_a_comparison_is_pictures_and_one_sheet(session: Session, sketch: Path) -> None:
    events = list(session.compare("a cat -I sketch.png -s10 -f 0,0.2,0.4", 3))
    pictures = saved(events)
    (sheet,) = saved(events, "sheet")
    assert [f"-f {strength} " in one.line for one, strength in zip(pictures, (0, 0.2, 0.4), strict=True)] == [
        True,
        True,
        True,
    ]
    assert len({one.seed for one in pictures}) == 1
    assert [one.rgb is None for one in pictures] == [True] * 3
    assert sheet.rgb is not None
    np.testing.assert_array_equal(pixels(sheet.path), sheet.rgb)
    assert sheet.path.name.endswith(".sheet.png")
    assert unpack(read_texts(sheet.path)).facts["sheet"] == [one.line for one in pictures]
    assert not saved(events, "strip")
    (plan,) = [event for event in events if isinstance(event, Planned)]
    assert (plan.line, plan.line_number) == ("a cat -I sketch.png -s10 -f 0,0.2,0.4", 3)
    assert [one.steps_run for one in planned(events)] == [0, 2, 4]


def test_a_compared_picture_is_the_one_that_its_line_draws(session: Session, sketch: Path) -> None:
    compared = saved(session.compare("a cat -I sketch.png -f0.5 -s 3,6"))
    for one in compared:
        (again,) = saved(session.run(one.line))
        np.testing.assert_array_equal(pixels(again.path), pixels(one.path))


def test_rows_of_a_comparison_end_in_one_column(
    session: Session, sketch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from invoke_cli.session import comparison

    tables: list[Any] = []
    make = comparison.table
    monkeypatch.setattr(comparison, "table", lambda *given: tables.append(given) or make(*given))
    saved(session.compare("a cat -I sketch.png -s10 -f 0.2,0.4"))
    ((rows, labels),) = tables
    captions = [[None if cell is None else cell[1] for cell in row] for row in rows]
    assert list(labels) == ["-f 0.2", "-f 0.4"]
    assert captions == [
        [None, None, "noised init", "sigma 0.369", "sigma 0.0292", "result"],
        ["noised init", "sigma 0.932", "sigma 0.625", "sigma 0.369", "sigma 0.0292", "result"],
    ]


@pytest.mark.parametrize(
    ("line", "part"),
    [("a cat -s5", "nothing to compare"), ("a cat -s 5,x", "whole number")],
)
def test_mistakes_in_a_comparison_are_told(session: Session, line: str, part: str) -> None:
    failed = failure(session.compare(line))
    assert part in failed.error.message
    assert failed.line == line


def test_a_comparison_of_two_lists_has_a_row_for_each_combination(
    session: Session, sketch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from invoke_cli.session import comparison

    tables: list[Any] = []
    make = comparison.table
    monkeypatch.setattr(comparison, "table", lambda *given: tables.append(given[1]) or make(*given))
    assert len(saved(session.compare("a cat -I sketch.png -s5 -f 0.4,0.6 -C 3,5 -n 1"))) == 4
    assert [list(labels) for labels in tables] == [
        ["-f 0.4 -C 3", "-f 0.6 -C 3", "-f 0.4 -C 5", "-f 0.6 -C 5"]
    ]


def test_a_dry_comparison_only_plans(make_session: Make, sketch: Path) -> None:
    events = list(make_session(dry_run=True).compare("a cat -I sketch.png -f 0.2,0.4"))
    assert not [event for event in events if isinstance(event, Failed)]
    assert len(planned(events)) == 2
    assert not Path("outputs").exists()


def test_a_frame_says_its_noise_where_it_has_one() -> None:
    rgb = np.zeros((1, 1, 3), np.uint8)
    assert Frame(2, "step 2 of 5", 0.93242, rgb).label == "step 2 of 5, sigma 0.932"
    assert Frame(5, "result", None, rgb).label == "result"
