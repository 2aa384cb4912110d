"""Sweeps as people, batches and programs see them."""

from __future__ import annotations

import io
import json

import pytest

from invoke_cli.models.catalog import Catalog
from invoke_cli.repl.app import run_lines, run_once
from invoke_cli.repl.console import JsonConsole, TextConsole
from invoke_cli.repl.runner import Runner
from invoke_cli.session.session import Session
from invoke_cli.settings import Settings

LINE = "a cat -W64 -H64 -s 1 -S 1:3"


@pytest.fixture
def make(tiny_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def session(**settings):
        return Session(Settings(model=str(tiny_model), device="cpu", sweep_limit=2, **settings), Catalog({}))

    return session


def told(run):
    """What goes to the terminal."""
    out = io.StringIO()
    status = run(TextConsole(out, out, False, 100))
    return status, out.getvalue()


def test_a_batch_says_in_one_line_that_nobody_allowed_so_many(make):
    status, text = told(lambda console: run_lines(make(), console, [(1, LINE), (2, "a cat -S 4,5 -s1")]))
    assert status == 1
    assert "error in line 1: a line with lists draws at most 2 pictures unasked, not 3\n" in text
    assert "?" not in text
    assert "-S 1, 2, 3" not in text
    assert "2 pictures from 2 lines" in text


def test_yes_allows_it(make):
    status, text = told(lambda console: run_once(make(yes=True), console, LINE))
    assert status == 0
    assert "3 pictures: -S 1, 2, 3\n" in text
    assert "draw 3 pictures?\nyes, because of --yes\n" in text
    assert text.count("png: a cat") == 3
    assert text.splitlines()[-1].endswith("000001.1.sheet.png")


@pytest.mark.parametrize(("answer", "pictures"), [(True, 3), (False, 0)])
def test_a_person_is_asked(make, answer, pictures):
    out = io.StringIO()
    runner = Runner(make(), TextConsole(out, out, False, 100), person=lambda: answer)
    outcome = runner.run(LINE, 1)
    assert (outcome.pictures, outcome.failed) == (pictures, False)
    _, plan, _, question, *_ = out.getvalue().splitlines()
    assert (plan, question) == ("3 pictures: -S 1, 2, 3", "draw 3 pictures?")


def test_a_dry_run_for_programs_lists_all_pictures(make):
    out = io.StringIO()
    line = "a cat -s 10,20 -A k_lms,k_euler -C 5:6:0.5 -S 3"
    assert run_once(make(dry_run=True), JsonConsole(out, out), line) == 0
    plan = next(each for each in map(json.loads, out.getvalue().splitlines()) if each["event"] == "planned")
    assert plan["sweep"] == {"steps": [10, 20], "sampler": ["k_lms", "k_euler"], "cfg_scale": [5, 5.5, 6]}
    assert {each["seed"] for each in plan["pictures"]} == {3}
    made = [(each["steps"], each["sampler"], each["cfg_scale"]) for each in plan["pictures"]]
    assert len(set(made)) == len(made) == 12
    assert "steps" not in plan["request"]


def test_long_sweeps_are_told_briefly(make):
    status, text = told(lambda console: run_once(make(dry_run=True), console, "a cat -s 1:100"))
    assert status == 0
    assert "100 pictures: -s 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18 ... 100\n" in text
    assert "and 80 more kinds\n" in text
