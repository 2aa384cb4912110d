"""What a prompt names besides words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoke_cli.errors import PromptError
from invoke_cli.language.grammar import parse, write
from invoke_cli.language.prompts import Prompt, split


def named(prompt: str) -> list[tuple[str, float]]:
    return [(lora.name, lora.weight) for lora in split(prompt).loras]


@pytest.mark.parametrize(
    ("prompt", "loras"),
    [
        ("a cat withLora(grain)", [("grain", 1.0)]),
        ("a cat withLora(grain,0.8)", [("grain", 0.8)]),
        ("a useLora( grain , -.5 ) cat", [("grain", -0.5)]),
        ("<lora:grain:0.8>a cat", [("grain", 0.8)]),
        ("a cat <lora:film.v2-grain>", [("film.v2-grain", 1.0)]),
        ("withLora(b,2)<lora:a:.25> a cat useLora(b)", [("b", 2.0), ("a", 0.25), ("b", 1.0)]),
        ("a cat [blurry withLora(grain,0)]", [("grain", 0.0)]),
        (r"a cat \<lora:grain:1\>", []),
        ("a cat <style:0.5> with lora(3)", []),
    ],
)
def test_loras_are_found_anywhere(prompt: str, loras: list[tuple[str, float]]) -> None:
    assert named(prompt) == loras


def test_a_lora_leaves_nothing_in_the_text() -> None:
    plain = split("a (red)1.3 cat [dull]")
    found = split("withLora(x,0.3) a (red)1.3 <lora:y:2>cat [dull useLora(z)]")
    assert (found.positive, found.negative) == (plain.positive, plain.negative)


def test_triggers_stay_in_the_text_with_their_weights() -> None:
    found = split("a <my-toy>++ on a table [<bad_hands>]")
    assert found.positive == (("a", 1.0), ("<my-toy>", 1.21), ("on a table", 1.0))
    assert found.negative == (("<bad_hands>", 1.0),)
    assert [trigger.name for trigger in found.triggers] == ["my-toy", "bad_hands"]


@pytest.mark.parametrize("prompt", ["a < b", "3 > 2 and 1 < 2", r"\<toy\>", "<two words>", "<>", "<a:b>"])
def test_other_angle_brackets_are_text(prompt: str) -> None:
    assert split(prompt) == Prompt(((prompt.replace("\\", ""), 1.0),))


@pytest.mark.parametrize(
    ("prompt", "under", "message"),
    [
        ("a withLora(grain", "withLora(grain", "never closed"),
        ("a <lora:grain:1", "<lora:grain:1", "never closed"),
        ("a withLora() b", "withLora()", "a name and one weight"),
        ("a <lora:g:1:2> b", "<lora:g:1:2>", "a name and one weight"),
        ("a withLora(two words)", "withLora(two words)", "a name and one weight"),
        ("a withLora(g,strong)", "withLora(g,strong)", "is a number"),
        ("a withLora(g,11)", "withLora(g,11)", "from -10 to 10"),
        ("a <lora:g:nan>", "<lora:g:nan>", "is a number"),
    ],
)
def test_mistakes_have_a_place(prompt: str, under: str, message: str) -> None:
    with pytest.raises(PromptError, match=message) as caught:
        split(prompt)
    span = caught.value.span
    assert span is not None
    assert prompt[span.start : span.end] == under


def test_spans_lie_in_the_prompt_as_typed() -> None:
    prompt = "a <toy> [no <mug>] withLora(grain,0.8)"
    found = split(prompt)
    places = [prompt[item.span.start : item.span.end] for item in (*found.triggers, *found.loras)]
    assert places == ["<toy>", "<mug>", "withLora(grain,0.8)"]


NAMES = st.text(alphabet="abcXYZ019_.-", min_size=1, max_size=8)
WEIGHTS = st.decimals(-9, 9, places=2).map(str)


@given(NAMES, WEIGHTS, st.sampled_from(["withLora({},{})", "<lora:{}:{}>"]))
def test_lines_that_name_loras_round_trip(name: str, weight: str, form: str) -> None:
    request = parse(f"a cat -s 10 {form.format(name, weight)}")
    assert parse(write(request)) == request
    assert named(request.prompt) == [(name, float(weight))]
