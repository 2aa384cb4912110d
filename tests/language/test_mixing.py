"""Blends, conjunctions and swaps."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoke_cli.errors import PromptError
from invoke_cli.language.grammar import parse, write
from invoke_cli.language.prompts import split
from invoke_cli.language.request import Request
from invoke_cli.wording import Edited, Mixture, Swap


def texts(prompt: str, **options: Any) -> list[list[tuple[str, float]]]:
    """The rows of a mixture, each as plain texts with their shares."""
    words = split(prompt, **options).positive
    assert isinstance(words, Mixture)
    return [
        [(" ".join(text for text, _ in fragments), share) for fragments, share in mix] for mix in words.rows
    ]


@pytest.mark.parametrize(
    ("prompt", "mix"),
    [
        ('("a river", "a fire").blend(0.7, 0.3)', [("a river", 0.7), ("a fire", 0.3)]),
        ('("a river", "a fire").blend(7, 3)', [("a river", 0.7), ("a fire", 0.3)]),
        ("(a river, a fire).blend()", [("a river", 0.5), ("a fire", 0.5)]),
        ('("a","b").blend(1, -0.5, no_normalize)', [("a", 1.0), ("b", -0.5)]),
        ('("a","b").blend(1, -0.5)', [("a", 2.0), ("b", -1.0)]),
        ('("say \\"hi\\", you", "").blend(1,3)', [('say "hi", you', 0.25), ("", 0.75)]),
        ('a ("river", "fire").blend(1,1) here', [("a river here", 0.5), ("a fire here", 0.5)]),
        ("a river:0.7 a fire:0.3", [("a river", 0.7), ("a fire", 0.3)]),
        ("a river:2 a fire:1 at night", [("a river", 0.5), ("a fire", 0.25), ("at night", 0.25)]),
        ("a river:.5, a fire::1.5", [("a river", 0.25), (", a fire", 0.75)]),
        ("a river :0.25 cars of 1950:0.75", [("a river", 0.25), ("cars of 1950", 0.75)]),
        ("a river:1 a fire:-0.5", [("a river", 2.0), ("a fire", -1.0)]),
        ("at 12:30, a river:0.5 a fire:x:0.5", [("at 12:30, a river", 0.5), ("a fire:x", 0.5)]),
    ],
)  # fmt: skip
def test_a_blend_has_texts_with_shares(prompt: str, mix: list[tuple[str, float]]) -> None:
    (found,) = texts(prompt)
    assert [text for text, _ in found] == [text for text, _ in mix]
    assert [share for _, share in found] == pytest.approx([share for _, share in mix])


def test_x_leaves_the_weights_of_an_old_blend_alone() -> None:
    assert texts("a:0.7 b:0.7 c", normalize=False) == [[("a", 0.7), ("b", 0.7), ("c", 1.0)]]
    assert texts('("a", "b").blend(2, 2)', normalize=False) == [[("a", 0.5), ("b", 0.5)]]


def test_weights_that_cancel_out_are_equal_as_they_were_and_said_so() -> None:
    found = split("a:1 b:-1")
    assert found.positive == Mixture((((((("a", 1.0),)), 0.5), (((("b", 1.0),)), 0.5)),))
    assert found.notices[0].startswith("the weights of this blend add up to 0")


def test_one_old_weight_alone_is_dropped_and_said_so() -> None:
    found = split("a cat:0.4")
    assert found.positive == (("a cat", 1.0),)
    assert found.notices == ("the weight of a prompt alone makes no difference",)


def test_the_parts_of_a_blend_have_weighted_words() -> None:
    words = split('("a (red)1.5 barn", "b").blend(1,1)').positive
    assert isinstance(words, Mixture)
    assert words.rows[0][0][0] == (("a", 1.0), ("red", 1.5), ("barn", 1.0))


def test_negative_words_may_be_blended() -> None:
    assert isinstance(split('a cat [("a", "b").blend(1,1)]').negative, Mixture)
    assert isinstance(split("a cat [red:0.5 blue:0.5]").negative, Mixture)
    found = split('("a [x]", "b").blend(1,1)')
    assert found.negative == (("x", 1.0),)


def test_prompts_stand_beside_one_another() -> None:
    assert texts('("a river", "a fire, (big)1.2").and()') == [[("a river", 1.0)], [("a fire, big", 1.0)]]
    assert texts('("a", ("b", "c").blend(1,3)).and()') == [[("a", 1.0)], [("b", 0.25), ("c", 0.75)]]
    assert texts('("a", "b:1 c:3").and()') == [[("a", 1.0)], [("b", 0.25), ("c", 0.75)]]


def test_a_weight_of_a_conjunction_fades_towards_nothing() -> None:
    assert texts('("a", "b").and(1, 0.25)') == [[("a", 1.0)], [("b", 0.25), ("", 0.75)]]


def test_a_swap_tells_old_words_and_new_ones() -> None:
    words = split("a cat.swap(dog) on a hill").positive
    assert isinstance(words, Edited)
    (swap,) = words.swaps
    assert words.text() == (("a", 1.0), ("cat", 1.0), ("on a hill", 1.0))
    assert words.text([swap]) == (("a", 1.0), ("dog", 1.0), ("on a hill", 1.0))


@pytest.mark.parametrize(
    ("call", "before", "after"),
    [
        ("cat.swap(dog)", "cat", "dog"),
        ("(fluffy cat).swap(smiling dog)", "fluffy cat", "smiling dog"),
        ('"fluffy cat".swap("dog, asleep")', "fluffy cat", "dog, asleep"),
        ('("fluffy cat").swap( "a (big)1.0 dog" )', "fluffy cat", "a big dog"),
        ("cat.swap()", "cat", ""),
        ('cat.swap("")', "cat", ""),
    ],
)
def test_swapped_words_are_a_word_or_in_brackets_or_quotes(call: str, before: str, after: str) -> None:
    words = split(f"a {call}").positive
    assert isinstance(words, Edited)
    told = [" ".join(text for text, _ in side) for side in (words.swaps[0].before, words.swaps[0].after)]
    assert told == [before, after]


@pytest.mark.parametrize(
    ("options", "edit", "hold"),
    [
        ("", (0.2, 1.0), (0.0, 0.0)),
        (", t_start=0, t_end=.9", (0.0, 0.9), (0.0, 0.0)),
        (", s_start = 0.1, s_end=0.5", (0.2, 1.0), (0.1, 0.5)),
        (", s_start=0.3", (0.2, 1.0), (0.3, 1.0)),
        (", shape_freedom=0.5", (0.2, 1.0), (0.0, 0.2062994740159002)),
        (", shape_freedom=0.5, s_end=0.4", (0.2, 1.0), (0.0, 0.4)),
    ],
)
def test_options_of_a_swap(options: str, edit: tuple[float, float], hold: tuple[float, float]) -> None:
    words = split(f"a cat.swap(dog{options})").positive
    assert isinstance(words, Edited)
    assert words.swaps == (Swap((("cat", 1.0),), (("dog", 1.0),), edit, pytest.approx(hold)),)


def test_weights_around_a_swap_and_in_it_multiply() -> None:
    words = split("(a cat++.swap((dog)2) sits)1.5 here").positive
    assert isinstance(words, Edited)
    assert words.pieces == (
        (("a", 1.5),),
        Swap((("cat", pytest.approx(1.815)),), (("dog", 3.0),)),
        (("sits", 1.5), ("here", 1.0)),
    )


MISTAKES = [
    ('("a", "b").blend(1)', "1", ".blend() has 2 prompts and 1 number"),
    ('("a", "b").blend(1, 2, 3)', "1, 2, 3", ".blend() has 2 prompts and 3 numbers"),
    ('("a", "b").blend(1, x)', "x", "a blend takes one number"),
    ('("a", "b").blend(1, 1, no_normalise)', "no_normalise", "a blend takes one number"),
    ('("a", "b").blend(x, 1)', "x", ".blend() takes numbers"),
    ('("a", "b").blend(1, -1)', "1, -1", "these numbers add up to 0"),
    ('("a", "b").blend(1, -0.99)', "1", "shares go from -10 to 10"),
    ('("a", "b").blend(11, 1, no_normalize)', "11", "shares go from -10 to 10"),
    ('("a", "b").blend(1, 1', "(", "this ( is never closed"),
    ('("a", ,"b").blend(1, 1)', ",", "a prompt is missing"),
    ('("a", "b",).blend(1, 1)', ")", "a prompt is missing"),
    ("().blend()", "()", "there are no prompts for .blend()"),
    (f"({'a,' * 50}b).blend()", "b", ".blend() takes 50 prompts at most"),
    ("fire.blend(1)", ".blend(", ".blend() stands behind prompts in parentheses"),
    ('(x ("a", "b").blend(1, 1))1.2', ".blend(", "a blend cannot stand in parentheses"),
    ('("a", "b").blend(1,1) ("c", "d").blend(1,1)', ".blend(", "a prompt holds one blend"),
    ('(("a","b").blend(1,1), "c").blend(1,1)', ".blend(", ".blend() cannot stand inside a blend"),
    ('("a", "b").blend(1,1):0.5 c:0.5', ":0.5", "two kinds of blends exclude each other"),
    ('("a:0.5 b:0.5", "c").blend(1,1)', ":0.5", "two kinds of blends exclude each other"),
    (":0.5 a:0.5", ":0.5", "there are no words in front of this weight"),
    ("a:99 b:1.5 c:-99", ":99", "shares go from -10 to 10"),
    ('("a", "b").and(), x', ", x", ".and() is the whole prompt"),
    ('x ("a", "b").and()', "x", ".and() is the whole prompt"),
    ('("a", "b").and(1, no_normalize)', "no_normalize", ".and() takes numbers"),
    ('("a", "b").and(1, 11)', "11", "shares go from -10 to 10"),
    ("well.and(then)", ".and(", ".and() stands behind prompts"),
    ('("a", ("b", "c").and()).and()', ".and(", ".and() cannot stand inside"),
    ("a cat.swap(dog", "(", "this ( is never closed"),
    ("a cat.swap(dog, asleep)", "asleep", "a swap has new words and then options"),
    ("a cat.swap(dog, t_strt=0.5)", "t_strt", "a swap has no option 't_strt'"),
    ("a cat.swap(dog, t_start=2)", "2", "t_start is a number from 0 to 1"),
    ("a cat.swap(dog, t_start=)", "", "t_start is a number from 0 to 1"),
    ("a cat.swap(dog, t_start=.5, t_start=.6)", "t_start=.6", "an option of a swap is given twice"),
    ("a cat.swap(dog, t_start=.5, t_end=.4)", "t_start=.5, t_end=.4", "t_start lies behind t_end"),
    ("a cat.swap(dog.swap(cow))", ".swap(", "calls cannot stand inside a swap"),
    ("().swap(dog)", ".swap(", "there are no words in front of this swap"),
    ('("a cat.swap(dog)", "b").blend(1,1)', ".swap(", ".swap() cannot stand inside a blend"),
    ("a cat.swap(dog):0.5 b:0.5", ":0.5", "a blend and a swap exclude each other"),
    ("a cat.swap(dog).swap(cow)", ".swap(", ".swap() cannot stand right behind .swap()"),
    ('("a", "b").blend(1,1).swap(dog)', ".swap(", ".swap() cannot stand right behind .blend()"),
]  # fmt: skip


@pytest.mark.parametrize(("prompt", "under", "message"), MISTAKES)
def test_mistakes_have_a_place(prompt: str, under: str, message: str) -> None:
    with pytest.raises(PromptError) as caught:
        split(prompt)
    span = caught.value.span
    assert span is not None
    assert prompt[span.start : span.end] == under
    assert caught.value.message.startswith(message)


_PARTS = st.sampled_from(
    [
        '("a", "b")', ".blend(1, 2)", ".and()", "a cat.swap(dog)", "a:0.5 ", "b:0.3", "(a b)1.2", "c++",
        "[d]", "{e|f}",
        '"', "\\", " ", " -", "__g__", "(", ")", "-s5",
    ]
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(_PARTS, max_size=10).map("".join))
def test_every_prompt_is_written_so_that_it_reads_back(prompt: str) -> None:
    request = Request(prompt=prompt, seed=3)
    assert parse(write(request)) == request
    assert parse(write(request, full=True)) == request


@pytest.mark.edge(5)
@pytest.mark.parametrize(
    ("line", "prompt"),
    [
        ('"Mona Lisa" in the style of X', "Mona Lisa in the style of X"),
        ('"a".swap("b") in the style of X -s10', '"a".swap("b") in the style of X'),
        ('("a -s10", "b").blend(1, 1) -S 3', '("a -s10", "b").blend(1, 1)'),
    ],
)
def test_quotes_may_begin_a_line(line: str, prompt: str) -> None:
    request = parse(line)
    assert request.prompt == prompt
    assert parse(write(request)) == request
    split(request.prompt)
