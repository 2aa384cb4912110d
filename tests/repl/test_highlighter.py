import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.document import Document

from invoke_cli.repl.highlighter import STYLE, LineHighlighter


def coloured(line):
    pieces = LineHighlighter().lex_document(Document(line))(0)
    return [(style.removeprefix("class:line."), text) for style, text in pieces if text.strip()]


def test_prompt_switches_and_values_differ():
    assert coloured("a barn -f0.7 --fit") == [
        ("", "a"),
        ("", "barn"),
        ("switch", "-f"),
        ("value", "0.7"),
        ("switch", "--fit"),
    ]


def test_an_unknown_switch_is_marked_while_it_is_typed():
    assert ("mistake", "--strenght") in coloured("a barn --strenght 0.5")


@pytest.mark.parametrize(
    ("line", "last"), [("a barn -I", ("switch", "-I")), ('a barn -I "my pic', ("value", '"my pic'))]
)
def test_what_is_still_being_typed_is_no_mistake(line, last):
    assert coloured(line)[-1] == last


def test_a_missing_value_before_another_switch_is_a_mistake():
    assert ("mistake", "-I") in coloured("a barn -I -s10")


def test_commands_have_one_colour():
    assert coloured("!help -f") == [("command", "!help -f")]


@given(st.text(st.characters(exclude_characters="\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")))
def test_no_text_is_lost_and_every_colour_is_known(line):
    pieces = LineHighlighter().lex_document(Document(line))(0)
    assert "".join(text for _, text in pieces) == line
    assert {style.removeprefix("class:") for style, _ in pieces} <= {*STYLE, ""}
