"""Lines that are only planned: they promise what drawing does, and make nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from invoke_cli.session.events import Failed, Planned
from tests.session.conftest import Make, failure, planned, saved


def test_dry_run_says_everything_and_makes_nothing(make_session: Make, sketch: Path) -> None:
    (picture,) = planned(make_session(dry_run=True).run("a cat -I sketch.png -s10 -f0.4 -S1"))
    assert (picture.width, picture.height) == (96, 64)
    # From the definition of k-diffusion's schedule: ten steps, the fourth from the end.
    assert picture.first_sigma == pytest.approx(0.9324, abs=1e-4)
    assert not Path("outputs").exists()


def test_a_planned_line_is_the_line_that_is_stored(make_session: Make, sketch: Path) -> None:
    line = "a cat -I sketch.png -s4 -S1 -n2"
    promised = [picture.line for picture in planned(make_session(dry_run=True).run(line))]
    assert [one.line for one in saved(make_session().run(line))] == promised


def test_switches_that_come_later_fail_but_are_understood(make_session: Make) -> None:
    events = list(make_session(dry_run=True).run("a cat -U 2 0.6"))
    assert [type(event) for event in events] == [Planned, Failed]
    events = list(make_session().run("a cat -U 2 0.6"))
    assert [type(event) for event in events] == [Failed]
    assert failure(events).error.span is not None


def test_a_dry_run_knows_what_earlier_lines_would_have_made(make_session: Make) -> None:
    session = make_session(dry_run=True)
    first, second = planned(list(session.run("a tree -s2 -W72 -H64 -n2")))
    (again,) = planned(list(session.run("fire -I-1 -S-2 -s2")))
    assert (again.width, again.height, again.seed) == (72, 64, first.seed)
    assert second.seed != first.seed
    assert len(planned(list(session.run("fire -I-1 -s4 -n2 -v0.2 --fit -W64 -H64")))) == 2
    assert "too far back" in failure(session.run("fire -I-3")).error.message
