"""`!compare` as people see it: transcripts, on the tiny model."""

import io
import re

import numpy as np
import pyte
import pytest
from PIL import Image

from invoke_cli.models.catalog import Catalog
from invoke_cli.repl.app import run_once
from invoke_cli.repl.commands import Context, answer
from invoke_cli.repl.console import TextConsole
from invoke_cli.repl.easel import Easel, Screen
from invoke_cli.repl.throttle import Throttle
from invoke_cli.repl.viewers import Terminal
from invoke_cli.session.events import Failed
from invoke_cli.session.session import Session
from invoke_cli.settings import Settings

LINE = "!compare a cat -I sketch.png -S 7 -s 10 -f 0.2,0.4"


@pytest.fixture
def session(tiny_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    across, down = np.meshgrid(np.linspace(0, 255, 96), np.linspace(0, 255, 64))
    Image.fromarray(np.dstack([across, down, 255 - across]).astype(np.uint8)).save("sketch.png")
    return Session(Settings(model=str(tiny_model), device="cpu"), Catalog({}))


def plain(text):
    """Paths as on any system, and of full lines only the beginning: they grow with every new switch."""
    return re.sub(r"(png: a cat) .*", r"\1 ...", text.replace("\\", "/"))


def test_a_comparison_on_a_pipe(session, snapshot):
    out = io.StringIO()
    assert run_once(session, TextConsole(out, out, False, 100), LINE) == 0
    assert not set(out.getvalue()) & set("\x1b\r▀")
    snapshot("compare-plain", plain(out.getvalue()))


def test_a_comparison_in_half_blocks_shows_the_sheet_alone(session, snapshot):
    out = io.StringIO()
    # No time for previews: their number would differ from run to run.
    easel = Easel("blocks", Terminal({"TERM": "xterm"}), lambda: Screen(100, 40), Throttle(0.0))
    assert run_once(session, TextConsole(out, out, True, 100, easel=easel), LINE) == 0
    screen = pyte.Screen(100, 40)
    pyte.Stream(screen).feed(plain(out.getvalue()).replace("\n", "\r\n"))
    lines = [
        re.sub("▀+", lambda found: f"({len(found[0])} half blocks)", line.rstrip()) for line in screen.display
    ]
    snapshot("compare-half-blocks", "\n".join(lines).rstrip() + "\n")


def test_a_comparison_without_a_line_says_what_it_needs():
    (event,) = answer("!compare", 1, Context(None, (), 80))
    assert isinstance(event, Failed)
    assert "needs a line" in event.error.message
