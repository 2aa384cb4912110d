"""A request survives being written: as a line, as JSON, as a full line."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoke_cli.language.declare import Switch
from invoke_cli.language.defaults import as_json, builtin, from_pairs, merge
from invoke_cli.language.grammar import parse, write
from invoke_cli.language.quoting import quoted, unquoted
from invoke_cli.language.request import Request
from invoke_cli.language.switches import table
from tests.language.strategies import TEXTS, full_requests, requests, values


@settings(max_examples=150, deadline=None)
@given(requests())
def test_a_written_request_reads_back(request_: Request) -> None:
    assert parse(write(request_)) == request_


@settings(max_examples=80, deadline=None)
@given(requests())
def test_a_written_request_is_one_line_that_the_session_does_not_skip(request_: Request) -> None:
    line = write(request_)
    assert line.splitlines() in ([line], [])
    assert not line.startswith(("#", "//", "!"))
    assert line.strip() != "q"


@settings(max_examples=80, deadline=None)
@given(requests())
def test_writing_what_was_read_changes_nothing(request_: Request) -> None:
    line = write(request_)
    assert write(parse(line)) == line


@settings(max_examples=30, deadline=None)
@given(full_requests(), st.booleans())
def test_all_switches_together_are_stable(request_: Request, full: bool) -> None:
    line = write(request_, full=full)
    read = parse(line)
    assert write(read, full=full) == line
    assert write(parse(write(read)), full=full) == line
    if not full:
        assert read == request_


@settings(max_examples=80, deadline=None)
@given(requests())
def test_json_holds_what_is_given_and_reads_back(request_: Request) -> None:
    pairs = as_json(request_)
    assert from_pairs(json.loads(json.dumps(pairs)), "test") == request_
    assert None not in pairs.values()


@settings(max_examples=80, deadline=None)
@given(requests())
def test_a_full_line_holds_the_pixels_and_nothing_else(request_: Request) -> None:
    back = parse(write(request_, full=True))
    for switch in table():
        expected = getattr(request_, switch.name) if switch.pixels else None
        assert getattr(back, switch.name) == expected


@settings(max_examples=50, deadline=None)
@given(requests(), requests())
def test_merging_lets_the_second_win_and_keeps_the_rest(base: Request, over: Request) -> None:
    assert as_json(merge(base, over)) == as_json(base) | as_json(over)


@pytest.mark.parametrize("switch", table(), ids=lambda switch: switch.name)
def test_every_value_survives_alone(switch: Switch) -> None:
    @settings(max_examples=25, deadline=None, database=None)
    @given(values(switch))
    def survives(value: object) -> None:
        words = switch.codec.write(value)
        assert switch.codec.read(words) == value
        assert len(words) <= max(switch.codec.most, 1)
        request = Request(**{switch.name: value})
        assert parse(write(request)) == request
        assert from_pairs(as_json(request), "test") == request

    survives()


@pytest.mark.parametrize(
    "request_",
    [
        Request(text_mask=("a\\", 0.5)),
        Request(init_img="a\\", outdir="C:\\out\\"),
        Request(prompt='a "weird cat', init_img="my pic.png"),
        Request(prompt="a # [1,", seed=1),
        Request(out_direction=("left", None)),
        Request(prompt="-x"),
        Request(prompt="'a cat'"),
        Request(prompt="'", outdir="' -x"),
        Request(prompt="a #model_id=", seed=1),
        Request(prompt="[3.1] a.png:", seed=1),
        Request(prompt="[3.1] a", outdir="b.png: c"),
        Request(prompt="1.5 a", outdir="b.png:", png_compression=3),
        Request(outdir="a/1.5.png:", png_compression=3),
        Request(prompt="(a", outdir="b)invoke>", png_compression=3),
        Request(init_img="-photo.png", new_prompt=""),
    ],
)
def test_requests_that_are_easily_lost(request_: Request) -> None:
    assert parse(write(request_)) == request_
    assert from_pairs(as_json(request_), "test") == request_


@pytest.mark.parametrize("prompt", ["q", "#1", "//", "!fix", "!dream a", "# [1]", "a # model_id=b"])
def test_prompts_that_a_session_would_take_for_something_else_are_quoted(prompt: str) -> None:
    assert write(Request(prompt=prompt)) == f'"{prompt}"'


@settings(max_examples=100, deadline=None)
@given(TEXTS | st.text(alphabet='\\" a'))
def test_quotes_hide_and_show_the_same_text(text: str) -> None:
    written = quoted(text)
    assert unquoted(written[1:-1]) == text


def test_the_built_in_defaults_are_the_issues() -> None:
    assert as_json(builtin()) | {"fnformat": "", "outdir": ""} == {
        "steps": 50, "iterations": 1, "batch": 1, "cfg_scale": 7.5, "sampler": "k_lms", "strength": 0.75,
        "karras_max": 0, "threshold": 0.0, "perlin": 0.0, "variation_amount": 0.0,
        "seamless": False, "seamless_axes": ["x", "y"], "skip_normalize": False, "log_tokenization": False,
        "use_mps_noise": False, "exact_strength": False, "fit": False, "keep_size": False,
        "invert_mask": False, "grid": False,
        "individual": False, "save_intermediates": 0, "intermediates": "clean", "decode_intermediates": False,
        "png_compression": 4, "fnformat": "", "outdir": "", "prompt_as_dir": False, "metadata": True,
        "sidecar": False, "quality": 90, "hires_fix": False, "anchor_color": False,
    }  # fmt: skip


def test_an_untouched_request_writes_nothing() -> None:
    assert write(Request()) == ""
    assert all(getattr(Request(), field.name) in (None, "") for field in fields(Request))
