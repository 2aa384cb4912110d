"""Which viewer suits a terminal, how much time previews take, and where on the screen they stand."""

import io
from dataclasses import replace

import numpy as np
import pyte
import pytest

from invoke_cli.errors import InvokeError
from invoke_cli.repl.console import TextConsole
from invoke_cli.repl.easel import Easel, Screen, easel_for
from invoke_cli.repl.throttle import Throttle
from invoke_cli.repl.viewers import VIEWERS, Box, Terminal, choose, this_terminal
from tests.repl import picture_decoders as decoders

XTERM = {"TERM": "xterm-256color"}
TRUE = {**XTERM, "COLORTERM": "truecolor"}


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({**XTERM, "KITTY_WINDOW_ID": "3"}, "kitty"),
        ({"TERM": "xterm-ghostty", "TERM_PROGRAM": "ghostty"}, "kitty"),
        ({**XTERM, "TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({**XTERM, "LC_TERMINAL": "iTerm2"}, "iterm2"),
        ({**XTERM, "TERM_PROGRAM": "WezTerm"}, "iterm2"),
        ({"TERM": "foot"}, "sixel"),
        ({"TERM": "mlterm-256color"}, "sixel"),
        (XTERM, "blocks"),
        (TRUE, "blocks"),
        ({"WT_SESSION": "x"}, "blocks"),
        ({"TERM": "linux"}, "blocks"),
        ({"TERM": "dumb"}, "none"),
        ({}, "none"),
        ({**XTERM, "NO_COLOR": "1"}, "none"),
        ({"TERM": "tmux-256color", "TMUX": "x", "KITTY_WINDOW_ID": "3"}, "blocks"),
        ({"TERM": "screen-256color", "LC_TERMINAL": "iTerm2"}, "blocks"),
    ],
)
def test_the_viewer_follows_from_the_environment(variables, expected):
    assert choose("auto", Terminal(variables)) == expected


def test_inside_of_tmux_the_terminal_around_it_decides():
    inside = {"TERM": "tmux-256color", "TMUX": "x"}
    assert choose("auto", Terminal(inside, tmux="xterm-kitty")) == "kitty"
    assert choose("auto", Terminal(inside, tmux="xterm-256color iTerm2 3.5")) == "blocks"


def test_half_blocks_need_an_encoding_that_has_them():
    assert choose("auto", Terminal(XTERM, encoding="ascii")) == "none"


def test_a_viewer_can_be_asked_for_by_name():
    assert choose("half-blocks", Terminal({})) == "blocks"
    assert choose("off", Terminal({"TERM": "xterm-kitty"})) == "none"
    with pytest.raises(InvokeError, match="no viewer called 'kity'") as caught:
        choose("kity", Terminal({}))
    assert "kitty" in caught.value.hint


@pytest.mark.parametrize("answer", ["on xterm-kitty kitty(0.36)", "off xterm-kitty", "", None])
def test_tmux_is_asked_what_is_around_it(monkeypatch, tmp_path, answer):
    program = tmp_path / "tmux"
    program.write_text(f"#!/bin/sh\necho '{answer}'\n" if answer is not None else "#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setenv("TMUX", "x")
    expected = answer[3:] if answer and answer.startswith("on ") else ""
    assert this_terminal("utf-8").tmux == expected


@pytest.mark.parametrize("name", [name for name in VIEWERS if name != "none"])
def test_nothing_is_shown_on_what_is_no_terminal(name, drawing):
    assert easel_for(name, io.StringIO()) is None
    out = io.StringIO()
    console = TextConsole(out, out, False, 100, easel=Easel(name, Terminal(TRUE), lambda: SCREEN))
    for event in drawing:
        console.show(event)
    assert not set(out.getvalue()) & set("\x1b\x07▀")


def test_through_tmux_kitty_gets_the_picture_and_tmux_the_text():
    terminal = Terminal({"TMUX": "x"}, tmux="xterm-kitty")
    sent = flat(9)
    outside, inside = decoders.out_of_tmux(VIEWERS["kitty"].draw(sent, Box(6, 3, (8, 16)), terminal, 99))
    ((keys, got),) = decoders.kitty(outside)
    np.testing.assert_array_equal(got, sent)
    assert (keys["U"], keys["i"]) == ("1", "99")
    assert inside.count("\n") == 2
    assert "\x1b_G" not in inside


class Clock:
    def __init__(self):
        self.now = 50.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize("cost", [0.001, 0.004, 0.03, 0.2])
@pytest.mark.parametrize("step", [0.01, 0.15, 2.0])
def test_extras_cost_at_most_their_share(cost, step):
    clock = Clock()
    throttle = Throttle(0.02, clock)
    started, taken = clock.now, 0
    for index in range(20000):
        throttle.tick(begins=index == 0)
        with throttle.turn() as is_time:
            if is_time:
                taken += 1
                clock.now += cost
        clock.now += step
    elapsed = clock.now - started
    assert taken * cost <= 0.02 * elapsed
    # And not much less: whoever may look should see something.
    assert (taken + 2) * cost >= 0.018 * elapsed or taken >= 19990


def test_time_between_pictures_earns_no_looks():
    clock = Clock()
    throttle = Throttle(0.02, clock)
    throttle.tick(begins=True)
    clock.now += 1000
    throttle.tick(begins=True)
    with throttle.turn() as is_time:
        assert not is_time


SCREEN = Screen(40, 20)


def flat(number, height=8, width=8):
    return np.full((height, width, 3), (20 * number, 100, 255 - 20 * number), np.uint8)


@pytest.fixture
def drawing(fakes):
    """A picture of seven steps, each of which can be looked at."""
    steps = [replace(fakes.progress(n), preview=lambda n=n: flat(n)) for n in range(7)]
    return [fakes.planned(), *steps, replace(fakes.saved(), rgb=flat(12, 16, 32))]


class Unlimited(Throttle):
    """Time for every look."""

    def __init__(self):
        super().__init__(share=1e9)


def watched(drawing, viewer="blocks", terminal=None):
    """The screen after each event of a drawing, and everything that was written."""
    out = io.StringIO()
    easel = Easel(viewer, terminal or Terminal(TRUE), lambda: SCREEN, Unlimited())
    easel.throttle.tick(begins=True)
    console = TextConsole(out, out, True, 40, easel=easel)
    screen = pyte.Screen(SCREEN.columns, SCREEN.lines)
    stream, seen, views = pyte.Stream(screen), 0, []
    for event in drawing:
        console.show(event)
        stream.feed(out.getvalue()[seen:].replace("\n", "\r\n"))
        seen = len(out.getvalue())
        cells = [[screen.buffer[row][column] for column in range(40)] for row in range(20)]
        views.append(([line.rstrip() for line in screen.display], cells))
    return views, out.getvalue()


def test_the_preview_changes_in_place_above_the_bar_and_leaves_nothing_behind(drawing):
    views, _ = watched(drawing)
    before = views[0][0]
    top = next(index for index, line in enumerate(before) if not line)
    for number in range(2, 6):
        lines, cells = views[number + 1]
        assert lines[:top] == before[:top]
        assert cells[top][0].data == "▀"
        assert cells[top][0].fg == "".join(f"{level:02x}" for level in flat(number)[0, 0])
        bar = next(line for line in lines[top:] if "▀" not in line)
        assert bar.startswith("step ")
        assert sum("▀" in line for line in lines) == 12
    lines, cells = views[-1]
    # 39 columns for a picture twice as wide as high, in cells twice as high as wide.
    assert sum("▀" in line for line in lines) == 10
    assert cells[top][0].fg == "".join(f"{level:02x}" for level in flat(12)[0, 0])
    assert lines[top + 10].startswith("[1] ")
    assert not any(line.startswith("step ") for line in lines)


def test_kitty_keeps_one_preview_and_removes_it_before_the_result(drawing):
    _, text = watched(drawing, "kitty")
    found = decoders.kitty(text)
    previews = [keys for keys, _ in found[:-2]]
    assert len({keys["i"] for keys in previews}) == 1
    assert len(previews) >= 5
    removed, result = found[-2:]
    assert (removed[0]["a"], removed[0]["i"]) == ("d", previews[0]["i"])
    np.testing.assert_array_equal(result[1], flat(12, 16, 32))
    assert result[0]["i"] != previews[0]["i"]


@pytest.mark.parametrize(("viewer", "decode"), [("iterm2", decoders.iterm2), ("kitty", decoders.kitty)])
def test_the_result_on_the_screen_is_the_picture(viewer, decode, drawing):
    _, text = watched(drawing, viewer)
    np.testing.assert_array_equal(decode(text)[-1][1], flat(12, 16, 32))


def test_a_tiny_screen_shows_no_picture():
    easel = Easel("blocks", Terminal(TRUE), lambda: Screen(2, 3), Unlimited())
    assert easel.preview(flat(1)) == easel.result(flat(1)) == easel.wipe() == ""


def test_a_stopped_line_leaves_no_preview(drawing):
    out = io.StringIO()
    easel = Easel("blocks", Terminal(TRUE), lambda: Screen(24, 10), Unlimited())
    console = TextConsole(out, out, True, 40, easel=easel)
    easel.throttle.tick(begins=True)
    for event, _ in zip(drawing, range(4), strict=False):
        console.show(event)
    console.settle()
    screen = pyte.Screen(60, 12)
    pyte.Stream(screen).feed(out.getvalue().replace("\n", "\r\n"))
    assert "▀" in out.getvalue()
    assert sum(bool(line.strip()) for line in screen.display) == 2  # the plan, which takes two lines here


def test_half_blocks_of_a_drawing(snapshot, drawing):
    """A transcript of what a terminal shows, its colours as letters of the alphabet."""
    views, _ = watched(drawing)
    letters = {}
    shown = []
    for step in (4, 8):
        lines, cells = views[step]
        rows = []
        for line, row in zip(lines, cells, strict=True):
            if line.startswith("step "):
                line = "(the progress bar)"
            marks = [letters.setdefault(c.fg, "abcdefghij"[len(letters) % 10]) for c in row if c.data == "▀"]
            rows.append("".join(marks) or line)
        shown.append("\n".join(row.rstrip() for row in rows).rstrip())
    snapshot("half-blocks", "\n\n-- the picture is done --\n\n".join(shown) + "\n")
