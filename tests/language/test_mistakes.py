"""Each mistake is one sentence with a place and, where one can be guessed, the likely intent."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoke_cli.errors import InvokeError, LineError, PictureError, PromptError, SettingsError, Span
from invoke_cli.language.defaults import from_pairs
from invoke_cli.language.grammar import check, parse, read
from invoke_cli.language.prompts import split
from invoke_cli.language.world import World
from tests.language.strategies import LINES

WORLD = World(samplers=("k_lms", "k_euler", "ddim", "lms"))


def mistake(line: str) -> LineError | None:
    try:
        read(line, WORLD)
    except LineError as error:
        return error
    return None


@pytest.mark.edge(3)
@settings(max_examples=200, deadline=None)
@given(LINES | st.text(max_size=40))
def test_reading_raises_nothing_but_line_errors_with_a_place(line: str) -> None:
    error = mistake(line)
    if error is not None:
        assert error.span is not None
        assert 0 <= error.span.start < error.span.end <= len(line)
        assert error.message
        assert len((error.message + error.hint).splitlines()) == 1


@pytest.mark.edge(10)
@pytest.mark.parametrize(
    ("line", "under", "message", "hint"),
    [
        ("a -f 75", "75", "strength goes from 0 to 1, not 75", "did you mean 0.75?"),
        ("a -f75", "75", "strength goes from 0 to 1, not 75", "did you mean 0.75?"),
        ("a -f 7", "7", "strength goes from 0 to 1, not 7", "did you mean 0.7?"),
        ("a -f 100", "100", "strength goes from 0 to 1, not 100", "did you mean 1?"),
        ("a -f -0.4", "-0.4", "strength goes from 0 to 1, not -0.4", "did you mean 0.4?"),
        ("a -f 1.5", "1.5", "strength goes from 0 to 1, not 1.5", "left out, it is 0.75"),
        ("a -f 0,7", "0,7", "strength is a number, not 0,7",
         "did you mean 0.7? Decimals are written with a point"),
        ("a -f 70%", "70%", "strength is a number, not 70%", "did you mean 0.7?"),
        ("a -f nan", "nan", "strength is a number, not nan", "left out, it is 0.75"),
        ("a -C inf", "inf", "cfg_scale is a number, not inf", "left out, it is 7.5"),
        ("a -C 1e999", "1e999", "cfg_scale is a number of ordinary size, not 1e999", "left out, it is 7.5"),
        ("a -C 101", "101", "cfg_scale goes from 0 to 100, not 101", "left out, it is 7.5"),
        ("a -s 0", "0", "steps goes from 1 to 10000, not 0", "left out, it is 50"),
        ("a -s 10.0", "10.0", "steps is a whole number, not 10.0", "did you mean 10?"),
        ("a -s ten", "ten", "steps is a whole number, not ten", "left out, it is 50"),
        ("a --h_sym 2", "2", "h_symmetry_time_pct goes from 0 to 1, not 2", "did you mean 0.2?"),
        ("a -n 0", "0", "iterations goes from 1 to 10000, not 0", "left out, it is 1"),
        ("a -W 0", "0", "width goes from 8 to 8192, not 0", ""),
        ("a -S 4294967296", "4294967296", "seed goes from 0 to 4294967295, not 4294967296",
         "negative seeds count back: -1 is the last picture's"),
        ("a -V 1,2", "1,2", "with_variations is a list of seed:weight pairs",
         "write -V 12:0.3 for 30 % of seed 12"),
        ("a -V 12:3", "12:3", "with_variations has a weight that goes from 0 to 1, not 3",
         "did you mean 0.3?"),
        ("a -A k_eulr", "k_eulr", "there is no sampler k_eulr", "did you mean k_euler?"),
        ("a -Aklms", "klms", "there is no sampler klms", "did you mean k_lms?"),
        ("a -c up 64", "up 64", "outcrop takes top, bottom, left or right, not up", ""),
        ("a -ft gfgan", "gfgan", "facetool is gfpgan or codeformer, not gfgan", "did you mean gfpgan?"),
        ("a -U 0", "0", "upscale goes from 1 to 16, not 0", ""),
        ("a -tm '' b", "''", "text_mask needs the name of a thing, not an empty text", ""),
        ("a -I '' b", "''", "init_img needs a name, not an empty text", ""),
        ("a -f", "-f", "-f needs a value", "as in -f 0.75"),
        ("a -I -g", "-I", "-I needs a value", "as in -I sketch.png"),
        ("a --fit=on", "--fit=on", "--fit takes no value", "--fit turns it on, --no-fit off"),
        ("a --s 3", "--s", "--s may mean several switches",
         "did you mean --steps or --steps_run or --seed or --sampler?"),
        ("a --strenght 3", "--strenght", "there is no switch --strenght",
         'did you mean --strength? In quotes it is text: "--strenght"'),
        ("a -F 3", "-F", "there is no switch -F", 'did you mean --fit? In quotes it is text: "-F"'),
        ("a -w 512", "-w", "there is no switch -w", 'did you mean -W (width)? In quotes it is text: "-w"'),
        ("an -Island", "-Island", "there is no switch -Island", 'in quotes it is text: "-Island"'),
        ('a -o "b', '"b', 'the quote " is never closed',
         "a backslash in front of a closing quote is written twice"),
    ],
)  # fmt: skip
def test_one_sentence_a_hint_and_a_caret(line: str, under: str, message: str, hint: str) -> None:
    with pytest.raises(LineError) as caught:
        parse(line, WORLD)
    span = caught.value.span
    assert span is not None
    assert (line[span.start : span.end], caught.value.message, caught.value.hint) == (under, message, hint)


def test_the_first_mistake_of_a_line_is_told() -> None:
    with pytest.raises(LineError, match="steps"):
        parse("a -s 0 --nonsense -f 75")


def test_samplers_are_checked_only_against_known_ones() -> None:
    assert parse("a -A K_EULER", WORLD).sampler == "k_euler"
    assert parse("a -A anything").sampler == "anything"
    assert parse("a -A anything", World()).sampler == "anything"


@pytest.mark.parametrize(
    ("line", "switch"),
    [("a -V 1:0.5", "with_variations"), ("a -S 1 -V 1:0.5 -n 2", "iterations"), ("a -M m.png", "init_mask"),
     ("a -S 1 -V 1:0.5 -n 2 -v 0", "iterations")],
)  # fmt: skip
def test_rules_between_switches(line: str, switch: str) -> None:
    reading = read(line)
    with pytest.raises(LineError) as caught:
        check(reading.request)
    assert caught.value.switch == switch
    assert reading.locate(caught.value) == reading.spans[switch]


@pytest.mark.parametrize(
    "line", ["a", "a -S 1 -V 1:0.5", "a -S 1 -V 1:0.5 -n 2 -v 0.1", "-I a.png -M m.png", "-n 3"]
)
def test_lines_that_keep_the_rules(line: str) -> None:
    check(parse(line))


def test_errors_find_their_place_in_the_line() -> None:
    reading = read("  tree [dead -I a.png")
    assert reading.locate(PictureError("missing", switch="init_img")) == Span(13, 21)
    assert reading.locate(LineError("x", span=Span(2, 3))) == Span(2, 3)
    assert reading.locate(InvokeError("x")) is None
    with pytest.raises(PromptError) as caught:
        split(reading.request.prompt)
    assert reading.locate(caught.value) == Span(7, 8)
    cut = read("tree -g [dead")
    with pytest.raises(PromptError) as caught:
        split(cut.request.prompt)
    assert cut.locate(caught.value) == Span(8, 9)


@pytest.mark.parametrize(
    ("pairs", "message", "hint"),
    [
        ({"stepz": 3}, "my.yaml: there is no switch stepz", "did you mean steps?"),
        ({"steps": 0}, "my.yaml: steps goes from 1 to 10000, not 0", ""),
        ({"steps": 30.5}, "my.yaml: steps is a whole number, not 30.5", ""),
        ({"steps": True}, "my.yaml: steps is a whole number, not true", ""),
        ({"fit": "perhaps"}, "my.yaml: fit is true or false, not perhaps", ""),
        ({"strength": float("nan")}, "my.yaml: strength is a number, not nan", ""),
        ({"sampler": {"a": 1}}, "my.yaml: sampler cannot be a dict", ""),
        ({"upscale": []}, "my.yaml: upscale needs a value, not nothing", ""),
        ({"no_fit": True}, "my.yaml: there is no switch no_fit", "did you mean fit?"),
    ],
)
def test_settings_name_their_source_and_key(pairs: dict[str, object], message: str, hint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        from_pairs(pairs, "my.yaml")
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_settings_take_yaml_and_environment_spellings() -> None:
    request = from_pairs(
        {"steps": "30", "fit": "yes", "grid": False, "init-img": -1, "seamless_axes": "x,y", "strength": None,
         "text_mask": "'a mug' 0.6", "with_variations": [[1, 0.5], [2, 0.25]]},
        "test",
    )  # fmt: skip
    assert (request.steps, request.fit, request.grid, request.init_img) == (30, True, False, "-1")
    assert (request.seamless_axes, request.strength) == (("x", "y"), None)
    assert (request.text_mask, request.with_variations) == (("a mug", 0.6), ((1, 0.5), (2, 0.25)))
