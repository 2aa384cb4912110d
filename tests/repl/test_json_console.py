import json
from pathlib import Path

from invoke_cli.errors import InvokeError, LineError, Span
from invoke_cli.session.events import Failed, Line, Notice, Saved, Summary

PICTURE_KEYS = [
    "seed",
    "width",
    "height",
    "steps",
    "steps_run",
    "first_sigma",
    "sampler",
    "strength",
    "first_pass",
    "cfg_scale",
    "line",
]


def objects(captured, *events):
    for event in events:
        captured.console.show(event)
    return [json.loads(line) for line in captured.out.getvalue().splitlines()]


def test_only_the_first_object_carries_the_schema_number(json_console):
    first, second = objects(json_console, Notice("one"), Notice("two"))
    assert first == {"schema": 1, "event": "notice", "text": "one"}
    assert second == {"event": "notice", "text": "two"}


def test_a_plan_holds_what_was_typed_and_what_will_be_made(json_console, fakes):
    (plan,) = objects(json_console, fakes.planned("tree on a hill -f0.7", 4))
    assert list(plan) == ["schema", "event", "line_number", "line", "request", "pictures", "sweep"]
    assert plan["line_number"] == 4
    assert plan["line"] == "tree on a hill -f0.7"
    assert plan["request"] == {"prompt": "tree on a hill", "strength": 0.7}
    assert list(plan["pictures"][0]) == PICTURE_KEYS
    assert plan["pictures"][0]["first_sigma"] == 4.6071


def test_without_an_image_there_is_no_strength(json_console, fakes):
    (plan,) = objects(json_console, fakes.planned(pictures=[fakes.picture(strength=None)]))
    assert plan["pictures"][0]["strength"] is None


def test_steps_results_and_the_end(json_console, fakes):
    _, step, saved, summary = objects(
        json_console, Notice(""), fakes.progress(1), fakes.saved(), Summary(8, 1, 2, 12, 34.5)
    )
    assert step == {"event": "step", "index": 1, "total": 7, "sigma": 2.0}
    assert saved == {
        "event": "saved",
        "kind": "picture",
        "path": str(Path("outputs/img-samples/000001.42.png")),
        "seed": 42,
        "line": fakes.picture().line,
        "seconds": 1.25,
    }
    assert summary == {
        "event": "summary",
        "ok": 8,
        "failed": 1,
        "skipped": 2,
        "pictures": 12,
        "seconds": 34.5,
    }


def test_a_column_counts_from_one_and_is_null_when_unknown(json_console):
    placed = LineError("there is no switch -q", "quotes make it text", span=Span(0, 2))
    first, second = objects(json_console, Failed(1, "-q", placed), Failed(2, "x", InvokeError("no space")))
    assert first == {
        "schema": 1,
        "event": "failed",
        "line_number": 1,
        "error": "there is no switch -q",
        "hint": "quotes make it text",
        "column": 1,
    }
    assert second["column"] is None
    assert second["hint"] == ""


def test_hostile_text_stays_one_line_of_ascii_and_reads_back(json_console):
    hostile = "\x1b[2J\nnext\u2028木\udcff"
    (event,) = objects(json_console, Saved(Path("x.png"), 1, hostile, 0.1))
    assert event["line"] == hostile
    assert json_console.out.getvalue().count("\n") == 1
    assert json_console.out.getvalue().isascii()


def test_a_line_for_the_prompt_is_an_event(json_console):
    (event,) = objects(json_console, Line("a red barn"))
    assert event == {"schema": 1, "event": "line", "line": "a red barn"}


def test_help_goes_to_the_other_stream(json_console):
    json_console.console.page("all the switches")
    json_console.console.heading(1, "a barn")
    assert json_console.out.getvalue() == ""
    assert json_console.err.getvalue() == "all the switches\n"
