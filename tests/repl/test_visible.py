import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoke_cli.errors import Span
from invoke_cli.repl.visible import cells, marked, visible


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("a\rb\nc", r"a\rb\nc"),
        ("\x07\x08\x7f", r"\x07\x08\x7f"),
        ("\x9b31m", r"\x9b31m"),
        ("cat\u202egnp.exe", r"cat\u202egnp.exe"),
        ("\udcff", r"\udcff"),
        ("\u2028", r"\u2028"),
    ],
)
def test_what_a_terminal_might_obey_is_made_visible(hostile, shown):
    assert visible(hostile) == shown


@pytest.mark.parametrize("text", ["a barn, dusk", "木の上\t猫", "crème brûlée", "👩‍🎨 paints", "50 % off"])
def test_harmless_text_stays_as_it_is(text):
    assert visible(text) == text


@given(st.text())
def test_no_text_reaches_the_terminal_with_a_control_character(text):
    assert not any(unicodedata.category(char) == "Cc" and char != "\t" for char in visible(text))


def test_wide_and_combining_characters_take_the_columns_they_take():
    assert cells("a木e\u0301") == 4


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("a barn -q", "-q"),
        ("木の家 -q", "-q"),
        ("a\tbarn\t-q", "-q"),
        ("e\u0301te\u0301 -q", "-q"),
        ("\x1b[0m -q", "-q"),
        ("-q", "-q"),
    ],
)
def test_the_mark_stands_under_the_place(line, place):
    start = line.index(place)
    shown, mark = marked(line, Span(start, start + len(place)))
    assert cells(mark) - len(place) == cells(shown[: shown.index(place)])
    assert mark.strip() == "^" * len(place)


def test_wide_characters_are_marked_over_their_whole_width():
    assert marked("木 a", Span(0, 1)) == ("木 a", "^^")


def test_a_place_at_the_end_of_the_line_is_marked_behind_it():
    assert marked("a barn -s", Span(9, 9)) == ("a barn -s", " " * 9 + "^")


@pytest.mark.parametrize("start", [0, 3, 60, 150, 298])
def test_of_a_long_line_the_part_around_the_place_is_shown(start):
    line = "".join(chr(ord("a") + number % 26) for number in range(300))
    shown, mark = marked(line, Span(start, start + 2), 40)
    assert max(cells(shown), cells(mark)) <= 40
    assert shown[mark.index("^")] == line[start]


@given(st.text(max_size=60), st.integers(0, 70), st.integers(0, 70), st.integers(10, 50))
def test_any_place_can_be_marked(line, start, length, width):
    shown, mark = marked(line, Span(start, start + length), width)
    assert "^" in mark
    assert "\n" not in shown
