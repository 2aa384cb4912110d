"""-s, --steps_run and --exact_strength: what runs, and what the pinned line says of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from invoke_cli.session.events import Failed, PlannedPicture
from tests.session.conftest import Make, failure, pixels, planned, saved


def plan(make_session: Make, line: str, **defaults: object) -> PlannedPicture:
    (one,) = planned(make_session(dry_run=True, **defaults).run(line))
    return one


def refusal(make_session: Make, line: str) -> Failed:
    return failure(make_session(dry_run=True).run(line))


@pytest.mark.parametrize(
    ("switches", "steps"),
    [
        ("-I sketch.png -f0.7 --steps_run 20", 29),
        ("-I sketch.png -f0.7 --exact_strength -R20", 29),
        ("-I sketch.png -f0.4 -R 20", 50),
        ("-I sketch.png -f1 --run_steps 20", 20),
        ("--steps_to_run 20", 20),
    ],
)
def test_exactly_so_many_steps_run(make_session: Make, sketch: Path, switches: str, steps: int) -> None:
    one = plan(make_session, f"a cat {switches}")
    assert (one.steps_run, one.steps) == (20, steps)
    assert f"-s {steps} " in one.line
    assert "steps_run" not in one.line


def test_without_a_picture_it_is_the_number_of_steps(make_session: Make) -> None:
    assert plan(make_session, "a cat -R 20 -S1").line == plan(make_session, "a cat -s 20 -S1").line


def test_the_line_itself_beats_the_defaults(make_session: Make, sketch: Path) -> None:
    assert plan(make_session, "a cat -I sketch.png -f0.5 -s10", steps_run=20).steps == 10
    assert plan(make_session, "a cat -I sketch.png -f0.5 -R 10", steps=30).steps == 20
    assert plan(make_session, "a cat -I sketch.png -f0.5", steps=30, steps_run=20).steps == 40


@pytest.mark.parametrize(
    ("switches", "sentence"),
    [
        ("-s 30 --steps_run 20", "-s and --steps_run both set the number of steps"),
        ("-f0 --steps_run 20", "strength 0 gives your image back"),
        ("-f0.001 --steps_run 20", "20 steps at strength 0.001 would need more than -s 10000"),
        ("-f1e-300 --steps_run 20", "20 steps at strength 1e-300 would need more than -s 10000"),
    ],
)
def test_what_cannot_be_counted_is_said(
    make_session: Make, sketch: Path, switches: str, sentence: str
) -> None:
    failed = refusal(make_session, f"a cat -I sketch.png {switches}")
    assert failed.error.message.startswith(sentence)
    assert failed.error.span is not None
    assert failed.line[failed.error.span.start :].startswith("--steps_run 20")


def test_an_exact_strength_moves_the_start_and_keeps_the_number(make_session: Make, sketch: Path) -> None:
    lines = [f"a cat -S1 -I sketch.png -s10 -f {f}" for f in (0.7, 0.71)]
    coarse = [plan(make_session, line) for line in lines]
    exact = [plan(make_session, f"{line} --exact_strength") for line in lines]
    assert coarse[0].first_sigma == coarse[1].first_sigma < exact[0].first_sigma < exact[1].first_sigma
    assert [one.steps_run for one in (*coarse, *exact)] == [7, 7, 7, 7]
    assert "--exact_strength" in exact[0].line
    assert "--no-exact_strength" in coarse[0].line


def test_text_to_image_knows_no_exact_strength(make_session: Make) -> None:
    plain = plan(make_session, "a cat -S1")
    assert plan(make_session, "a cat -S1 --exact_strength") == plain
    assert "exact" not in plain.line


def test_exact_strengths_give_pictures_of_their_own(make_session: Make, sketch: Path) -> None:
    session = make_session(steps=10, seed=3)
    lines = ("-f0.7", "-f0.71", "-f0.7 --exact_strength", "-f0.71 --exact_strength")
    drawn = [pixels(saved(session.run(f"a cat -I sketch.png {line}"))[0].path) for line in lines]
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[2], drawn[3])
