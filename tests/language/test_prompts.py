"""Prompt syntax: weights, negative words, and what stays plain text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoke_cli.errors import PromptError
from invoke_cli.language.prompts import Prompt, split
from invoke_cli.wording import parts

_PARTS = st.sampled_from(
    [
        "[",
        "]",
        "(",
        ")",
        ")1.3",
        ")+",
        "word",
        "+",
        "--",
        "\\",
        " ",
        ":0.5",
        '"',
        ".attend(2)",
        ",",
        '("a", "b").blend(1, 2)',
        ".blend(",
        ".and(1, 2)",
        ".swap(x",
        ", t_start=.5",
        "no_normalize",
        ".",
    ]
)


@pytest.mark.parametrize(
    ("prompt", "positive", "negative"),
    [
        ("", [], []),
        ("a red barn", [("a red barn", 1.0)], []),
        ("a (red)1.3 barn [blurry]", [("a", 1.0), ("red", 1.3), ("barn", 1.0)], [("blurry", 1.0)]),
        ("a red+ barn", [("a", 1.0), ("red", 1.1), ("barn", 1.0)], []),
        ("red++, blue--", [("red", 1.21), (",", 1.0), ("blue", 0.81)], []),
        ("(big dog)+ (old cat)-", [("big dog", 1.1), ("old cat", 0.9)], []),
        ("(a (very (red)2)1.5 barn)0.5", [("a", 0.5), ("very", 0.75), ("red", 1.5), ("barn", 0.5)], []),
        ("(a red+ barn)2", [("a", 2.0), ("red", 2.2), ("barn", 2.0)], []),
        ("(red).attend(1.2) word.attend(.5)", [("red", 1.2), ("word", 0.5)], []),
        ("[ugly] a [bad (hands)1.4] b", [("a b", 1.0)], [("ugly bad", 1.0), ("hands", 1.4)]),
        ("(a [b] c)1.2", [("a c", 1.2)], [("b", 1.0)]),
        ("it's (the king)1.2's crown", [("it's", 1.0), ("the king", 1.2), ("'s crown", 1.0)], []),
        ("(a)1. b", [("a. b", 1.0)], []),
        ("a ( )1.3 b", [("a b", 1.0)], []),
        ("(gone)0 kept", [("gone", 0.0), ("kept", 1.0)], []),
        ("猫++ 犬", [("猫", 1.21), ("犬", 1.0)], []),
        ("(red:1.3) barn (old : 0.5 )", [("red", 1.3), ("barn", 1.0), ("old", 0.5)], []),
        ('"big dog"++ (cat).attend(--)', [("big dog", 1.21), ("cat", 0.81)], []),
    ],
)
def test_weights_and_negative_words(
    prompt: str, positive: list[tuple[str, float]], negative: list[tuple[str, float]]
) -> None:
    found = split(prompt)
    assert [text for text, _ in found.positive] == [text for text, _ in positive]
    assert [weight for _, weight in found.positive] == pytest.approx([weight for _, weight in positive])
    assert found.negative == tuple(negative)


@pytest.mark.parametrize(
    "prompt",
    [
        "well-lit room - moody, it's 50% off", "a cat (sitting)", "(a cat) 1.3", "C++ and A+ and B-",
        "100+ people",
        ":-) :( a) b)", "((((((masterpiece", "at 12:30, ratio 16:9", "Psalm:3", "(at 12:30)",
        'a 12" disc "or" two', "a + b", "a -- b",
        "{a|b} <cat toy>",
        "1.3 (2) 3", "copyright (C) 2023", "a.b+c", "swap (the) seats", "blend (of) tea",
    ],
)  # fmt: skip
def test_what_looks_like_syntax_but_is_text(prompt: str) -> None:
    assert split(prompt) == Prompt(((prompt, 1.0),))


@pytest.mark.parametrize(
    ("prompt", "text"),
    [(r"\(a\)1.3", "(a)1.3"), (r"\[a\]", "[a]"), (r"\"a\"", '"a"'), (r"red\+", "red+"), (r"a\:0.5 b\:0.5",
    "a:0.5 b:0.5"),
     (r"C:\pics \ x", r"C:\pics \ x")],
)  # fmt: skip
def test_a_backslash_makes_signs_plain(prompt: str, text: str) -> None:
    assert split(prompt) == Prompt(((text, 1.0),))


@pytest.mark.parametrize(
    ("prompt", "under", "message"),
    [
        ("a cat [blurry", "[", "this [ is never closed"),
        ("a cat] b", "]", "this ] has no [ before it"),
        ("[a [b] c]", "[", "negative words cannot be nested"),
        ("(red)13", ")13", "weights go up to 10"),
        ("((red)5)5", ")5", "weights go up to 10"),
        (f"red{'+' * 40}", f"red{'+' * 40}", "weights go up to 10"),
        ("a cat.attend(x)", ".attend(", ".attend() takes a number or signs"),
        ("[a cat.swap(b)]", ".swap(", "words to keep out cannot be swapped"),
    ],
)
def test_mistakes_have_a_place(prompt: str, under: str, message: str) -> None:
    with pytest.raises(PromptError) as caught:
        split(prompt)
    span = caught.value.span
    assert span is not None
    assert prompt[span.start : span.end] == under
    assert caught.value.message.startswith(message)


def test_the_place_of_a_nested_bracket_is_the_inner_one() -> None:
    with pytest.raises(PromptError) as caught:
        split("[a [b]")
    assert caught.value.span is not None
    assert caught.value.span.start == 3


def attempt(prompt: str) -> Prompt | None:
    try:
        return split(prompt)
    except PromptError:
        return None


@settings(max_examples=150, deadline=None)
@given(st.lists(_PARTS | st.text(max_size=4), max_size=14).map("".join))
def test_every_prompt_is_split_or_refused(prompt: str) -> None:
    found = attempt(prompt)
    for words in (found.positive, found.negative) if found else ():
        for part in parts(words, ""):
            for text, weight in part.text:
                assert text == " ".join(text.split())
                assert text
                assert 0 <= weight <= 10


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet="abc ,.é猫0123456789"))
def test_a_prompt_without_signs_is_one_fragment(prompt: str) -> None:
    text = " ".join(prompt.split())
    assert split(prompt) == Prompt(((text, 1.0),) if text else ())


@pytest.mark.parametrize(
    "unit",
    [
        "(", "[", "a+", "-", "a-", "\\", ")1.", ".attend(", "(a", ":0.", '"', '("', ' "', "a:0.5 ", ".swap(",
        "a.swap(b)",
        '("a").blend(', "(a).and(1)", "(a:1.1)", "(a:", ",", "((a)0.5", "{a|", "\\{", "__a", "__a__",
        ".blend(1,", "a,", '("b",',
    ],
)  # fmt: skip
def test_long_hostile_prompts_end(unit: str) -> None:
    # Exponential nesting would never end; quadratic work would take minutes.
    attempt(unit * 4000 + "masterpiece")
