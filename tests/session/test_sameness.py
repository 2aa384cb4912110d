"""Sweeps whose values come out as the same run: what is left out, what is said, and what is kept."""

from __future__ import annotations

import numpy as np
import pytest

from invoke_cli.language.grammar import parse
from invoke_cli.session.events import Planned
from invoke_cli.session.session import Session
from tests.session.conftest import Make, notices, pixels, planned, saved


def swept(session: Session, line: str) -> dict[str, list[object]]:
    """The lists of a line that are drawn."""
    (plan,) = [event for event in session.run(line) if isinstance(event, Planned)]
    return {each.name: list(each.values) for each in plan.sweep}


def said(session: Session, line: str) -> list[str]:
    """What is said of runs that are the same."""
    told = notices(session.run(line)).splitlines()
    return [text for text in told if text.startswith("the same run") or "like others" in text]


@pytest.mark.parametrize(
    ("switches", "different", "left_out"),
    [
        ("-I sketch.png -s10 -f 0.7,0.71,0.8", [0.7, 0.8], "-f 0.71 as 0.7"),
        ("-I sketch.png -s10 -f 0.45:0.8:0.05", [0.45, 0.5, 0.6, 0.7, 0.8],
         "-f 0.55 as 0.5, -f 0.65 as 0.6, -f 0.75 as 0.7"),
        ("-A k_lms,ddim,lms", ["k_lms", "ddim"], "-A lms as k_lms"),
        ("-W 64,65,72 -H64", [64, 72], "-W 65 as 64"),
        ("-s10 --karras_max 5,10,20", [5, 20], "--karras_max 10 as 5"),
        ("-s10 --h_symmetry_time_pct 0.11,0.2,0.21", [0.11, 0.21], "--h_symmetry_time_pct 0.2 as 0.11"),
        ("-I sketch.png -s1 -f 0.99,1", [0.99, 1], ""),  # 1 looks at no picture
        ("-I sketch.png -s10 -f 0.7,0.71 --exact_strength", [0.7, 0.71], ""),
        ("-s10 -C 5,5.01", [5, 5.01], ""),
        ("-s2 -z 0,9", [0, 9], ""),  # other files of the same picture
    ],
)  # fmt: skip
@pytest.mark.usefixtures("sketch")
def test_values_of_one_run_are_drawn_once(
    make_session: Make, switches: str, different: list[object], left_out: str
) -> None:
    line = f"a cat -S1 {switches}"
    assert list(swept(make_session(dry_run=True), line).values()) == [different]
    assert len(planned(make_session(dry_run=True).run(line))) == len(different)
    told = said(make_session(dry_run=True), line)
    assert told == ([f"the same run, drawn once: {left_out}"] if left_out else [])


@pytest.mark.usefixtures("sketch")
def test_what_is_left_out_would_have_been_the_same_picture(session: Session) -> None:
    line = "a cat -I sketch.png -s4 -S1 -A k_euler_a -f"
    first, second = saved(session.run(f"{line} 0.5,0.6,0.75"))
    assert [parse(one.line).strength for one in (first, second)] == [0.5, 0.75]
    (left_out,) = saved(session.run(f"{line} 0.6"))
    np.testing.assert_array_equal(pixels(left_out.path), pixels(first.path))


@pytest.mark.usefixtures("sketch")
def test_a_list_of_one_run_is_a_plain_line(session: Session) -> None:
    events = list(session.run("a cat -I sketch.png -s4 -S1 -f 0.5,0.6"))
    (one,) = saved(events)
    assert one.path.name == "000001.1.png"
    assert one.rgb is not None
    assert not saved(events, "sheet")
    assert len(saved(session.run("a cat -W64 -H64 -s1 -A lms,k_lms -n2"))) == 2
    (strip,) = saved(session.compare("a cat -I sketch.png -s4 -S1 -f 0.5,0.6"), "sheet")
    assert strip.rgb is not None


@pytest.mark.usefixtures("sketch")
def test_only_values_that_never_differ_are_left_out(make_session: Make) -> None:
    session = make_session(dry_run=True)
    line = "a cat -I sketch.png -S1 -f 0.7,0.75 -s 10,20"
    assert swept(session, line) == {"strength": [0.7, 0.75], "steps": [10, 20]}
    assert said(session, line) == ["1 of 4 pictures will be like others: -f 0.75 -s 10 runs as -f 0.7 -s 10"]


@pytest.mark.usefixtures("sketch")
def test_rounds_of_variations_are_the_same_where_their_first_pictures_are(session: Session) -> None:
    pictures = saved(session.run("a cat -I sketch.png -s4 -S1 -v0.2 -n3 -f 0.5,0.6,0.75"))
    assert [parse(one.line).strength for one in pictures] == [0.5, 0.75] * 3
    assert [parse(one.line).init_img for one in pictures[2:]] == [str(one.path) for one in pictures[:2]] * 2


def test_seeds_that_are_one_when_looked_back_are_drawn_once(make_session: Make) -> None:
    session = make_session(dry_run=True)
    list(session.run("a cat -S 5"))
    assert swept(session, "a cat -S -1,5,6") == {"seed": [5, 6]}


def test_many_values_are_told_briefly(make_session: Make) -> None:
    (told,) = said(make_session(dry_run=True), "a cat -s 10 -S1 --karras_max 0:10")
    assert told.endswith("--karras_max 5 as 0 and 5 more")
