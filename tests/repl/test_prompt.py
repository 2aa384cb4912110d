"""Whole dialogues through the real prompt, with keys from a pipe and no terminal."""

import os
import re
import signal
import threading
import time

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from invoke_cli.errors import LineError, Span
from invoke_cli.imaging.metadata import pack
from invoke_cli.repl.app import run_repl
from invoke_cli.repl.editor import Editor
from invoke_cli.session.events import Ask, Failed, Line, Notice

PASTE = "\x1b[200~{}\x1b[201~"
CTRL_C, CTRL_D = "\x03", "\x04"


@pytest.fixture
def keys():
    """A pipe that is the keyboard."""
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        yield pipe


@pytest.fixture
def dialogue(keys, text_console, tmp_path, monkeypatch):
    """Type all keys, and give back the transcript and the exit status."""
    monkeypatch.setenv("COLUMNS", "100")

    def run(session, typed, history="history"):
        captured = text_console(one_stream=True)
        read = Editor.read

        def echoing(editor):
            line = read(editor)
            captured.out.write(f"invoke> {line}\n")
            return line

        monkeypatch.setattr(Editor, "read", echoing)
        keys.send_text(typed)
        status = run_repl(session, captured.console, tmp_path / history)
        return captured.text.replace("\\", "/"), status

    return run


def dream(line):
    info = PngInfo()
    for name, text in pack(line, {}).items():
        info.add_itxt(name, text)
    return info


def lines_of(session):
    return [line for _, line in session.lines]


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def test_a_whole_dialogue(fakes, dialogue, snapshot):
    mistyped = "a barn --strenght 0.5"
    error = LineError("there is no switch --strenght", "did you mean --strength?", span=Span(7, 17))
    stopped = fakes.drawing("two trees -n2", 5, seeds=(7, 8))
    stopped.insert(-2, interrupt)
    session = fakes.Session(
        [Notice("waiting for the model demo to load"), *fakes.drawing("tree on a hill -I sketch.png", 1)],
        [Failed(2, mistyped, error)],
        fakes.drawing("木 -s10 -n3", 4, seeds=(1, 2, 3)),
        stopped,
    )
    typed = [
        "tree on a hill -I sketch.png",
        mistyped,
        "!hlep",
        "",
        "# a comment",
        "木 -s10 -n3",
        "two trees -n2",
        "!history 3",
        "!fetch 000001.42.png",
        "q",
    ]
    transcript, status = dialogue(session, "".join(f"{line}\r" for line in typed))
    assert status == 0
    snapshot("dialogue", transcript)


@pytest.mark.parametrize(
    ("typed", "reply"), [("yes\r", True), (" Y\r", True), ("\r", False), ("no\r", False), (CTRL_D, False)]
)
def test_a_question_is_answered_at_the_keyboard(fakes, dialogue, typed, reply):
    session = fakes.Session([Ask("take it off the list?"), Notice("done")])
    transcript, status = dialogue(session, f"one\r{typed}q\r")
    assert (session.replies, status) == ([reply], 0)
    assert transcript.index("take it off the list?") < transcript.index("done")
    assert typed.strip("\r") not in session.lines


def test_a_line_for_the_prompt_can_be_changed_there(fakes, dialogue):
    session = fakes.Session([Line("a red barn"), Notice("look at it")], [], [])
    transcript, status = dialogue(session, "fetch\r at night\rnew\rq\r")
    assert (lines_of(session), status) == (["fetch", "a red barn at night", "new"], 0)
    assert transcript.count("a red barn") == 1


def test_ctrl_c_at_a_question_stops_the_line(fakes, dialogue):
    session = fakes.Session([Ask("really?"), Notice("never shown")])
    transcript, _ = dialogue(session, f"one\r{CTRL_C}q\r")
    assert session.replies == []
    assert "stopped" in transcript
    assert "never shown" not in transcript


def test_the_model_begins_to_load_once_the_prompt_is_there(fakes, keys, tmp_path):
    session = fakes.Session()
    editor = Editor(session, tmp_path / "history")
    assert not session.loading
    thread = slowly(keys, "one\r")
    editor.read()
    thread.join()
    assert session.loading


def test_ctrl_d_on_an_empty_line_leaves(fakes, dialogue):
    session = fakes.Session()
    _, status = dialogue(session, "a barn\r" + CTRL_D)
    assert status == 0
    assert lines_of(session) == ["a barn"]


@pytest.mark.edge(49)
def test_ctrl_c_drops_the_line_and_says_how_to_leave(fakes, dialogue):
    session = fakes.Session()
    transcript, _ = dialogue(session, "half a li" + CTRL_C + "a barn\rq\r")
    assert lines_of(session) == ["a barn"]
    assert "invoke> a barn\n" in transcript
    assert "\nq or Ctrl-D leaves\n" in transcript


def test_a_fetched_line_waits_in_the_prompt_to_be_changed(fakes, dialogue, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", pnginfo=dream("a cat -s 5"))
    session = fakes.Session(outdir=tmp_path)
    dialogue(session, "!fetch a.png\r0 -S7\rq\r")
    assert lines_of(session) == ["a cat -s 50 -S7"]


def test_a_line_comes_back_by_its_number_which_is_not_kept(fakes, dialogue, tmp_path):
    session = fakes.Session()
    transcript, _ = dialogue(session, "a barn\ra cat\r!1\r -s5\r!9\rq\r")
    assert lines_of(session) == ["a barn", "a cat", "a barn -s5"]
    assert (tmp_path / "history").read_text() == "a barn\na cat\na barn -s5\n"
    assert "there is no line 9" in transcript


def test_a_cleared_history_is_gone_for_the_arrow_keys_too(fakes, dialogue, tmp_path):
    (tmp_path / "history").write_text("a secret\n")
    session = fakes.Session()
    transcript, _ = dialogue(session, "!clear\ryes\r\x1b[A\r!history\rq\r")
    assert "forget all 2 lines of the history?" in transcript
    assert lines_of(session) == []
    assert (tmp_path / "history").read_text() == "!history\n"


def test_the_lines_of_a_file_run_and_the_prompt_comes_back(fakes, dialogue, tmp_path, snapshot):
    (tmp_path / "lines.txt").write_text("# two pictures\none\n!hlep\ntwo\nq\nnever\n")
    mistyped = LineError("there is no switch --x", span=Span(6, 9))
    session = fakes.Session(fakes.drawing("one"), fakes.drawing("two"), [Failed(9, "three --x", mistyped)])
    session.outdir = tmp_path
    transcript, status = dialogue(session, "!replay lines.txt\rthree --x\r!replay lines.txt\x15q\r")
    assert (status, lines_of(session)) == (0, ["one", "two", "three --x"])
    snapshot("replay", re.sub(r"in [\d.]+ s", "in 0.0 s", transcript))


def test_ctrl_c_in_a_replay_stops_all_of_it(fakes, dialogue, tmp_path):
    (tmp_path / "lines.txt").write_text("one\ntwo\n")
    answer = fakes.drawing("one")
    answer.insert(3, interrupt)
    session = fakes.Session(answer, outdir=tmp_path)
    transcript, _ = dialogue(session, "!replay lines.txt\rthree\rq\r")
    assert lines_of(session) == ["one", "three"]
    assert "stopped" in transcript


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_several_pasted_lines_run_one_by_one(fakes, dialogue, end):
    session = fakes.Session()
    transcript, _ = dialogue(session, PASTE.format("one -s5\r\n\r\n# aside\ntwo\rthree" + end) + "q\r")
    assert lines_of(session) == ["one -s5", "two", "three"]
    assert "invoke> two\n" in transcript


def test_a_paste_joins_what_is_typed_around_it(fakes, dialogue):
    session = fakes.Session()
    dialogue(session, "a  -s5" + "\x1b[D" * 4 + PASTE.format("barn\ncat") + "q\r")
    assert lines_of(session) == ["a barn", "cat -s5"]


@pytest.mark.parametrize("pasted", ["barn", "barn\n"])
def test_one_pasted_line_waits_for_enter(fakes, dialogue, pasted):
    session = fakes.Session()
    dialogue(session, "a " + PASTE.format(pasted) + " -s5\rq\r")
    assert lines_of(session) == ["a barn -s5"]


def test_ctrl_c_while_drawing_drops_the_rest_of_the_paste(fakes, dialogue):
    answer = fakes.drawing("one")
    answer.insert(3, interrupt)
    session = fakes.Session(answer)
    transcript, status = dialogue(session, PASTE.format("one\ntwo\nthree") + "q\r")
    assert lines_of(session) == ["one"]
    assert "stopped\npasted lines not run: 2\n" in transcript
    assert status == 0


def test_lines_are_numbered_on_from_the_history(fakes, dialogue, tmp_path):
    (tmp_path / "history").write_text("a barn\na cat\n")
    session = fakes.Session()
    dialogue(session, "a dog\rq\r")
    assert session.lines == [(3, "a dog")]
    assert (tmp_path / "history").read_text() == "a barn\na cat\na dog\n"


def test_a_damaged_history_is_said_at_the_prompt(fakes, dialogue, tmp_path):
    (tmp_path / "history").write_bytes(b"\xff\xfe\0")
    transcript, _ = dialogue(fakes.Session(), "q\r")
    assert "is now history.old" in transcript


@pytest.mark.edge(48)
def test_help_and_a_bug_bring_the_prompt_back(fakes, dialogue):
    def bug():
        raise ZeroDivisionError("division by zero")

    session = fakes.Session([bug])
    transcript, _ = dialogue(session, "one\r-h\rtwo\rq\r")
    assert "something went wrong inside invoke-cli (ZeroDivisionError: division by zero)" in transcript
    assert "--strength" in transcript
    assert lines_of(session) == ["one", "two"]


def slowly(keys, *chunks):
    """Send keys one after another: completion and history answer between them."""

    def send():
        for chunk in chunks:
            time.sleep(0.1)
            keys.send_text(chunk)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def wait_until(condition):
    """However busy the machine is, the next key comes when the one before has had its effect."""
    end = time.monotonic() + 20
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("chunks", "line"),
    [
        ([("\x1b[A", "a cat"), ("\r", None)], "a cat"),
        ([("\x12", None), ("barn", None), ("\r", "a barn"), ("\r", None)], "a barn"),
        ([("a b", "a barn"), ("\x1b[C", "a barn"), ("\r", None)], "a barn"),
        ([("!hist", "!hist"), ("\t", "!history"), ("\r", None)], "!history"),
    ],
    ids=["the line before", "search", "suggestion", "completion"],
)
def test_editing(fakes, keys, tmp_path, chunks, line):
    """Each chunk of keys is followed by the text that it brings into the editor, typed or suggested."""
    (tmp_path / "history").write_text("a barn\na cat\n")
    editor = Editor(fakes.Session(), tmp_path / "history")
    buffer = editor._prompt.default_buffer

    def shown():
        return buffer.text + (buffer.suggestion.text if buffer.suggestion else "")

    def send():
        wait_until(lambda: editor._prompt.app.is_running)
        for chunk, text in chunks:
            keys.send_text(chunk)
            time.sleep(0.1)
            if text is not None:
                wait_until(lambda text=text: shown() == text)

    thread = threading.Thread(target=send)
    thread.start()
    assert editor.read() == line
    thread.join()


def test_the_bottom_line_follows_the_loading_model(fakes, keys, tmp_path):
    states = ["loading", "loading", "ready"]

    class Loading(fakes.Session):
        def status(self):
            status = super().status()
            status.state = states.pop(0) if len(states) > 1 else states[0]
            return status

    editor = Editor(Loading(), tmp_path / "history")
    assert editor.bottom_line() == " demo | cpu | 128x128 | loading"
    thread = slowly(keys, *[""] * 6, "q\r")
    editor.read()
    thread.join()
    assert editor.bottom_line() == " demo | cpu | 128x128"
