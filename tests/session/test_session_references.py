"""References to the commands before, and what a line that failed or was stopped leaves to refer to."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from invoke_cli.session.events import Saved
from invoke_cli.session.session import Session
from tests.session.conftest import SHORT, failure, pixels, saved


def test_references_to_the_command_before(session: Session) -> None:
    made = saved(session.run(f"{SHORT} -n2"))
    (again,) = saved(session.run(f"{SHORT} -S-2"))
    assert again.seed == made[0].seed
    events = list(session.run("a cat -I-1 -f0"))
    assert np.array_equal(pixels(saved(events)[0].path), pixels(again.path))


def test_a_failed_line_does_not_forget_the_one_before(session: Session) -> None:
    made = saved(session.run(SHORT))
    failure(session.run("a cat -I missing.png"))
    assert saved(session.run(f"{SHORT} -S-1"))[0].seed == made[0].seed


def test_a_reference_too_far_back_says_how_far_is_possible(session: Session) -> None:
    assert "nothing has been drawn" in failure(session.run("a cat -S-1")).error.message
    saved(session.run(SHORT))
    failed = failure(session.run("a cat -S-2"))
    assert "too far back" in failed.error.message
    assert failed.error.hint == "use -1"
    assert failed.error.span is not None
    assert failed.line[failed.error.span.start : failed.error.span.end] == "-S-2"


def test_a_stopped_line_keeps_what_was_finished(session: Session) -> None:
    events = session.run(f"{SHORT} -n3")
    for event in events:
        if isinstance(event, Saved):
            break
    events.close()  # type: ignore[attr-defined]
    assert len(list(Path("outputs/img-samples").glob("*.png"))) == 1
    assert len(saved(session.run(f"{SHORT} -S-1"))) == 1
