"""Sweeps through the whole program, on the tiny model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from invoke_cli.imaging.metadata import read_texts, unpack
from invoke_cli.language.grammar import parse
from invoke_cli.session import draw
from invoke_cli.session.events import Ask, Event, Explained, Failed, Notice, Planned, Saved
from invoke_cli.session.session import Session
from invoke_cli.session.sweep import pages
from tests.session.conftest import Make, failure, notices, pixels, planned, saved

SMALL = "a cat -W64 -H64"


@pytest.fixture
def sheets(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What every sheet was made from: labels of columns and rows, and the title."""
    made: list[Any] = []
    make = draw.matrix

    def spy(pictures: Any, columns: Any, rows: Any, title: str) -> Any:
        made.append((columns, rows, title, len(pictures)))
        return make(pictures, columns, rows, title)

    monkeypatch.setattr(draw, "matrix", spy)
    return made


def names(events: Iterable[Saved]) -> list[str]:
    return [event.path.name for event in events]


def answering(run: Any, answer: bool | None) -> list[Event]:
    """All events, with `answer` given to every question."""
    events: list[Event] = []
    reply: bool | None = None
    while True:
        try:
            event = run.send(reply)
        except StopIteration:
            return events
        reply = None
        if isinstance(event, Ask):
            reply = answer
            events += event.about if answer is not None else ()
        events.append(event)


def test_a_list_is_a_picture_for_each_value_and_a_row(session: Session, sheets: list[Any]) -> None:
    events = list(session.run(f"{SMALL} -s 1,2,3"))
    pictures = saved(events)
    assert [parse(one.line).steps for one in pictures] == [1, 2, 3]
    assert len({one.seed for one in pictures}) == 1
    seed = pictures[0].seed
    assert names(pictures) == [f"000001.{seed}.s{steps}.png" for steps in (1, 2, 3)]
    (sheet,) = saved(events, "sheet")
    assert sheet.path.name == f"000001.{seed}.sheet.png"
    assert unpack(read_texts(sheet.path)).facts["sheet"] == [one.line for one in pictures]
    assert sheets == [(("-s 1", "-s 2", "-s 3"), ("",), "", 3)]


def test_each_picture_is_the_one_that_its_line_draws(session: Session, sketch: Path) -> None:
    line = "a cat -I sketch.png -s4 -f 0.5:1:0.25 -A k_euler,k_dpm_2_a"
    pictures = saved(session.run(line))
    assert len({pixels(one.path).tobytes() for one in pictures}) == 6
    for one in pictures:
        (again,) = saved(session.run(one.line))
        np.testing.assert_array_equal(pixels(again.path), pixels(one.path))


def test_two_lists_are_a_matrix(session: Session, sheets: list[Any]) -> None:
    pictures = saved(session.run(f"{SMALL} -s 1,2 -C 3:5:1 -S 4"))
    found = [(parse(one.line).steps, parse(one.line).cfg_scale) for one in pictures]
    assert found == [(1, 3), (2, 3), (1, 4), (2, 4), (1, 5), (2, 5)]
    assert sheets == [(("-s 1", "-s 2"), ("-C 3", "-C 4", "-C 5"), "", 6)]
    assert names(pictures)[-1] == "000001.4.s2-C5.png"


def test_more_lists_are_pages(session: Session, sheets: list[Any]) -> None:
    events = list(session.run(f"{SMALL} -s 1,2 -C 3,4 -S 1,2 --perlin 0,0.5"))
    assert len(saved(events)) == 16
    titles = ["-S 1  --perlin 0", "-S 2  --perlin 0", "-S 1  --perlin 0.5", "-S 2  --perlin 0.5"]
    assert [title for _, _, title, _ in sheets] == titles
    assert names(saved(events, "sheet")) == [f"000001.{seed}.sheet.{page}.png" for seed, page in
                                             ((1, 1), (2, 2), (1, 3), (2, 4))]  # fmt: skip
    for page, sheet in enumerate(saved(events, "sheet")):
        held = unpack(read_texts(sheet.path)).facts["sheet"]
        assert held == [one.line for one in saved(events)[4 * page : 4 * page + 4]]


def test_pages_of_labels() -> None:
    (row,) = pages([("a", "b", "c")])
    assert (row.indexes, row.columns, row.rows) == ((0, 1, 2), ("a", "b", "c"), ("",))
    first, second = pages([("a", "b"), ("c",), ("d", "e")])
    assert (first.indexes, first.title) == ((0, 1), "d")
    assert (second.indexes, second.title) == ((2, 3), "e")


def test_seeds_are_one_for_all_unless_they_are_swept(session: Session) -> None:
    assert [one.seed for one in saved(session.run(f"{SMALL} -s1 -S 5:7"))] == [5, 6, 7]
    assert [one.seed for one in saved(session.run(f"{SMALL} -S -1,-3 -s1"))] == [7, 5]
    assert names(saved(session.run(f"{SMALL} -S -1,-2 -s1 -C 2,3"))) == [
        "000003.5.C2.png", "000003.7.C2.png", "000003.5.C3.png", "000003.7.C3.png",
    ]  # fmt: skip


def test_several_pictures_of_each_value_are_one_more_axis(session: Session, sheets: list[Any]) -> None:
    pictures = saved(session.run(f"{SMALL} -s 1,2 -n 2 -S 42"))
    seeds = [42, 42, 2746317213, 2746317213]
    assert [(parse(one.line).steps, one.seed) for one in pictures] == [*zip((1, 2, 1, 2), seeds, strict=True)]
    assert sheets == [(("-s 1", "-s 2"), ("-S 42", "-S 2746317213"), "", 4)]
    saved(session.run(f"{SMALL} -s1 -S 1,2 -n 2"))
    assert sheets[1][:2] == (("-S 1", "-S 2"), ("picture 1", "picture 2"))


def test_variations_of_each_value(session: Session, sketch: Path, sheets: list[Any]) -> None:
    plain = [one.path for one in saved(session.run("a cat -I sketch.png -s4 -f 0.5 -S1 -v0.2 -n3"))]
    swept = saved(session.run("a cat -I sketch.png -s4 -f 0.5,0.75 -S1 -v0.2 -n3"))
    assert len(swept) == 6
    for alone, together in zip(plain, swept[::2], strict=True):
        np.testing.assert_array_equal(pixels(together.path), pixels(alone))
    # Each later picture starts from the first one of its own strength.
    assert [parse(one.line).init_img for one in swept[2:]] == [str(swept[0].path), str(swept[1].path)] * 2
    assert [label[:3] for label in sheets[0][1]] == ["-V "] * 3


def test_pictures_of_a_folder_are_one_more_axis(
    session: Session, sketch: Path, tmp_path: Path, sheets: list[Any]
) -> None:
    folder = tmp_path / "sketches"
    folder.mkdir()
    sketch.rename(folder / "a.png")
    Image.open(folder / "a.png").rotate(180).save(folder / "b.png")
    pictures = saved(session.run("a cat -I sketches -s4 -S3 -f 0.5,0.75"))
    assert [parse(one.line).strength for one in pictures] == [0.5, 0.75, 0.5, 0.75]
    assert sheets[0][1] == ("-I sketches/a.png", "-I sketches/b.png")


def test_wildcards_go_by_the_seeds_of_a_list(make_session: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    session = make_session(dry_run=True)
    line = f"a {{red|green|blue}} cat {SMALL.removeprefix('a cat')} -S 1:8"
    words = [picture.line.split(" -s ")[0] for picture in planned(session.run(line))]
    assert len(set(words)) == 3
    alone = [planned(session.run(line.replace("1:8", str(seed))))[0].line for seed in range(1, 9)]
    assert words == [one.split(" -s ")[0] for one in alone]
    monkeypatch.setattr(
        "invoke_cli.session.worded.find_adapters",
        lambda prompt, *_: SimpleNamespace(words=prompt.positive, vae=None),
    )
    assert failure(session.run(line)).error.message.startswith("wildcards cannot choose other LoRAs")


def test_variations_of_a_seed_keep_their_own_list(session: Session) -> None:
    pictures = saved(session.run(f"{SMALL} -s1 -S 1 -V 5:0.2,6:0.1 -C 2,3"))
    assert [parse(one.line).with_variations for one in pictures] == [((5, 0.2), (6, 0.1))] * 2


def test_switches_of_files_can_be_swept(session: Session) -> None:
    events = list(session.run(f"{SMALL} -s2 -S1 --animate gif,webp -z 0,9"))
    sizes = [one.path.stat().st_size for one in saved(events)]
    assert sizes[0] == sizes[1] > sizes[2] == sizes[3]
    assert [one.path.suffix for one in saved(events, "animation")] == [".gif", ".webp"] * 2


def test_names_that_tell_the_values_already_get_no_more(session: Session) -> None:
    line = f"{SMALL} -s 1,2 -C 2,3 -S1 --fnformat"
    assert names(saved(session.run(f"{line} {{steps}}.{{cfg_scale}}.png")))[1] == "2.2.0.png"
    assert names(saved(session.run(f"{line} {{steps}}.png")))[1] == "2.C2.png"
    assert names(saved(session.run(f"{line} {{prefix}}-{{sweep}}-x.png")))[1] == "000004-s2-C2-x.png"


def test_individual_pictures_have_no_sheet(session: Session) -> None:
    events = list(session.run(f"{SMALL} -s 1,2 -i"))
    assert len(saved(events)) == 2
    assert not saved(events, "sheet")
    assert all(one.rgb is not None for one in saved(events))


def test_sizes_can_be_swept(session: Session) -> None:
    events = list(session.run("a cat -s1 -W 64,128 -H64"))
    assert [pixels(one.path).shape for one in saved(events)] == [(64, 64, 3), (64, 128, 3)]
    assert saved(events, "sheet")


def test_the_plan_names_the_lists(make_session: Make) -> None:
    session = make_session(dry_run=True)
    (plan,) = [event for event in session.run(f"{SMALL} -s 1,2 -S 7,8") if isinstance(event, Planned)]
    assert [(each.name, each.flag, each.values, each.texts) for each in plan.sweep] == [
        ("steps", "-s", (1, 2), ("1", "2")),
        ("seed", "-S", (7, 8), ("7", "8")),
    ]
    assert (plan.request.steps, plan.request.seed) == (None, None)
    assert [(one.steps, one.seed) for one in plan.pictures] == [(1, 7), (2, 7), (1, 8), (2, 8)]
    # Later lines of a dry run can refer to every one of them.
    assert planned(session.run("a cat -S -4"))[0].seed == 7


def test_notices_that_differ_in_numbers_are_said_once(make_session: Make) -> None:
    events = list(make_session(dry_run=True).run(f"{SMALL} -s 5,6,7 -C 7.5"))
    assert len([event for event in events if isinstance(event, Notice) and "burn" in event.text]) == 1


@pytest.mark.parametrize(("answer", "drawn"), [(True, 3), (False, 0)])
def test_many_pictures_are_asked_for(session: Session, answer: bool, drawn: int) -> None:
    session.settings = replace(session.settings, sweep_limit=2)
    events = answering(session.run(f"{SMALL} -s1 -S 1:3"), answer)
    assert len(saved(events)) == drawn
    (question,) = [event for event in events if isinstance(event, Ask)]
    assert "3 pictures" in question.question
    assert len(planned(events)) == 3
    assert any(isinstance(event, Notice) and event.text == "nothing is drawn" for event in events) != answer


def test_without_an_answer_many_pictures_fail_and_few_are_drawn(session: Session) -> None:
    session.settings = replace(session.settings, sweep_limit=2)
    failed = failure(answering(session.run(f"{SMALL} -s1 -S 1:3"), None))
    assert "at most 2 pictures unasked, not 3" in failed.error.message
    assert "--sweep_limit 3" in failed.error.hint
    assert not Path("outputs").exists()
    refused = answering(session.run(f"{SMALL} -W65 -s1 -S 1:3"), None)
    assert [type(event) for event in refused] == [Ask, Failed]
    assert len(saved(session.run(f"{SMALL} -s1 -S 1:2"))) == 2
    assert len(saved(session.run(f"{SMALL} -s1 -n 3"))) == 3


def test_a_dry_run_asks_nothing(make_session: Make) -> None:
    events = list(make_session(dry_run=True).run(f"{SMALL} -S 1:30"))
    assert len(planned(events)) == 30
    assert not any(isinstance(event, Ask | Failed) for event in events)


@pytest.mark.parametrize(
    ("line", "under", "part"),
    [
        (f"{SMALL} -A k_lms,k_eulr", "k_eulr", "no sampler"),
        (f"{SMALL} -S 1,-5", "-5", "too far back"),
        (f"{SMALL} -R 2,3 -s 5", "2", "both set the number"),
        ("a cat -I a.png,b.png", "-I a.png,b.png", "no picture"),
        (f"{SMALL} -G 0.5,0.7", "-G 0.5,0.7", "not built yet"),
    ],
)
def test_mistakes_are_at_their_value(session: Session, line: str, under: str, part: str) -> None:
    saved(session.run(f"{SMALL} -s1"))
    failed = failure(session.run(line))
    assert part in failed.error.message
    assert failed.error.span is not None
    assert failed.line[failed.error.span.start : failed.error.span.end] == under


def test_every_value_is_explained(session: Session) -> None:
    events = list(session.explain("a cat -s 5,7 -A ddim,k_heun"))
    explained = [event for event in events if isinstance(event, Explained)]
    assert [len(event.levels) for event in explained] == [5, 7, 5, 7]
    assert notices(events).splitlines()[1] == "-s 7 -A ddim:"
    assert "one line" in failure(session.explain("a cat -s 5,7", png=Path("a.png"))).error.message
