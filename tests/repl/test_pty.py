"""The loop under a pseudo-terminal: what is on the screen in the end, and what Ctrl-C and early keys do."""

import os
import re
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are a POSIX matter", allow_module_level=True)
pexpect = pytest.importorskip("pexpect", reason="pexpect drives the pseudo-terminal")
pyte = pytest.importorskip("pyte", reason="pyte reads the screen")

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).parent / "pty_program.py"
ROWS, COLUMNS = 40, 100


class Terminal:
    """A program on a screen."""

    def __init__(self, history, **variables):
        self.raw = b""
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        inherited = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        environment = inherited | {
            "TERM": "xterm-256color",
            "PROMPT_TOOLKIT_NO_CPR": "1",  # pyte answers no questions about the cursor
            "PYTHONPATH": str(ROOT),
            **variables,
        }
        self.process = pexpect.spawn(
            sys.executable,
            [str(PROGRAM), str(history)],
            dimensions=(ROWS, COLUMNS),
            env=environment,
            timeout=20,
        )
        self.process.delaybeforesend = 0
        self.process.logfile_read = self

    def write(self, seen):
        self.raw += seen
        self._stream.feed(seen)

    def flush(self):
        pass

    def until(self, text):
        self.process.expect_exact(text)

    def screen(self):
        return [line.rstrip() for line in self._screen.display if line.strip()]


@pytest.fixture
def terminal(tmp_path):
    opened = Terminal(tmp_path / "history")
    yield opened
    opened.process.close(force=True)


def test_ctrl_c_keeps_the_finished_picture_and_early_keys_wait_for_the_prompt(terminal):
    terminal.until("invoke>")
    terminal.process.send("two trees -n2\r")
    terminal.until("picture 2 of 2")
    terminal.process.sendintr()
    terminal.until("is kept")
    terminal.until("invoke>")
    terminal.process.send("one tree\r")
    terminal.until("step 2 of 7")
    terminal.process.send("typed early")
    terminal.until("[2] ")
    assert b"typed" not in terminal.process.before  # no echo into the bar
    terminal.until("typed early")
    terminal.process.send("\x15")  # Ctrl-U: the line is as editable as any
    terminal.process.sendeof()
    terminal.process.expect(pexpect.EOF)
    terminal.process.wait()

    screen = terminal.screen()
    assert terminal.process.exitstatus == 0
    assert screen[0] == "-h for help, q or Ctrl-D to leave"
    assert screen[1].startswith("invoke> two trees -n2")
    assert screen[2].startswith("2 pictures, each 7 of 10 steps from your image")
    assert screen[3].startswith("[1.1] ")
    assert "stopped; 1 finished picture is kept" in screen
    assert not any("^C" in line or "step" in line for line in screen if "from your image" not in line)
    assert sum("typed early" in line for line in screen) == 0


def colours(terminal):
    """The colours in what the program wrote, as the numbers of its escape codes."""
    codes = re.findall(rb"\x1b\[([\d;]*)m", terminal.raw)
    numbers = {int(number) for code in codes for number in code.split(b";") if number}
    return numbers & {*range(30, 49), *range(90, 108)} - {39, 49}


@pytest.mark.parametrize(("variables", "expected"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_can_be_turned_off(tmp_path, variables, expected):
    terminal = Terminal(tmp_path / "history", **variables)
    try:
        terminal.until("invoke>")
        terminal.process.send("a barn -s5 --nonsense")
        terminal.until("nonsense")
        terminal.process.send("\x15q\r")
        terminal.process.expect(pexpect.EOF)
    finally:
        terminal.process.close(force=True)
    assert bool(colours(terminal)) is expected


def test_the_history_of_one_run_is_there_in_the_next(terminal, tmp_path):
    terminal.until("invoke>")
    terminal.process.send("one tree\r")
    terminal.until("[1")
    terminal.process.kill(9)
    assert (tmp_path / "history").read_text() == "one tree\n"
