"""What commands list, as programs and people see it."""

import io
import json

import pytest

from invoke_cli.language.grammar import parse
from invoke_cli.models.catalog import Catalog
from invoke_cli.repl.console import JsonConsole, TextConsole
from invoke_cli.repl.listings import listing
from invoke_cli.repl.runner import Runner
from invoke_cli.session.lists import Defaults
from invoke_cli.session.session import Session
from invoke_cli.settings import Settings


@pytest.fixture
def told(tmp_path, tiny_model, monkeypatch):
    """The objects, or the text, that a command comes to."""
    monkeypatch.chdir(tmp_path)
    for folder in ("loras", "embeddings"):
        (tmp_path / folder).mkdir()
    settings = Settings(
        model=str(tiny_model),
        device="cpu",
        lora_directory="loras",
        embedding_directory="embeddings",
        defaults=parse("-C 4"),
    )
    session = Session(settings, Catalog({}))

    def run(line, history=(), *, text=False):
        out = io.StringIO()
        console = TextConsole(out, out, False, 80) if text else JsonConsole(out, out)
        Runner(session, console, history).run(line, 1)
        return out.getvalue() if text else [json.loads(line) for line in out.getvalue().splitlines()]

    return run


def test_triggers(told, tmp_path):
    assert told("!triggers") == [{"schema": 1, "event": "triggers", "triggers": [], "loras": []}]
    assert told("!triggers", text=True).startswith("there are no embeddings and no LoRAs")
    (tmp_path / "loras" / "ink.safetensors").write_bytes(b"")
    (tmp_path / "embeddings" / "toy.pt").write_bytes(b"")
    (found,) = told("!triggers")
    assert (found["triggers"], found["loras"]) == (["<toy>"], ["ink"])
    assert told("!triggers", text=True) == "embeddings\n  <toy>\nLoRAs\n  withLora(ink)\n"


def test_lines_typed_before(told):
    history = ("a barn", "a cat -s10", "!search cat")
    (found,) = told("!search cat", history)
    assert found == {"schema": 1, "event": "history", "lines": [{"number": 2, "line": "a cat -s10"}]}
    assert [line["number"] for line in told("!history 2", history)[0]["lines"]] == [2, 3]
    assert told("!history")[0]["lines"] == []
    assert told("!search \x1b", text=True) == "no line of the history holds \\x1b\n"


def test_defaults(told):
    told("!set -f 0.4 --seamless_axes x")
    (found,) = told("!set")
    assert found["event"] == "defaults"
    assert found["defaults"] == [
        {"name": "seamless_axes", "value": ["x"], "line": "--seamless_axes x", "source": "this session"},
        {"name": "strength", "value": 0.4, "line": "-f 0.4", "source": "this session"},
        {"name": "cfg_scale", "value": 4, "line": "-C 4", "source": "your settings"},
    ]


def test_defaults_stand_in_columns_and_without_any_there_is_an_example(told):
    told("!set -C 10.5 -s 3")
    assert told("!set", text=True) == "  -s 3     this session\n  -C 10.5  this session\n"
    assert listing(Defaults(())).startswith("no defaults are set; for example !set")
