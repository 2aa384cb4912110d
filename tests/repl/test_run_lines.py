import json
import logging
import os
import signal
import sys

import pytest

from invoke_cli.errors import BatchError, LineError
from invoke_cli.repl.app import run_lines, run_once
from invoke_cli.repl.console import JsonConsole, TextConsole
from invoke_cli.session.events import Failed


def failing(line_number, line="a barn --x"):
    return [Failed(line_number, line, LineError("there is no switch --x"))]


def numbered(*lines):
    return list(enumerate(lines, start=1))


def summary(captured):
    return json.loads(captured.out.getvalue().splitlines()[-1])


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def test_all_lines_run_in_order(fakes, json_console):
    session = fakes.Session()
    assert run_lines(session, json_console.console, numbered("one", "two", "three")) == 0
    assert session.lines == [(1, "one"), (2, "two"), (3, "three")]
    end = summary(json_console)
    assert (end["ok"], end["failed"], end["skipped"], end["pictures"]) == (3, 0, 0, 3)


def test_blank_lines_and_comments_are_skipped_and_keep_their_numbers(fakes, json_console):
    session = fakes.Session()
    run_lines(session, json_console.console, numbered("", "# one", "  // two", "  three", "\t"))
    assert session.lines == [(4, "  three")]
    assert summary(json_console)["skipped"] == 4


def test_q_stops_before_the_rest(fakes, json_console):
    session = fakes.Session()
    assert run_lines(session, json_console.console, numbered("one", " q ", "three")) == 0
    assert [line for _, line in session.lines] == ["one"]


def test_quit_and_exit_are_prompts(fakes, json_console):
    session = fakes.Session()
    run_lines(session, json_console.console, numbered("quit", "exit", "qq"))
    assert len(session.lines) == 3


def test_a_line_that_fails_keeps_no_other_from_running(fakes, json_console):
    session = fakes.Session(failing(1))
    assert run_lines(session, json_console.console, numbered("a barn --x", "two")) == 1
    assert len(session.lines) == 2
    assert (summary(json_console)["ok"], summary(json_console)["failed"]) == (1, 1)


def test_a_line_that_cannot_be_decoded_fails_alone(fakes, json_console):
    session = fakes.Session()
    lines = [(1, BatchError("line 1 is not text in UTF-8")), (2, "two")]
    assert run_lines(session, json_console.console, lines) == 1
    assert session.lines == [(2, "two")]


def test_a_file_that_is_no_text_still_ends_with_a_summary(fakes, text_console):
    captured = text_console(one_stream=True)
    assert run_lines(fakes.Session(), captured.console, [(1, BatchError("byte 1 is wrong", "mend it"))]) == 1
    assert captured.text == (
        "line 1: (unreadable)\nerror in line 1: byte 1 is wrong\n  mend it\n"
        "0 pictures from 1 line in 0.0 s, 1 line failed: line 1\n"
    )


def test_one_line_from_the_shell_has_neither_heading_nor_summary(fakes, text_console):
    captured = text_console()
    assert run_once(fakes.Session(), captured.console, "tree on a hill") == 0
    first, second = captured.out.getvalue().splitlines()
    assert first.startswith("7 of 10 steps")
    assert second.startswith("[1] ")


def test_ctrl_c_between_steps_closes_the_run_and_keeps_what_is_finished(fakes, text_console):
    answer = fakes.drawing(seeds=(1, 2))
    answer.insert(-3, interrupt)
    session = fakes.Session(answer)
    captured = text_console(one_stream=True)
    assert run_lines(session, captured.console, numbered("one", "two")) == 130
    assert session.closed_early == 1
    assert session.lines == [(1, "one")]
    assert "[1.1] " in captured.text
    assert "[1.2] " not in captured.text
    assert "stopped; 1 finished picture is kept\n1 picture from 0 lines" in captured.text


def test_a_stopped_run_is_closed_even_where_something_else_holds_it(fakes, text_console):
    class Held(fakes.Session):
        def run(self, line, line_number=1, *, settles=True, following=None):
            self.held = super().run(line, line_number)
            return self.held

    answer = fakes.drawing()
    answer.insert(3, interrupt)
    session = Held(answer)
    run_once(session, text_console().console, "one")
    assert session.closed_early == 1


def test_ctrl_c_in_the_last_step_waits_for_the_picture(fakes, text_console):
    answer = fakes.drawing()
    answer.insert(-1, interrupt)
    captured = text_console()
    assert run_once(fakes.Session(answer), captured.console, "one") == 130
    assert "[1] " in captured.text


def test_ctrl_c_is_not_lost_when_the_line_fails_meanwhile(fakes, text_console):
    answer = [*fakes.drawing()[:3], interrupt]
    captured = text_console()
    assert run_once(fakes.Session(answer), captured.console, "one") == 130
    assert "stopped" in captured.text


def test_ctrl_c_while_the_model_loads_stops_at_once(fakes, text_console):
    captured = text_console()
    session = fakes.Session([interrupt, *fakes.drawing()])
    assert run_once(session, captured.console, "one") == 130
    assert captured.text == "stopped\n"


def test_a_second_ctrl_c_does_not_wait_for_the_step(fakes, text_console):
    answer = fakes.drawing()
    answer[2:2] = [interrupt, interrupt]
    captured = text_console()
    assert run_once(fakes.Session(answer), captured.console, "one") == 130
    assert "stopped" in captured.text


def test_ctrl_c_works_again_after_a_run(fakes, text_console):
    before = signal.getsignal(signal.SIGINT)
    run_once(fakes.Session(), text_console().console, "one")
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_while_waiting_for_a_line_ends_the_run(fakes, json_console):
    def lines():
        yield 1, "one"
        raise KeyboardInterrupt

    assert run_lines(fakes.Session(), json_console.console, lines()) == 130
    assert summary(json_console)["pictures"] == 1


def test_a_bug_is_one_line_that_names_the_log_and_the_next_line_runs(fakes, text_console, tmp_path):
    def bug():
        raise ZeroDivisionError("division by zero\nand more")

    handler = logging.FileHandler(tmp_path / "invoke.log")
    logging.getLogger("invoke_cli").addHandler(handler)
    captured = text_console()
    try:
        status = run_lines(fakes.Session([bug]), captured.console, numbered("one", "two"))
    finally:
        logging.getLogger("invoke_cli").removeHandler(handler)
        handler.close()
    assert status == 1
    assert captured.err.getvalue() == (
        "error in line 1: something went wrong inside invoke-cli (ZeroDivisionError: division by zero)\n"
        f"  the details are in {tmp_path / 'invoke.log'}\n"
    )
    assert "Traceback" in (tmp_path / "invoke.log").read_text(encoding="utf-8")
    assert "[2] " in captured.out.getvalue()


@pytest.mark.skipif(sys.platform == "win32", reason="a closed pipe is another error on Windows")
@pytest.mark.parametrize("kind", [TextConsole, JsonConsole])
def test_a_reader_that_goes_away_ends_the_run_quietly(fakes, kind):
    reading, writing = os.pipe()
    os.close(reading)
    session = fakes.Session()
    with os.fdopen(writing, "w", encoding="utf-8") as out:
        console = kind(out, out, False) if kind is TextConsole else kind(out, out)
        assert run_lines(session, console, numbered("one", "two", "three")) == 1
    assert len(session.lines) <= 1
