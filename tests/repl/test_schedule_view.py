"""`!explain` and `!schedule` as people and programs see them."""

import json
from dataclasses import replace

import pytest

from invoke_cli.diffusion.schedule import NoiseTable
from invoke_cli.language.defaults import builtin
from invoke_cli.language.grammar import parse
from invoke_cli.repl import commands
from invoke_cli.repl.schedule_view import explained_lines, table_lines
from invoke_cli.session.events import Explained, Failed, Scheduled
from invoke_cli.session.explain import explain

TABLE = NoiseTable.from_config({})


class Session:
    """Answers with what it is asked."""

    def explain(self, line, line_number=1, png=None):
        self.asked = (line, png)
        yield explain(parse(line), builtin(), TABLE, line, line_number)


def answer(line, session=None):
    return list(commands.answer(line, 4, commands.Context(session or Session(), (), 80)))


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("explained", ["fire -s10 -f0.7", "fire -s10 -f0.59 --exact_strength -Ak_heun", "fire -s200 -f0.4"]),
        ("explained-at-the-ends", ["fire -s10 -f0", "fire -s10 -f1", "fire -s1", "fire -s1 -f0.5"]),
    ],
)
def test_an_explanation(name, lines, snapshot, text_console):
    captured = text_console(one_stream=True)
    for line in lines:
        captured.out.write(f"invoke> !explain {line}\n")
        for event in answer(f"!explain {line}"):
            captured.console.show(event)
    snapshot(name, captured.text)


def test_a_table(snapshot, text_console):
    captured = text_console(one_stream=True)
    for line in ("!schedule fire -s10 -f0.7", "!schedule -s4"):
        captured.out.write(f"invoke> {line}\n")
        for event in answer(line):
            captured.console.show(event)
    snapshot("schedule", captured.text)


@pytest.mark.parametrize("line", ["-s1", "-s2 -f.5", "-s10000 -f0.001", "-s61 -f.99", "-f0 -s3", "-s9 -f1"])
def test_every_line_fits_a_terminal_and_is_plain(line):
    (event,) = Session().explain(line)
    lines = [*explained_lines(event), *table_lines(Scheduled(1, line, event.levels))]
    assert all(text.isascii() and text.isprintable() and len(text) <= 80 for text in lines)


def test_programs_get_objects(json_console):
    for line in ("!explain fire -s10 -f0.7", "!schedule fire -s3"):
        for event in answer(line):
            json_console.console.show(event)
    first, second = map(json.loads, json_console.out.getvalue().splitlines())
    levels = first.pop("levels")
    assert first.pop("first_sigma") == pytest.approx(2.9183, abs=1e-4)
    assert first.pop("snr_db") == pytest.approx(-9.30, abs=0.01)
    assert first == {
        "schema": 1, "event": "explained", "line_number": 4, "line": "fire -s10 -f0.7", "steps": 10,
        "steps_run": 7, "sampler": "k_lms", "evaluations": 7, "strength": 0.7, "exact_strength": False,
        "same_strengths": [k / 100 for k in range(70, 80)], "same_steps": [10, 11], "work": "",
        "advice": "to run 20 steps at 0.7 use -s29 or --steps_run 20", "path": None,
        "pictures": None,
    }  # fmt: skip
    assert list(levels[0]) == ["step", "timestep", "sigma", "snr_db", "runs"]
    assert [second[key] for key in ("event", "line_number", "line", "steps", "steps_run")] == [
        "schedule", 4, "fire -s3", 3, 3,
    ]  # fmt: skip
    assert [level["timestep"] for level in second["levels"]] == pytest.approx([999, 499.5, 0], abs=1e-9)


def test_where_nothing_runs_there_is_no_start(json_console):
    for event in answer("!explain fire -f0"):
        json_console.console.show(event)
    (found,) = map(json.loads, json_console.out.getvalue().splitlines())
    assert (found["first_sigma"], found["snr_db"], found["steps_run"]) == (None, None, 0)


@pytest.mark.parametrize(
    ("argument", "line", "png"),
    [
        ("fire -f0.7", "fire -f0.7", None),
        ("fire -f0.7 --png a.png", "fire -f0.7", "a.png"),
        ("--png=a.png fire -f0.7", "fire -f0.7", "a.png"),
        ('fire --png "my plot.png" -f0.7', "fire  -f0.7", "my plot.png"),
    ],
)
def test_a_file_for_the_plot(argument, line, png):
    session = Session()
    (event,) = answer(f"!explain {argument}", session)
    assert isinstance(event, Explained)
    assert session.asked[0] == line
    assert (session.asked[1] and str(session.asked[1])) == png


def test_there_must_be_something_to_explain():
    (event,) = answer("!explain")
    assert isinstance(event, Failed)
    assert event.error.message == "!explain needs a line"


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (None, []),
        (0, ["pictures: -I stands for none yet"]),
        (1, ["pictures: -I stands for 1"]),
        (3, ["pictures: -I stands for 3, and each runs so"]),
    ],
)
def test_for_how_many_pictures_it_holds(count, said, json_console):
    (event,) = Session().explain("fire -f0.7 -I sketches")
    event = replace(event, pictures=count)
    assert [line for line in explained_lines(event) if line.startswith("pictures")] == said
    json_console.console.show(event)
    assert json.loads(json_console.out.getvalue())["pictures"] == count
