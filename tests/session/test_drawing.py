"""Two passes, mirrored halves and tiles, from the line to the picture that remakes itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from invoke_cli.imaging.metadata import read_texts, unpack
from invoke_cli.repl.objects import as_object
from invoke_cli.session.events import Planned, Progress
from invoke_cli.session.session import Session
from tests.session.conftest import Make, notices, pixels, planned, saved


@pytest.mark.edge(25)
@pytest.mark.parametrize(
    "switches",
    [
        "-W 128 -H 96 --hires_fix -f 0.5",
        "-I sketch.png --hires_fix -f 0.5",
        "-I sketch.png -M mask.png --hires_fix -f 0.6 -Ak_euler_a",
        "-W 128 -H 96 --hires_fix -f 0.55 --exact_strength -V 3:0.2 --perlin 0.2 --seamless",
        "--h_symmetry_time_pct 0.3 --v_symmetry_time_pct 0.8 -Ak_dpm_2_a",
        "-W 96 -H 96 --hires_fix --v_symmetry_time_pct 0.3",
    ],
)
def test_a_picture_remakes_itself(session: Session, sketch: Path, switches: str) -> None:
    mask = np.full((64, 96), 255, np.uint8)
    mask[:, :40] = 0
    from PIL import Image

    Image.fromarray(mask).save("mask.png")
    (first,) = saved(session.run(f"a cat -s4 -S11 {switches}"))
    (again,) = saved(session.run(unpack(read_texts(first.path)).line))
    assert np.array_equal(pixels(again.path), pixels(first.path))
    (plain,) = saved(session.run(f"{first.line} --no-hires_fix --h_sym 0 --v_sym 0"))
    assert not np.array_equal(pixels(plain.path), pixels(first.path))
    if "-M" in switches:
        assert np.array_equal(pixels(first.path)[:, 40:], pixels(sketch)[:, 40:])


def test_progress_previews_and_files_know_both_passes(session: Session) -> None:
    events = list(session.run("a cat -s4 -W128 -H96 --hires_fix -f 0.5 --save_intermediates 1"))
    progress = [event for event in events if isinstance(event, Progress)]
    assert [(event.step.index, event.step.total) for event in progress] == [(i, 6) for i in range(6)]
    assert {event.preview().shape for event in progress} == {(7, 9, 3), (12, 16, 3)}
    (picture,) = planned(events)
    assert (picture.first_pass, picture.steps_run, picture.evaluations) == ((72, 56, 4), 6, 6)
    (plan,) = [event for event in events if isinstance(event, Planned)]
    assert as_object(plan)["pictures"][0]["first_pass"] == {"width": 72, "height": 56, "steps_run": 4}
    facts = unpack(read_texts(saved(events)[0].path)).facts
    assert (facts["width"], facts["height"], facts["first_pass"]) == (128, 96, [72, 56, 4])
    (strip,) = saved(events, "strip")
    assert len(list(strip.path.parent.glob("0*.png"))) == 7


def test_decoded_intermediates_of_both_passes_are_of_one_size(session: Session) -> None:
    line = "a cat -s2 -W96 -H96 --hires_fix -f 0.5 --save_intermediates 1 --decode_intermediates"
    (strip,) = saved(session.run(line), "strip")
    assert {pixels(path).shape for path in strip.path.parent.glob("0*.png")} == {(96, 96, 3)}


def test_noisy_intermediates_of_both_passes_have_their_levels(session: Session) -> None:
    line = "a cat -s4 -W96 -H96 --hires_fix -f 0.5 --save_intermediates 1 --intermediates noisy"
    (strip,) = saved(session.run(line), "strip")
    labels = [unpack(read_texts(path)).facts["frame"] for path in sorted(strip.path.parent.glob("0*.png"))]
    assert "step 4 of 6, sigma 0" in labels
    assert "step 6 of 6, sigma 0" in labels


def test_a_first_pass_in_vain_is_said(make_session: Make, sketch: Path) -> None:
    session = make_session(dry_run=True)
    assert "changes nothing" in notices(session.run("a cat -W64 -H64 --hires_fix"))
    assert "twice" in notices(session.run("a cat -W128 -H128"))
    for line in ("a cat -W128 -H128 --hires_fix -f0.4", "a cat -W96 -H96"):
        assert notices(session.run(line)) == ""
    (untouched,) = planned(session.run("a cat -I sketch.png -f0 --hires_fix"))
    assert untouched.first_pass is None
    assert "--no-hires_fix" in untouched.line


def test_strength_of_a_first_pass_without_a_picture_is_pinned(make_session: Make) -> None:
    (picture,) = planned(make_session(dry_run=True, strength=0.6).run("a cat -W128 -H128 --hires_fix"))
    assert "-f 0.6" in picture.line
    assert (picture.strength, picture.from_picture) == (0.6, False)
    (plain,) = planned(make_session(dry_run=True, strength=0.6).run("a cat -W128 -H128"))
    assert "-f" not in plain.line.replace("--no-hires_fix", "")
