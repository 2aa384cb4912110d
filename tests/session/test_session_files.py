"""The files that a line leaves, what they say, and names or folders that are taken or cannot be."""

from __future__ import annotations

import json
from pathlib import Path

from invoke_cli.imaging.metadata import read_texts, unpack
from invoke_cli.session.events import Progress
from invoke_cli.session.session import Session
from tests.session.conftest import SHORT, failure, notices, pixels, saved


def test_intermediates_are_files_and_a_strip(session: Session, sketch: Path) -> None:
    events = list(session.run("a cat -I sketch.png -s10 -f0.5 -S4 --save_intermediates 2"))
    (strip,) = saved(events, "strip")
    assert strip.path.parent == Path("outputs/img-samples/intermediates/000001.4")
    names = sorted(path.name for path in strip.path.parent.iterdir())
    assert names == ["0000.png", "0002.png", "0004.png", "0005.png", "strip.png"]
    assert pixels(strip.path).shape[1] >= 5 * 96


def test_a_grid_keeps_the_single_pictures(session: Session) -> None:
    events = list(session.run(f"{SHORT} -n3 -g"))
    assert [one.path.exists() for one in saved(events)] == [True] * 3
    (grid,) = saved(events, "grid")
    assert pixels(grid.path).shape == (64, 192, 3)


def test_files_say_what_they_are_made_of(session: Session, sketch: Path) -> None:
    (picture,) = saved(session.run("a cat -I sketch.png --fit -W64 -H64 -s4 -f0.5"))
    texts = read_texts(picture.path)
    assert texts["Dream"] == picture.line
    facts = unpack(texts).facts
    assert (facts["width"], facts["height"], facts["steps_run"]) == (64, 40, 2)
    assert facts["init"]["name"] == "sketch.png"
    assert len(facts["init"]["sha256"]) == 64
    assert facts["model"]["name"] == "tiny"
    json.dumps(facts)


def test_logs_stand_beside_the_pictures(session: Session) -> None:
    made = saved(session.run(f"{SHORT} -n2 -o elsewhere"))
    log = Path("elsewhere/invoke_log.txt").read_text()
    assert log.splitlines() == [f"{one.path}: {one.line}" for one in made]
    assert made[0].path.name in Path("elsewhere/invoke_log.md").read_text()


def test_a_log_that_cannot_be_written_costs_a_notice(session: Session) -> None:
    Path("outputs/img-samples/invoke_log.txt").mkdir(parents=True)
    events = list(session.run(SHORT))
    assert saved(events)[0].path.is_file()
    assert "invoke_log.txt" in notices(events)


def test_results_of_a_name_that_is_taken_are_numbered(session: Session) -> None:
    names = [saved(session.run(f"{SHORT} --fnformat same.png"))[0].path.name for _ in range(2)]
    assert names == ["same.png", "same-01.png"]


def test_long_names_that_are_taken_are_numbered_too(session: Session) -> None:
    words = "word " * 80
    for _ in range(2):
        (made,) = saved(session.run(f"{words} -s2 -W64 -H64 --fnformat {{prompt}}"))
        assert len(made.path.name.encode()) <= 255
    assert made.path.name.endswith("-01.png")


def test_an_output_folder_that_cannot_be_is_said_before_drawing(session: Session) -> None:
    Path("blocker").touch()
    events = list(session.run(f"{SHORT} -o blocker/below"))
    assert not [event for event in events if isinstance(event, Progress)]
    assert "blocker" in failure(events).error.message
