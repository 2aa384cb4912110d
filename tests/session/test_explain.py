"""What is said of a schedule, against closed forms and against what planning really runs."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from invoke_cli.diffusion.schedule import NoiseTable, plan_schedule, steps_to_run
from invoke_cli.errors import OutputError
from invoke_cli.language.defaults import builtin
from invoke_cli.language.grammar import parse
from invoke_cli.session.events import Explained, Failed
from invoke_cli.session.explain import explain, same_steps
from invoke_cli.session.schedule_plot import plot, save_plot
from tests.session.conftest import Make, planned

TABLE = NoiseTable.from_config({})


def explained(line: str) -> Explained:
    return explain(parse(line), builtin(), TABLE, line, 1)


def test_the_levels_are_those_that_run_and_before_them_those_that_do_not() -> None:
    found = explained("fire -s10 -f0.7")
    assert [level.step for level in found.levels] == list(range(1, 11))
    assert [level.timestep for level in found.levels] == pytest.approx(np.linspace(999, 0, 10), abs=1e-9)
    assert tuple(level.sigma for level in found.running) == plan_schedule(TABLE, 10, 0.7, 0).sigmas[:-1]
    assert [level.runs for level in found.levels] == [False] * 3 + [True] * 7


def test_signal_and_noise_in_decibels() -> None:
    first = explained("fire -s10 -f0.7").running[0]
    # latents of variance 1, noise of variance sigma^2
    assert first.snr_db == pytest.approx(10 * math.log10(1 / first.sigma**2), abs=1e-12)
    alpha_bar = np.cumprod(1 - np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2)[666]
    assert first.snr_db == pytest.approx(10 * math.log10(alpha_bar / (1 - alpha_bar)), abs=1e-9)


@pytest.mark.parametrize("switches", ["", "--karras_max 100", "--exact_strength"])
@settings(deadline=None, max_examples=40)
@given(steps=st.integers(2, 60), percent=st.integers(1, 99))
def test_levels_fall_and_every_step_has_one(switches: str, steps: int, percent: int) -> None:
    found = explained(f"fire -s{steps} -f{percent / 100} {switches}")
    sigmas = [level.sigma for level in found.levels]
    assert sigmas == sorted(set(sigmas), reverse=True)
    assert len(sigmas) == steps
    assert len(found.running) == steps_to_run(steps, percent / 100)


@settings(deadline=None, max_examples=60)
@given(steps=st.integers(1, 300), percent=st.integers(1, 99))
def test_which_strengths_and_which_steps_run_the_same(steps: int, percent: int) -> None:
    strength = percent / 100
    found = explained(f"fire -s{steps} -f{strength}")
    run = len(found.running)
    assert strength in found.same_strengths
    everyone = [k / 100 for k in range(1, 100)]
    assert list(found.same_strengths) == [f for f in everyone if steps_to_run(steps, f) == run]
    first, last = found.same_steps
    assert first <= steps <= last
    assert steps_to_run(first, strength) == steps_to_run(last, strength) == run
    assert first == 1 or steps_to_run(first - 1, strength) < run
    assert steps_to_run(last + 1, strength) > run or last == 10000


def test_a_tiny_strength_ends_at_the_most_steps_there_are() -> None:
    assert same_steps(1, 50, 1e-300) == (1, 10000)
    assert "raise -f" in explained("fire -f 1e-300").advice


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("fire -s10 -f0.7", "to run 20 steps at 0.7 use -s29 or --steps_run 20"),
        ("fire -s50 -f0.4", "to run 50 steps at 0.4 use -s125 or --steps_run 50"),
        ("fire -f0.7 --steps_run 20", "without --steps_run, -s29 is the same"),
        ("fire -f0", "strength 0 gives your image back; raise -f to change it"),
        ("fire -f1", "strength 1 ignores your image; lower -f to keep some of it"),
        ("fire", "every step runs; with a picture to start from (-I), -f says how many do"),
    ],
)
def test_advice(line: str, advice: str) -> None:
    assert explained(line).advice == advice


def test_two_stages_cost_twice() -> None:
    found = explained("fire -s10 -f0.7 -A heun")
    assert (found.sampler, found.evaluations) == ("k_heun", 13)
    assert found.work.endswith("in that time k_lms runs 13 (-s19)")
    assert explained("fire -s10 -f0.7 -A plms").work == ""


def test_no_other_strength_is_like_an_exact_one() -> None:
    assert explained("fire -s10 -f0.7 --exact_strength").same_strengths == (0.7,)
    assert explained("fire -s10 -f0.7").same_strengths == tuple(k / 100 for k in range(70, 80))


def test_the_explanation_is_what_the_line_then_does(make_session: Make, sketch: Path) -> None:
    line = "a cat -S1 -I sketch.png -R12 -f0.45 --exact_strength --karras_max 50 -Ak_dpmpp_2"
    (one,) = planned(make_session(dry_run=True).run(line))
    (found,) = make_session().explain(line)
    assert isinstance(found, Explained)
    assert (len(found.levels), len(found.running)) == (one.steps, one.steps_run)
    assert found.running[0].sigma == one.first_sigma
    assert found.evaluations == one.evaluations


def test_mistakes_are_told_as_elsewhere(make_session: Make) -> None:
    (failed,) = make_session().explain("a cat -f 75", 3)
    assert isinstance(failed, Failed)
    assert failed.line_number == 3
    assert failed.error.span is not None


def test_the_plot_opens_and_shows_the_strength(tmp_path: Path) -> None:
    save_plot(explained("fire -s10 -f0.7"), tmp_path / "plot.png")
    assert Image.open(tmp_path / "plot.png").size == (720, 440)
    assert np.array_equal(plot(explained("fire -s10 -f0.7")), plot(explained("fire -s10 -f0.7")))
    below = np.s_[80:]  # the axes, below the words
    assert not np.array_equal(
        plot(explained("fire -s10 -f0.7"))[below], plot(explained("fire -f0.4 -s10"))[below]
    )


@pytest.mark.parametrize("line", ["fire -s1", "fire -f0", "fire -s1 -f0.5", "fire -s9999 -f0.3"])
def test_every_schedule_has_a_plot(line: str) -> None:
    assert plot(explained(line)).shape == (440, 720, 3)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("there.png", "exists already"), ("plot.jpg", "no name"), ("no/plot.png", "no folder")],
)
def test_a_plot_never_takes_the_place_of_a_file(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "there.png").write_text("mine")
    with pytest.raises(OutputError, match=reason):
        save_plot(explained("fire -f0.7"), tmp_path / name)
    assert (tmp_path / "there.png").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["there.png"]


@pytest.mark.parametrize(
    ("line", "run", "said"),
    [
        ("a -s10 --hires_fix", 10, "leaves 7 steps"),
        ("a -s10 --hires_fix -f 0.4", 4, "before it runs 10 steps"),
        ("a -s10 --hires_fix -f 0.4 -I x.png", 4, "both passes"),
        ("a -s10 --hires_fix -f 0 -I x.png", 0, "gives your image back"),
    ],
)
def test_two_passes_are_told_apart(line: str, run: int, said: str) -> None:
    found = explained(line)
    assert len(found.running) == run
    assert said in found.advice
