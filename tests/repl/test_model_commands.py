"""The commands about models, as a person reads them. No model is loaded here: the loader pretends."""

import io
import json
from types import SimpleNamespace

import pytest
import torch

from invoke_cli.errors import ModelError
from invoke_cli.models.cache import ModelCache
from invoke_cli.models.catalog import Catalog
from invoke_cli.repl.console import JsonConsole, TextConsole
from invoke_cli.repl.runner import Runner
from invoke_cli.repl.wording import size_words
from invoke_cli.session.session import Session
from invoke_cli.settings import Settings

MODELS = """\
# my models
home: {{source: {path}, description: "{long}"}}
away: {{source: org/name, description: on the hub}}
gone: {{source: ./gone.safetensors}}
"""
LONG = "a model of everything that there is at home, and of a few things besides that are worth a picture"


@pytest.fixture
def own(tmp_path, tiny_model):
    path = tmp_path / "models.yaml"
    path.write_text(MODELS.format(path=tiny_model, long=LONG))
    return path


@pytest.fixture
def dialogue(own, tmp_path, tiny_model, monkeypatch):
    """Run the lines, and give back everything that is shown. `answers` are those of a person."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def load(entry, device, precision):
        if entry.name == "gone":
            raise ModelError(f"there is no file {entry.source}")
        facts = {
            "native": 64,
            "scale_within": False,
            "inpaints": False,
            "has_vae": True,
            "prediction": "epsilon",
        }
        facts["table"] = SimpleNamespace(zero_signal=False)
        facts["unet"] = SimpleNamespace(config=SimpleNamespace(cross_attention_dim=768))
        return SimpleNamespace(name=entry.name, device=torch.device("cpu"), **facts)

    def run(*lines, answers=None, **settings):
        cache = ModelCache("cpu", "auto", load, weigh=lambda _: 2 * 10**9)
        session = Session(Settings(device="cpu", **settings), Catalog.read(own), cache)
        out = io.StringIO()
        person = None if answers is None else iter(answers).__next__
        runner = Runner(session, TextConsole(out, out, False, 80), lines, person)
        for number, line in enumerate(lines, 1):
            out.write(f"invoke> {line}\n")
            runner.run(line, number)
        return out.getvalue().replace(str(tiny_model), "TINY").replace(str(tmp_path), "HERE")

    return run


def test_a_dialogue_about_models(dialogue, snapshot):
    transcript = dialogue(
        "!models",
        "!switch hme",
        "!switch gone",
        "!switch away",
        "!models",
        "!edit_model home",
        "!edit_model home description='short now' defaults.steps=20",
        "!edit_model home description='short now' defaults.steps=20",
        "!edit_model home stepz=3",
        "!edit_model home description",
        "!edit_model home",
        "!del_model away",
        "!del_model gone",
        "!del_model gone",
        "!models all",
        "!switch",
        "!switch home now",
        answers=[False, True],
    )
    snapshot("models", transcript)


def test_without_a_person_the_answer_is_no_unless_told_otherwise(dialogue, own):
    assert "no; --yes would answer yes" in dialogue("!del_model gone")
    assert "gone:" in own.read_text()
    assert "yes, because of --yes" in dialogue("!del_model gone", yes=True)
    assert "gone:" not in own.read_text()


def test_a_dry_run_changes_no_catalog(dialogue, own):
    before = own.read_bytes()
    lines = ["!edit_model home vae=x", "!del_model gone", "!import_model org/other", "!convert_model home"]
    assert dialogue(*lines, dry_run=True, yes=True).count("a dry run changes no catalog") == 4
    assert own.read_bytes() == before


def test_importing_and_converting_at_the_prompt(dialogue, own, tmp_path, snapshot):
    (tmp_path / "notes.txt").write_text("no model")
    transcript = dialogue(
        "!import_model",
        "!import_model no-such-file.safetensors",
        "!import_model --nmae x ./notes.txt",
        "!import_model --name",
        "!import_model org/name",
        "!import_model org/other@v1 --name='not this one' --name=mine --default --description 'quite new'",
        "!edit_model mine",
        "!switch mine",
        "!convert_model",
        "!convert_model home",
        "!convert_model hoem",
        "!triggers",
    )
    snapshot("importing", transcript)


def test_the_list_is_an_event_for_programs(own, tmp_path, tiny_model, monkeypatch):
    monkeypatch.chdir(tmp_path)
    session = Session(Settings(device="cpu"), Catalog.read(own))
    out = io.StringIO()
    Runner(session, JsonConsole(out, out)).run("!models", 1)
    event = json.loads(out.getvalue())
    assert event["event"] == "models"
    assert event["models"][1:] == [
        {"name": "away", "state": "not loaded", "bytes": None, "description": "on the hub"},
        {"name": "gone", "state": "missing", "bytes": None, "description": ""},
    ]
    assert event["models"][0]["state"] == "active, not loaded"


def test_a_quote_that_is_not_closed_is_said(dialogue):
    assert "a quote is not closed" in dialogue("!edit_model home description='x")


@pytest.mark.parametrize(
    ("size", "words"),
    [(None, ""), (0, "0.1 MB"), (2**20, "1 MB"), (300 * 2**20, "300 MB"), (2**31, "2.0 GB")],
)
def test_sizes_in_words(size, words):
    assert size_words(size) == words
