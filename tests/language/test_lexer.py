"""Tokens and their places: never an exception, nothing lost, nothing twice."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoke_cli.language.lexer import Kind, Problem, lex
from invoke_cli.language.values import split_words
from tests.language.strategies import LINES

# What logs and transcripts have in front of a line.
PREFIX = re.compile(
    r"\s*(\(.*\)\s*)?((invoke|dream)>\s*)?(.*\.(png|jpe?g|webp|avif):\s+)?(!dream\s*)?", re.DOTALL
)


def kinds(line: str) -> list[tuple[str, str]]:
    return [(token.kind.value, token.text) for token in lex(line)]


@settings(max_examples=200, deadline=None)
@given(LINES | st.text(max_size=40))
def test_tokens_stand_in_order_and_only_blanks_lie_between(line: str) -> None:
    at = 0
    for token in lex(line):
        assert at <= token.start < token.end <= len(line)
        gap = line[at : token.start]
        assert not gap.strip() or (at == 0 and PREFIX.fullmatch(gap))
        at = token.end
    assert not line[at:].strip() or PREFIX.fullmatch(line)


@settings(max_examples=100, deadline=None)
@given(LINES)
def test_values_follow_their_switch_and_only_mistakes_have_a_problem(line: str) -> None:
    before = None
    for token in lex(line):
        if token.kind is Kind.VALUE:
            assert before is not None
            assert before.switch is token.switch
        assert (token.problem is None) == (token.kind is not Kind.MISTAKE)
        before = token


@pytest.mark.parametrize(
    ("line", "tokens"),
    [
        ("a cat -g", [("text", "a"), ("text", "cat"), ("switch", "-g")]),
        ("-gs20 a", [("switch", "-g"), ("switch", "s"), ("value", "20"), ("text", "a")]),
        ("-xt", [("switch", "-x"), ("switch", "t")]),
        ("-fit", [("switch", "-fit")]),
        ("-f0.7", [("switch", "-f"), ("value", "0.7")]),
        ("-f .7", [("switch", "-f"), ("value", ".7")]),
        ("--strength=0.8", [("switch", "--strength"), ("value", "0.8")]),
        ("-f=0.8", [("switch", "-f"), ("value", "0.8")]),
        ("-cf0.9", [("switch", "-cf"), ("value", "0.9")]),
        ("-ctop 64", [("switch", "-c"), ("value", "top"), ("value", "64")]),
        ("-tmbagel", [("switch", "-tm"), ("value", "bagel")]),
        ("-U2 0.6 a", [("switch", "-U"), ("value", "2"), ("value", "0.6"), ("text", "a")]),
        ("-U 2 a 0.6", [("switch", "-U"), ("value", "2"), ("text", "a"), ("text", "0.6")]),
        ("-S-1 -I-1", [("switch", "-S"), ("value", "-1"), ("switch", "-I"), ("value", "-1")]),
        ("-I pic#1.png", [("switch", "-I"), ("value", "pic#1.png")]),
        ("-I#1.png", [("switch", "-I"), ("value", "#1.png")]),
        (r"-I C:\pics\a.png", [("switch", "-I"), ("value", r"C:\pics\a.png")]),
        (r"-IC:\pics\a.png", [("switch", "-I"), ("value", r"C:\pics\a.png")]),
        (r'-I "C:\my pics\a.png"', [("switch", "-I"), ("value", r"C:\my pics\a.png")]),
        (r'-o "C:\my pics\\" -g', [("switch", "-o"), ("value", "C:\\my pics\\"), ("switch", "-g")]),
        (r'-o "\\server\a b"', [("switch", "-o"), ("value", r"\\server\a b")]),
        (r"-o C:\out\ -g", [("switch", "-o"), ("value", "C:\\out\\"), ("switch", "-g")]),
        (r"-I my\ pic.png -g", [("switch", "-I"), ("value", "my pic.png"), ("switch", "-g")]),
        ("-I 'my pic.png'", [("switch", "-I"), ("value", "my pic.png")]),
        ("-I'my pic.png'", [("switch", "-I"), ("value", "my pic.png")]),
        ('--init_img="my pic.png"', [("switch", "--init_img"), ("value", "my pic.png")]),
        ("-I it's.png", [("switch", "-I"), ("value", "it's.png")]),
        ("-I ../a.png", [("switch", "-I"), ("value", "../a.png")]),
        ("-o~/pics", [("switch", "-o"), ("value", "~/pics")]),
        ('"a -x b"', [("text", "a -x b")]),
        (r'"a \"b\" c"', [("text", 'a "b" c')]),
        ('"a -x b".swap("c -g")', [("text", '"a -x b".swap("c -g")')]),
        ('("a -x", "b -g").blend(1,1)', [("text", '("a -x",'), ("text", '"b -g").blend(1,1)')]),
        ('a "weird cat -g', [("text", "a"), ("text", '"weird'), ("text", "cat"), ("switch", "-g")]),
        ('a 12" vinyl -g', [("text", "a"), ("text", '12"'), ("text", "vinyl"), ("switch", "-g")]),
        ("a - b -- -5 -.5 —d", [("text", "a"), ("text", "-"), ("text", "b"), ("text", "--"), ("text", "-5"),
                                ("text", "-.5"), ("text", "—d")]),
        ("-é -> --5", [("text", "-é"), ("text", "->"), ("text", "--5")]),
        ("!dream a", [("text", "a")]),
        ("!dreamy a", [("text", "!dreamy"), ("text", "a")]),
        ("fire -s10 # model_id=sd 1.5", [("text", "fire"), ("switch", "-s"), ("value", "10"),
                                         ("comment", "# model_id=sd 1.5")]),
        ("fire # model_id=x # [1, 2]", [("text", "fire"), ("comment", "# model_id=x # [1, 2]")]),
        ("fire # [1] # [2] ", [("text", "fire"), ("comment", "# [1] # [2]")]),
        ("a # model -g", [("text", "a"), ("comment", "# model -g")]),
        ("a -g # -s10", [("text", "a"), ("switch", "-g"), ("comment", "# -s10")]),
        ("a #model '#' #", [("text", "a"), ("text", "#model"), ("text", "'#'"), ("comment", "#")]),
        ('"a # b" -g', [("text", "a # b"), ("switch", "-g")]),
        ("a #[1] b", [("text", "a"), ("text", "#[1]"), ("text", "b")]),
        ("a　-g", [("text", "a"), ("switch", "-g")]),
    ],
)  # fmt: skip
def test_rules_of_the_line(line: str, tokens: list[tuple[str, str]]) -> None:
    assert kinds(line) == tokens


@pytest.mark.parametrize(
    ("line", "problem", "text"),
    [
        ("an imaginary -Island", Problem.UNKNOWN, "-Island"),
        ("an imaginary -Island. Sunny", Problem.UNKNOWN, "-Island."),
        ("a -Monet", Problem.UNKNOWN, "-Monet"),
        ("a -Vincent", Problem.UNKNOWN, "-Vincent"),
        ("a -red -s10", Problem.UNKNOWN, "-red"),
        ("a lion -go west", Problem.UNKNOWN, "-go"),
        ("-fitness", Problem.UNKNOWN, "-fitness"),
        ("a --it's b", Problem.UNKNOWN, "--it's"),
        ("-gfit", Problem.UNKNOWN, "-gfit"),
        ("-fitg", Problem.UNKNOWN, "-fitg"),
        ("--s 10", Problem.AMBIGUOUS, "--s"),
        ("--no", Problem.AMBIGUOUS, "--no"),
        ("a -s", Problem.MISSING, "-s"),
        ("-s -g", Problem.MISSING, "-s"),
        ("-gs", Problem.MISSING, "s"),
        ("-f= 0.7", Problem.MISSING, "-f="),
        ("--fit=1", Problem.SURPLUS, "--fit=1"),
        ("-I 'my pic.png -g", Problem.UNCLOSED, "'my pic.png -g"),
        ('-I "a"b.png', Problem.UNCLOSED, '"a"'),
    ],
)
def test_what_cannot_be_read_is_a_mistake_with_a_place(line: str, problem: Problem, text: str) -> None:
    mistake = next(token for token in lex(line) if token.kind is Kind.MISTAKE)
    assert (mistake.problem, mistake.text) == (problem, text)
    assert line[mistake.start : mistake.end] == text


@pytest.mark.parametrize("typed", ["--save-intermediates 2", "--save_intermediates=2", "--save-inter 2"])
def test_long_names_take_hyphens_and_prefixes(typed: str) -> None:
    head, value = lex(typed)
    assert head.switch is not None
    assert (head.switch.name, value.text) == ("save_intermediates", "2")


@pytest.mark.parametrize("typed", ["--no-fit", "--no_fit", "--no-fi"])
def test_every_on_off_switch_has_a_twin(typed: str) -> None:
    (token,) = lex(typed)
    assert token.switch is not None
    assert (token.switch.name, token.on) == ("fit", False)


def test_words_of_a_list_may_be_quoted() -> None:
    assert split_words("  'a mug' 0.5 \"b c\" d") == ("a mug", "0.5", "b c", "d")
    assert split_words("") == ()


@pytest.mark.parametrize("unit", ['("', '"\\"', "# [1] ", "-g", "\\", "t", "-t", '"a ', "-I \\ ", "-V 1:"])
def test_long_hostile_lines_are_read_to_the_end(unit: str) -> None:
    line = f"-{unit * 5000}x"
    assert lex(line)[-1].end == len(line)
