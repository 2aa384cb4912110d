"""Files come from strangers: whatever stands in them, reading ends, and gives lines that read back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoke_cli.imaging.exif import FOREIGN
from invoke_cli.imaging.metadata import FACTS, LINE, pack
from invoke_cli.language.grammar import parse
from invoke_cli.language.prompts import split
from invoke_cli.repl.commands import is_command
from invoke_cli.session.dialects import DIALECTS, read
from invoke_cli.session.dialects.emphasis import A1111, COMFYUI, NOVELAI, Marks, emphasised, weighted

TRIES = settings(deadline=None, max_examples=60)
# fmt: off
_PIECES = st.sampled_from([
    "(", ")", "[", "]", "{", "}", ":", "::", "1.3", "-", "+", "\\", "<", ">", "<lora:a:1>", ",", " ", "cat",
    "Steps: 20, ", "Sampler: Euler, ", "Seed: 1, ", "CFG scale: 7", "Negative prompt:", "\n", '"', "|",
    " -s 5 -S 1 -W 64 -H 64 -C 7.5", " -I", " -A k_lms", " -U 2", "# [1, 2]", "# model_id=x", "!fix ", "--x",
])
_NAMES = st.sampled_from([
    "image", "images", "prompt", "weight", "steps", "seed", "width", "class_type", "inputs", "KSampler", "3",
    "latent_image", "positive", "text", "model", "variations", "postprocessing", "uc", "v4_prompt", "caption",
    "line", "init", "type", "app_version", "sampler_name", "cfg",
])
# fmt: on
TEXT = st.lists(st.one_of(_PIECES, st.text(max_size=5)), max_size=14).map("".join)
_LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXT, _NAMES)
JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=5),
    max_leaves=12,
).map(json.dumps)
CHUNKS = st.sampled_from(
    [LINE, FACTS, "sd-metadata", "invokeai_metadata", "parameters", "prompt", "Comment", FOREIGN]
)


@TRIES
@given(texts=st.dictionaries(CHUNKS, TEXT | JSON, max_size=4))
def test_any_texts_give_nothing_or_a_line_that_reads_back(texts: dict[str, str]) -> None:
    found = read(texts)
    if found is not None:
        assert parse(found.line) == found.request
        assert all("\n" not in phrase for phrase in found.lost)


@TRIES
@given(text=TEXT, marks=st.sampled_from([A1111, COMFYUI, NOVELAI]))
def test_carried_over_prompts_mean_what_they_meant(text: str, marks: Marks) -> None:
    """Our own reading of the prompt finds the words that the other program found, and none kept out."""
    text = " ".join(text.replace("<", "").split())
    ours = split(emphasised(text, marks))
    assert ours.negative == ()
    theirs = "".join(piece for piece, _ in weighted(text, marks))
    words = "".join(piece for piece, _ in ours.positive)
    assert "".join(words.split()) == "".join(theirs.split())


@pytest.mark.parametrize("name", list(DIALECTS))
def test_every_dialect_survives_depth_and_length(name: str) -> None:
    nested = '{"a":' * 500 + "1" + "}" * 500
    brackets = "(" * 50_000 + "cat" + ":1.1)" * 50_000
    fields = "\nSteps: 20, Sampler: Euler, Seed: 1, Size: 64x64"
    many = ["[" * 100_000, '"' * 50_000, "a:" * 50_000, "# [" * 20_000, " -s 5" * 20_000]
    for text in (nested, brackets + fields, *many):
        for chunk in (LINE, FACTS, "sd-metadata", "invokeai_metadata", "parameters", "prompt", FOREIGN):
            DIALECTS[name]({chunk: text})


def test_control_characters_of_json_escapes_do_not_come_through() -> None:
    stored = json.dumps({"image": {"prompt": "a \x1b[2J\x9b cat", "seed": 1}})
    found = read({"sd-metadata": stored})
    assert found is not None
    assert found.request.prompt == "a [2J cat"


@pytest.mark.parametrize("forged", ["!del_model demo", " !clear", "# x", "//x", "q", "!dream a\n!clear"])
def test_a_forged_line_is_never_a_command(forged: str) -> None:
    """For `!replay` runs what it gets; here the words are only drawn."""
    found = read(pack(forged, {"grid": [forged, "a cat"]}))
    assert found is not None
    for line in (found.line, found.sheet[0]):
        assert not is_command(line)
        assert not line.startswith(("#", "//"))
        assert line != "q"
        assert "\n" not in line
        assert parse(line) == found.request
    assert found.sheet[1] == "a cat"


def test_our_own_files_come_first() -> None:
    found = read({**pack("a cat -s 5", {}), "parameters": "a dog\nSteps: 20, Sampler: Euler, Seed: 1"})
    assert found is not None
    assert (found.program, found.line) == ("invoke-cli", "a cat -s 5")


def test_our_line_alone_is_enough() -> None:
    line = '"a \\"cat\\"" -s 5 -S 3 -W 64 -H 64 -C 7.5 -A k_lms --threshold 0 --perlin 0 --karras_max 0'
    found = read({LINE: line})
    assert found is not None
    assert (found.program, found.request.prompt) == ("invoke-cli", 'a "cat"')
