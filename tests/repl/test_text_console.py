from pathlib import Path

import pytest

from invoke_cli.errors import InvokeError, LineError, Span
from invoke_cli.repl.progress import Bar
from invoke_cli.session.events import Failed, Fetching, Notice, Saved, Summary

HOSTILE = "tree\x1b[2J\x07\r\x9b31m"


def shown(captured, *events):
    for event in events:
        captured.console.show(event)
    return captured.text


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, "7 of 10 steps from your image, starting at sigma 4.61; 128x128, k_lms, seed 42"),
        (
            {"strength": None, "steps_run": 10, "evaluations": 10, "first_sigma": 14.61},
            "10 steps from noise, starting at sigma 14.61; 128x128, k_lms, seed 42",
        ),
        (
            {"strength": 0.0, "steps_run": 0, "evaluations": 0, "first_sigma": 0.0},
            "0 of 10 steps: strength 0 gives your image back; 128x128, k_lms, seed 42",
        ),
        (
            {"strength": 1.0, "steps_run": 10, "evaluations": 10, "first_sigma": 14.61},
            "10 of 10 steps from noise (strength 1 ignores your image); 128x128, k_lms, seed 42",
        ),
        (
            {"sampler": "k_heun", "evaluations": 13},
            "7 of 10 steps (13 model evaluations) from your image, starting at sigma 4.61; "
            "128x128, k_heun, seed 42",
        ),
        (
            {"strength": 0.7, "steps_run": 17, "evaluations": 17, "first_pass": (64, 72, 10)},
            "10 steps from noise at 64x72, then 7 of 10 on its enlargement; 128x128, k_lms, seed 42",
        ),
        (
            {"steps_run": 14, "evaluations": 26, "first_pass": (64, 72, 7), "from_picture": True},
            "7 steps from your image at 64x72, then 7 of 10 on its enlargement (26 model evaluations); "
            "128x128, k_lms, seed 42",
        ),
    ],
)
def test_a_plan_says_what_will_be_done(text_console, fakes, facts, said):
    assert shown(text_console(), fakes.planned(pictures=[fakes.picture(**facts)])) == f"{said}\n"


def test_a_plan_of_several_pictures_lists_the_seeds(text_console, fakes):
    plan = fakes.planned(pictures=[fakes.picture(seed) for seed in (7, 11, 13)])
    assert shown(text_console(), plan) == (
        "3 pictures, each 7 of 10 steps from your image, starting at sigma 4.61; "
        "128x128, k_lms, seeds 7, 11, 13\n"
    )


def test_a_plan_of_very_many_pictures_stays_short(text_console, fakes):
    plan = fakes.planned(pictures=[fakes.picture(seed) for seed in range(100)])
    assert shown(text_console(), plan).endswith("18, 19 and 80 more\n")


def test_unlike_pictures_are_planned_apart(text_console, fakes):
    plan = fakes.planned(
        pictures=[fakes.picture(1), fakes.picture(2, strength=0.4, steps_run=4, evaluations=4)]
    )
    assert shown(text_console(), plan).count("\n") == 2


def test_a_dry_run_shows_the_line_that_remakes_each_picture(text_console, fakes):
    captured = text_console(dry_run=True)
    captured.console.heading(1, "tree on a hill")
    text = shown(captured, fakes.planned(), Summary(1, 0, 0, 0, 0.1))
    assert "\n  tree on a hill -I sketch.png -f 0.7 -s 10 -S 42\n" in text
    assert text.endswith("\n1 line checked\n")


def test_one_picture_is_labelled_with_the_number_of_its_line(text_console, fakes):
    text = shown(text_console(), fakes.planned(line_number=3), fakes.saved())
    assert f"[3] {Path('outputs/img-samples/000001.42.png')}: tree on a hill -I sketch.png" in text


def test_several_pictures_are_numbered_within_their_line(text_console, fakes):
    plan = fakes.planned(line_number=3, pictures=[fakes.picture(1), fakes.picture(2)])
    text = shown(text_console(), plan, fakes.saved(1), fakes.saved(2), fakes.saved(1, kind="grid"))
    assert "[3.1] " in text
    assert "[3.2] " in text
    assert "[3] grid: " in text


def test_a_mistake_is_shown_with_its_place_and_a_hint(text_console):
    error = LineError("there is no switch --strenght", "did you mean --strength?", span=Span(7, 17))
    text = shown(text_console(), Failed(1, "a barn --strenght 0.5", error))
    assert text == (
        "error: there is no switch --strenght\n"
        "  a barn --strenght 0.5\n"
        "         ^^^^^^^^^^\n"
        "  did you mean --strength?\n"
    )


def test_a_mistake_without_a_place_is_one_line(text_console):
    assert (
        shown(text_console(), Failed(1, "a barn", InvokeError("the disk is full")))
        == "error: the disk is full\n"
    )


def test_a_mistake_among_several_lines_names_its_line(text_console):
    captured = text_console()
    captured.console.heading(7, "a barn --x")
    captured.console.show(Failed(7, "a barn --x", LineError("there is no switch --x")))
    assert captured.out.getvalue() == "line 7: a barn --x\n"
    assert captured.err.getvalue() == "error in line 7: there is no switch --x\n"


def test_the_summary_counts_and_names_what_failed(text_console):
    captured = text_console()
    for number in (7, 9):
        captured.console.heading(number, "a barn --x")
        captured.console.show(Failed(number, "a barn --x", LineError("no")))
    captured.console.show(Summary(ok=8, failed=2, skipped=3, pictures=12, seconds=34.2))
    assert captured.out.getvalue().endswith("12 pictures from 10 lines in 34 s, 2 lines failed: lines 7, 9\n")


def test_results_and_the_rest_go_to_different_streams(text_console, fakes):
    captured = text_console()
    shown(captured, Notice("the model is loading"), fakes.planned(), fakes.saved())
    assert captured.err.getvalue() == "the model is loading\n"
    assert "the model is loading" not in captured.out.getvalue()


@pytest.mark.parametrize(
    "event",
    [
        Notice(HOSTILE),
        Failed(1, HOSTILE, LineError(HOSTILE, HOSTILE, span=Span(0, 4))),
        Saved(Path("\x1b]0;title\x07.png"), 1, HOSTILE, 1.0),
    ],
)
def test_nothing_from_outside_can_command_the_terminal(text_console, event):
    text = shown(text_console(is_terminal=True), event)
    assert not set(text) & set("\x1b\x07\r\x9b")


def test_a_heading_cannot_command_the_terminal(text_console):
    captured = text_console()
    captured.console.heading(1, HOSTILE)
    assert "\x1b" not in captured.text


def test_without_a_terminal_there_are_no_escape_codes_and_no_bar(text_console, fakes):
    text = shown(text_console(), *fakes.drawing(seeds=(1, 2)))
    assert not set(text) & set("\x1b\r\b")
    assert "step 3 of 7" not in text


def test_on_a_terminal_the_bar_is_gone_when_the_picture_is_there(text_console, fakes):
    captured = text_console(is_terminal=True, one_stream=True)
    shown(captured, *fakes.drawing())
    before, after = captured.text.split("[1] ")
    assert "step 1 of 7" in before
    assert before.endswith(" \r")
    assert "\r" not in after


def test_a_bar_is_taken_away_when_the_line_stops_in_the_middle(text_console, fakes):
    captured = text_console(is_terminal=True)
    shown(captured, fakes.planned(), fakes.progress(0))
    captured.console.settle()
    assert captured.text.endswith(" \r")


def test_characters_that_the_stream_cannot_write_do_not_stop_it(tmp_path):
    from invoke_cli.repl.console import TextConsole

    with (tmp_path / "out.txt").open("w", encoding="ascii") as out:
        TextConsole(out, out, False).show(Notice("木 barn"))
    assert (tmp_path / "out.txt").read_text(encoding="ascii") == "\\u6728 barn\n"


class Clock:
    """Time that passes only when told to."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_the_bar_counts_the_steps_that_run_and_names_the_picture(fakes):
    text = Bar(Clock()).text(fakes.progress(3, number=1, of=3), 100)
    assert text.startswith("picture 2 of 3: step 4 of 7 [####")


def test_the_bar_is_redrawn_at_most_ten_times_a_second_but_always_at_the_end(fakes):
    clock = Clock()
    bar = Bar(clock)
    drawn = []
    for index in range(1000):
        clock.now += 0.001
        drawn.append(bar.text(fakes.progress(index, 1000), 100))
    assert 9 <= sum(text is not None for text in drawn) <= 13
    assert drawn[0] is not None
    assert "step 1000 of 1000" in drawn[-1]


def test_the_time_left_never_grows(fakes):
    clock = Clock()
    bar = Bar(clock)
    left = []
    for index, pause in enumerate([5.0, 1.0, 1.0, 4.0, 0.5, 9.0, 1.0]):
        clock.now += pause
        text = bar.text(fakes.progress(index), 100)
        if "left" in text:
            left.append(int(text.split("] ")[1].split(" s left")[0]))
    assert left[0] == 5
    assert left == sorted(left, reverse=True)


@pytest.mark.parametrize("width", [10, 20, 40, 60, 200])
def test_the_bar_fits_the_terminal(fakes, width):
    clock = Clock()
    bar = Bar(clock)
    for index in range(7):
        clock.now += 1
        assert len(bar.text(fakes.progress(index, number=1, of=3), width)) < width


def test_a_long_text_goes_to_the_pager_on_a_terminal_only(text_console, monkeypatch):
    paged = []
    monkeypatch.setattr("pydoc.pager", paged.append)
    long, short = "line\n" * 500, "line\n"
    for is_terminal, text in [(True, long), (True, short), (False, long)]:
        text_console(is_terminal=is_terminal).console.page(text)
    assert paged == [long]


def test_a_download_is_a_bar_on_a_terminal_and_one_sentence_elsewhere(text_console):
    steps = [Fetching("org/one", done, 3 * 2**30) for done in (0, 2**30, 3 * 2**30)]
    piped, terminal = text_console(), text_console(is_terminal=True)
    for event in steps:
        piped.console.show(event)
        terminal.console.show(event)
    piped.console.show(Fetching("org/two", 0, 0))
    assert piped.err.getvalue().splitlines() == [
        "fetching org/one from the hub, 3.0 GB",
        "fetching org/two from the hub",
    ]
    assert terminal.err.getvalue() == ""
    shown = terminal.out.getvalue().split("\r")
    assert [line.split("]")[-1].strip() for line in shown[1:]] == ["0 %", "33 %", "100 %"]
    assert "[##########--------------------]" in shown[2]
    terminal.console.settle()
    assert terminal.out.getvalue().endswith("\r")
