"""Wildcards: drawn by the seed, expanded before all else, and gone from what is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoke_cli.errors import InvokeError, PromptError, Span
from invoke_cli.language.wildcards import Expansion, expand, fitting, has_wildcards

FILES = {
    "animal": ["cat", "dog"],
    "animals/birds": ["heron"],
    "painted": ["a {red|blue} __animal__"],
    "odd": ["{x", "a|b", "y}"],
    "circle": ["__wheel__"],
    "open": ["{x"],
    "wheel": ["a __circle__"],
    "broken": ["{a|b"],
    "v1.5": ["3::often", "0::never"],
}


GOLDEN = ["blue elm cat", "red elm cat", "red oak cat", "red oak dog", "green oak cat", "green oak dog"]


def lines(name: str) -> Sequence[str]:
    if name not in FILES:
        raise InvokeError(f"there is no wildcard {name!r}", "did you mean animal?")
    return FILES[name]


def texts(prompt: str, count: int = 40) -> Counter[str]:
    return Counter(expand(prompt, seed, lines).text for seed in range(count))


@pytest.mark.parametrize(
    ("prompt", "becomes"),
    [
        ("a {red|blue} house", {"a red house", "a blue house"}),
        ("a {big|{red|blue} old} house", {"a big house", "a red old house", "a blue old house"}),
        ("a {|very} old house", {"a old house", "a very old house"}),
        ("{ red | blue } house", {"red house", "blue house"}),
        ("house {red|}", {"house red", "house "}),
        ("a __animal__, __animals/birds__", {"a cat, heron", "a dog, heron"}),
        ("__painted__", {"a red cat", "a red dog", "a blue cat", "a blue dog"}),
        ("{__animal__|a tree}", {"cat", "dog", "a tree"}),
        ("__v1.5__", {"often"}),
        ("{0::never|1::always}", {"always"}),
        (r"\{red|blue\} \__animal__", {r"\{red|blue\} \__animal__"}),
        (r"{a\|b|c}", {r"a\|b", "c"}),
        ("{masterpiece} snake__case__x a | b } {", {"{masterpiece} snake__case__x a | b } {"}),
        ("{ a {x|x} b", {"{ a x b"}),
        ("(a {red|red})1.3 [{dull|dull}]", {"(a red)1.3 [dull]"}),
    ],
)
def test_what_a_prompt_may_become(prompt: str, becomes: set[str]) -> None:
    assert set(texts(prompt)) == becomes


def test_a_seed_decides_and_decides_alike() -> None:
    """These are stored nowhere else: lines with wildcards in people's files must keep their pictures."""
    drawn = [expand("{red|blue|green} {oak|elm} __animal__", seed, lines).text for seed in range(6)]
    assert drawn == [expand("{red|blue|green} {oak|elm} __animal__", seed, lines).text for seed in range(6)]
    assert drawn == GOLDEN


def test_choices_are_drawn_evenly_and_apart() -> None:
    found = texts("{a|b} {a|b}", 2000)
    assert all(400 < count < 600 for count in found.values())


def test_weights_are_kept_to() -> None:
    found = texts("{3::often|seldom}", 2000)
    assert 1400 < found["often"] < 1600


def test_another_choice_in_front_leaves_those_behind_alone() -> None:
    for seed in range(20):
        plain = expand("{a|b} {red|blue}", seed, lines).text
        nested = expand("{a|b} {red|blue} {x|y}", seed, lines).text
        assert nested.startswith(plain)


@pytest.mark.parametrize(
    ("prompt", "under", "message"),
    [
        ("a {red|blue house", "{", "this { is never closed"),
        ("a {red|{blue} house", "{", "this { is never closed"),
        ("a __anmal__ here", "__anmal__", "there is no wildcard 'anmal'"),
        ("a __../secret__ here", "__../secret__", "a wildcard is named with letters"),
        ("a __/etc/passwd__ here", "__/etc/passwd__", "a wildcard is named with letters"),
        ("a __a..b__ here", "__a..b__", "a wildcard is named with letters"),
        ("a __circle__ here", "__circle__", "these wildcards go in a circle: circle -> wheel -> circle"),
        ("a __broken__ here", "__broken__", "broken: this { is never closed"),
        ("{0::a|0::b}", "{0::a|0::b}", "all alternatives weigh 0"),
        ("{" * 50 + "a|b", "{", "braces nest too deeply"),
    ],
)
def test_mistakes_have_a_place(prompt: str, under: str, message: str) -> None:
    with pytest.raises(PromptError) as caught:
        expand(prompt, 1, lines)
    span = caught.value.span
    assert span is not None
    assert prompt[span.start : span.end] == under
    assert caught.value.message.startswith(message)


def test_a_place_leads_back_to_what_was_typed() -> None:
    prompt = "a {red|red} __animals/birds__ (x"
    found = expand(prompt, 1, lines)
    assert found.text == "a red heron (x"
    at = found.text.index("(")
    assert found.place(Span(at, at + 1)) == Span(prompt.index("("), prompt.index("(") + 1)
    at = found.text.index("heron")
    place = found.place(Span(at + 1, at + 3))
    assert prompt[place.start : place.end] == "__animals/birds__"
    assert Expansion("as it was").place(Span(2, 3)) == Span(2, 3)


def test_text_that_meets_by_chance_is_no_choice() -> None:
    found = expand("__open__|y}", 1, lines).text
    assert found == r"\{x|y\}"
    assert expand(found, 2, lines).text == found


def test_names_complete() -> None:
    names = ["animal", "animals/birds", "tree"]
    assert fitting("__ani", names) == ["__animal__", "__animals/birds__"]
    assert fitting("(__T", names) == ["(__tree__"]
    assert fitting("snake__", names) == []
    assert fitting("__animal__", names) == []


_PARTS = st.sampled_from(
    ["{", "}", "|", "a", " ", "\\", "__", "__animal__", "__odd__", "__painted__", "2::", "0::", "_", "b c"]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_PARTS, max_size=14).map("".join), st.integers(0, 99))
def test_what_is_expanded_stays_as_it_is(prompt: str, seed: int) -> None:
    try:
        found = expand(prompt, seed, lines)
    except PromptError:
        return
    assert not has_wildcards(found.text)
    assert expand(found.text, seed + 1, lines).text == found.text
    for at in range(len(found.text)):
        place = found.place(Span(at, at + 1))
        assert 0 <= place.start < place.end <= len(prompt)


@pytest.mark.parametrize("unit", ["{", "{a|", "}", "|", "__", "-__a", "__animal__ ", "{a|b}", "\\{", "{a}"])
def test_long_hostile_prompts_end(unit: str) -> None:
    try:
        expand(unit * 4000, 1, lines)
    except PromptError:
        return
