"""A scripted session in place of the real one, and consoles that write into strings."""

import io
import os
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from invoke_cli.language.defaults import builtin
from invoke_cli.language.grammar import parse
from invoke_cli.language.world import World
from invoke_cli.repl.console import JsonConsole, TextConsole
from invoke_cli.session.events import Ask, Planned, PlannedPicture, Progress, Saved

WIDTH = 100
SNAPSHOTS = Path(__file__).parent / "snapshots"


class FakeSession:
    """Gives the queued answers in order. What is callable in an answer is called, not yielded."""

    def __init__(self, *answers, outdir=Path("outputs/img-samples"), dry_run=False, yes=False, world=None):
        self.answers = deque(answers)
        self.outdir = outdir
        self.dry_run = dry_run
        self.settings = SimpleNamespace(yes=yes)
        self.models = SimpleNamespace(active=SimpleNamespace(name="demo"))
        self.pictures = ()
        self.defaults = builtin()
        self.lines = []
        self.replies = []
        self.closed_early = 0
        self.loading = False
        self._world = world or World()

    def behind(self, events):
        return (yield from events)

    def settle(self):
        yield from ()

    def run(self, line, line_number=1, *, settles=True, following=None):
        self.lines.append((line_number, line))
        answer = self.answers.popleft() if self.answers else drawing(line, line_number)
        try:
            for event in answer:
                if callable(event):
                    event()
                else:
                    reply = yield at(event, line_number)
                    self.replies += [reply] if isinstance(event, Ask) else []
        except GeneratorExit:
            self.closed_early += 1
            raise

    def world(self):
        return self._world

    def status(self):
        return SimpleNamespace(model="demo", device="cpu", size="128x128", state="ready")

    def start_loading(self):
        self.loading = True

    def close(self):
        pass


def at(event, line_number):
    """The event as an event of this line."""
    numbered = getattr(event, "line_number", None) is not None
    return replace(event, line_number=line_number) if numbered else event


def picture(seed=42, **changes):
    """A planned picture: 7 of 10 steps from an image."""
    facts = {
        "width": 128,
        "height": 128,
        "steps": 10,
        "steps_run": 7,
        "evaluations": 7,
        "first_sigma": 4.6071,
        "sampler": "k_lms",
        "strength": 0.7,
        "cfg_scale": 7.5,
        "line": f"tree on a hill -I sketch.png -f 0.7 -s 10 -S {seed}",
    }
    return PlannedPicture(**{"seed": seed, **facts, **changes})


def planned(line="tree on a hill", line_number=1, pictures=()):
    pictures = pictures or [picture()]
    return Planned(line_number, line, parse("tree on a hill -f0.7"), tuple(pictures))


def progress(index, total=7, number=0, of=1):
    step = SimpleNamespace(index=index, total=total, sigma=4.0 / (index + 1))
    return Progress(step, number, of)


def saved(seed=42, seconds=1.25, kind="picture", line=None):
    path = Path("outputs/img-samples") / f"000001.{seed}.png"
    return Saved(path, seed, line or picture(seed).line, seconds, kind)


def drawing(line="tree on a hill", line_number=1, seeds=(42,)):
    """Everything that a line that draws has to tell."""
    events = [planned(line, line_number, [picture(seed) for seed in seeds])]
    for number, seed in enumerate(seeds):
        events += [progress(index, 7, number, len(seeds)) for index in range(7)]
        events.append(saved(seed))
    return events


@dataclass
class Captured:
    """A console and what it wrote."""

    console: object
    out: io.StringIO
    err: io.StringIO

    @property
    def text(self):
        return self.out.getvalue() + (self.err.getvalue() if self.err is not self.out else "")


@pytest.fixture
def fakes():
    """The makers of scripted things, for the test modules."""
    return SimpleNamespace(
        Session=FakeSession,
        picture=picture,
        planned=planned,
        progress=progress,
        saved=saved,
        drawing=drawing,
    )


@pytest.fixture
def text_console():
    def make(is_terminal=False, width=WIDTH, one_stream=False, **options):
        out = io.StringIO()
        err = out if one_stream else io.StringIO()
        return Captured(TextConsole(out, err, is_terminal, width, **options), out, err)

    return make


@pytest.fixture
def json_console():
    out, err = io.StringIO(), io.StringIO()
    return Captured(JsonConsole(out, err), out, err)


@pytest.fixture
def snapshot():
    """Compare a text with its stored form; UPDATE_SNAPSHOTS=1 stores it anew, to be read in review."""

    def check(name, text):
        stored = SNAPSHOTS / f"{name}.txt"
        if os.environ.get("UPDATE_SNAPSHOTS"):
            stored.write_text(text, encoding="utf-8")
        assert text == stored.read_text(encoding="utf-8")

    return check
