"""Lines with init pictures and masks: where they are found, how much is drawn over them, what stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from invoke_cli.session.events import Progress
from invoke_cli.session.session import Session
from tests.session.conftest import SHORT, Make, failure, notices, pixels, planned, saved


def test_strength_zero_gives_back_the_init_picture(session: Session, sketch: Path) -> None:
    events = list(session.run("a cat -I sketch.png -f0"))
    assert np.array_equal(pixels(saved(events)[0].path), pixels(sketch))
    assert not [event for event in events if isinstance(event, Progress)]


def test_strength_one_ignores_the_init_picture(session: Session, sketch: Path) -> None:
    (drawn,) = saved(session.run("a cat -s3 -S5 -I sketch.png -f1"))
    (plain,) = saved(session.run("a cat -s3 -S5 -W96 -H64"))
    assert np.array_equal(pixels(drawn.path), pixels(plain.path))


@pytest.mark.edge(17)
@pytest.mark.parametrize(
    ("steps", "strength", "run"), [(10, 0.7, 7), (10, 0.4, 4), (50, 0.4, 20), (30, 0.7, 21), (50, 0.58, 29)]
)
def test_steps_that_run(make_session: Make, sketch: Path, steps: int, strength: float, run: int) -> None:
    (picture,) = planned(make_session(dry_run=True).run(f"a cat -I sketch.png -s{steps} -f{strength}"))
    assert (picture.steps, picture.steps_run) == (steps, run)


def test_progress_counts_the_steps_that_run(session: Session, sketch: Path) -> None:
    steps = [event.step for event in session.run("a -I sketch.png -s5 -f0.6") if isinstance(event, Progress)]
    assert [(step.index, step.total) for step in steps] == [(0, 3), (1, 3), (2, 3)]


def test_outside_a_transparent_region_nothing_changes(session: Session, sketch: Path) -> None:
    picture = pixels(sketch)
    alpha = np.full((64, 96, 1), 255, np.uint8)
    alpha[16:40, 24:64] = 0
    Image.fromarray(np.concatenate([picture, alpha], axis=2)).save("hole.png")
    (result,) = saved(session.run("a cat -I hole.png -s4 -f0.8"))
    changed = (pixels(result.path) != picture).any(axis=2)
    assert changed[16:40, 24:64].mean() > 0.5
    assert not changed[alpha[..., 0] == 255].any()


def test_a_mask_file_is_black_where_to_draw(session: Session, sketch: Path) -> None:
    mask = np.full((64, 96), 255, np.uint8)
    mask[:, :48] = 0
    Image.fromarray(mask).save("mask.png")
    (result,) = saved(session.run("a cat -I sketch.png -M mask.png -s4"))
    (inverse,) = saved(session.run("a cat -I sketch.png -M mask.png --invert_mask -s4"))
    left, right = np.s_[:, :48], np.s_[:, 48:]
    assert np.array_equal(pixels(result.path)[right], pixels(sketch)[right])
    assert not np.array_equal(pixels(result.path)[left], pixels(sketch)[left])
    assert np.array_equal(pixels(inverse.path)[left], pixels(sketch)[left])


def test_variations_of_a_picture_go_on_from_the_first_result(session: Session, sketch: Path) -> None:
    first, second, third = saved(session.run("a cat -I sketch.png -s4 -f0.6 -S9 -v0.2 -n3"))
    assert f"-I {first.path}" in second.line
    assert f"-I {first.path}" in third.line
    assert second.seed == third.seed != first.seed == 9
    assert not np.array_equal(pixels(second.path), pixels(third.path))


def test_opaque_transparency_does_not_change_what_variations_are(session: Session, sketch: Path) -> None:
    Image.open(sketch).convert("RGBA").save("opaque.png")
    plain, opaque = (
        [one.seed for one in planned(session.run(f"a -I {name} -s2 -S1 -n2 -v0.2"))]
        for name in ("sketch.png", "opaque.png")
    )
    assert plain == opaque


def test_a_picture_in_the_output_folder_is_found_by_its_name(session: Session) -> None:
    (made,) = saved(session.run(SHORT))
    assert saved(session.run(f"a dog -s3 -I {made.path.name}"))


def test_a_line_without_a_prompt_takes_the_one_in_the_picture(session: Session) -> None:
    (made,) = saved(session.run("a cat, asleep -s3 -W64 -H64"))
    events = list(session.run(f"-I {made.path} -s3"))
    assert saved(events)[0].line.startswith("a cat, asleep ")
    assert "a cat, asleep" in notices(events)


def test_a_missing_picture_is_suggested(session: Session, sketch: Path) -> None:
    failed = failure(session.run("a cat -I skech.png"))
    assert "sketch.png" in failed.error.hint
    assert failed.error.span is not None


@pytest.mark.parametrize("path", ["~nosuchuser/x.png", "x" * 300 + ".png", "a\udcff.png"])
def test_paths_that_cannot_be_are_not_found(session: Session, path: str) -> None:
    assert "there is no picture" in failure(session.run(f"a cat -I {path}")).error.message


def test_an_undecodable_file_name_draws_and_logs(session: Session, sketch: Path) -> None:
    odd = sketch.rename(sketch.with_name("a\udcff.png"))
    (made,) = saved(session.run(f"a cat -I {odd.name} -s2 -f0.5"))
    assert made.path.is_file()
