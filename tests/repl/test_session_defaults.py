"""`!set` and `!unset`: between the settings and the line."""

import pytest

from invoke_cli.language.request import Request
from invoke_cli.models.catalog import Catalog
from invoke_cli.repl import commands
from invoke_cli.repl.commands import Context
from invoke_cli.repl.listings import listing
from invoke_cli.session.events import Failed, Notice, Planned
from invoke_cli.session.session import Session
from invoke_cli.settings import Settings


@pytest.fixture
def session(tiny_model):
    settings = Settings(model=str(tiny_model), device="cpu", dry_run=True, defaults=Request(cfg_scale=4.0))
    return Session(settings, Catalog({}))


@pytest.fixture
def run(session):
    return lambda line: list(commands.answer(line, 1, Context(session, (), 80)))


def failure(events):
    (event,) = events
    assert isinstance(event, Failed)
    return event


def picture(session, line):
    return next(event.pictures[0] for event in session.run(line) if isinstance(event, Planned))


@pytest.mark.parametrize(
    ("typed", "name", "value"),
    [
        ("strength 0.4", "strength", 0.4),
        ("--strength 0.4", "strength", 0.4),
        ("-f0.4", "strength", 0.4),
        ("f 0.4", "strength", 0.4),
        ("strength=0.4", "strength", 0.4),
        ("fit", "fit", True),
        ("fit on", "fit", True),
        ("fit off", "fit", False),
        ("no_fit", "fit", False),
        ("sampler euler_a", "sampler", "k_euler_a"),
        ('init_img "my sketch.png"', "init_img", "my sketch.png"),
    ],
)
def test_a_switch_is_set_in_any_spelling(run, session, typed, name, value):
    (notice,) = run(f"!set {typed}")
    assert isinstance(notice, Notice)
    assert getattr(session.chosen, name) == value


def test_the_layers_lie_in_their_order(run, session):
    assert picture(session, "a cat").cfg_scale == 4
    run("!set -C 5 -s 7")
    assert (picture(session, "a cat").cfg_scale, picture(session, "a cat").steps) == (5, 7)
    assert picture(session, "a cat -C 6").cfg_scale == 6
    run("!unset cfg_scale")
    assert (picture(session, "a cat").cfg_scale, picture(session, "a cat").steps) == (4, 7)
    run("!unset all")
    assert picture(session, "a cat").steps == 50


def test_what_is_set_is_listed_with_who_set_it(run):
    run("!set strength 0.4")
    (defaults,) = run("!set")
    rows = [row.split("  ") for row in listing(defaults).splitlines()]
    assert [[cell.strip() for cell in row if cell.strip()] for row in rows][:2] == [
        ["-f 0.4", "this session"],
        ["-C 4", "your settings"],
    ]


@pytest.mark.parametrize(
    ("line", "words", "marked"),
    [
        ("!set strength 75", "strength goes from 0 to 1, not 75", "75"),
        ("!set  -f 75", "strength goes from 0 to 1, not 75", "75"),
        ("!set strenght 0.4", "there is no switch --strenght", "strenght"),
        ("!set steps", "-s needs a value", "steps"),
        ("!set steps 5 a cat", "'a cat' is prompt text", "a cat"),
        ("!set fit maybe", "'maybe' is prompt text", "maybe"),
        ("!set sampler k_none", "there is no sampler called 'k_none'", "sampler k_none"),
        ("!set steps 5,6", "a default is one value, not a list", None),
        ("!set -G 0.5", "Face repair is not built yet", "-G 0.5"),
        ("!set prompt a", "'a' is prompt text", None),
        ("!unset strenght", "there is no switch --strenght", "strenght"),
    ],
)
def test_mistakes_are_marked_in_the_line(run, session, line, words, marked):
    failed = failure(run(line))
    assert words in failed.error.message
    if marked is not None:
        span = failed.error.span
        assert failed.line[span.start : span.end] == marked
    assert session.chosen == Request()


def test_a_hint_does_not_speak_of_prompt_text(run):
    assert failure(run("!set strenght 0.4")).error.hint == "did you mean --strength?"
    assert failure(run("!set zzzz 0.4")).error.hint == ""


def test_taking_back_what_was_not_set(run):
    assert run("!unset steps") == [Notice("steps was not set in this session")]
    assert run("!unset all") == [Notice("nothing was set in this session")]
    assert "needs a switch" in failure(run("!unset")).error.message
