"""What the old command line did badly with the text of a line, by the numbers of its inventory."""

from __future__ import annotations

import pytest

from invoke_cli.errors import LineError
from invoke_cli.language.grammar import parse
from invoke_cli.language.request import Request

edge = pytest.mark.edge


def refused(line: str) -> tuple[str, LineError]:
    """The part of the line that the mistake is under, and the mistake."""
    with pytest.raises(LineError) as caught:
        parse(line)
    span = caught.value.span
    assert span is not None
    return line[span.start : span.end], caught.value


@edge(1)
@pytest.mark.parametrize("line", ["a cat -g", "a cat --grid", "-g a cat", "a -g cat"])
def test_a_flag_at_the_end_of_a_line_is_a_flag(line: str) -> None:
    assert parse(line) == Request(prompt="a cat", grid=True)


@edge(2)
@pytest.mark.parametrize(
    ("line", "under"),
    [
        ("an imaginary -Island", "-Island"),
        ("a -Monet in the rain", "-Monet"),
        ("a -Vincent painting", "-Vincent"),
        ("a dog -and a cat", "-and"),
        ("a well -lit room", "-lit"),
    ],
)
def test_a_word_behind_a_dash_is_neither_lost_nor_obeyed(line: str, under: str) -> None:
    marked, error = refused(line)
    assert marked == under
    assert f'"{under}"' in error.hint  # quotes keep it as text
    assert parse(line.replace(under, f'"{under}"')).prompt == line


@edge(3)
@pytest.mark.parametrize(
    "line", ['a 12" record -s10', 'a "cat -s10', '" -s10', 'a cat" -s10', '"a" cat" -s10']
)
def test_a_stray_quote_is_a_character(line: str) -> None:
    request = parse(line)
    assert request.steps == 10
    assert '"' in request.prompt


@edge(4)
@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("a cat -I it's.png -s10", "it's.png"),
        ("a cat -I don't/won't.png -s10", "don't/won't.png"),
        ('"a cat" -I it\'s.png -s10', "it's.png"),
        ("a cat -I 'my cat.png' -s10", "my cat.png"),
        ('a cat -I "my cat.png" -s10', "my cat.png"),
        (r"a cat -I my\ cat.png -s10", "my cat.png"),
        ('a cat --init_img="it\'s mine.png" -s10', "it's mine.png"),
    ],
)
def test_apostrophes_and_blanks_in_paths(line: str, path: str) -> None:
    assert parse(line) == Request(prompt="a cat", init_img=path, steps=10)


@edge(6)
@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ("a cat # model_id=stable-diffusion-1.5", Request(prompt="a cat")),
        ("a cat -s10 # model_id=x -s20", Request(prompt="a cat", steps=10)),
        ("a cat -g # [1, 2, 3]", Request(prompt="a cat", grid=True)),
        ("a cat # the best one", Request(prompt="a cat")),
        ("track #9 # -s10", Request(prompt="track #9")),
        ("a cat -s10 # better than -s20", Request(prompt="a cat", steps=10)),
        ('"a cat # 9" -s10', Request(prompt="a cat # 9", steps=10)),
        ("a cat -I pic#1.png", Request(prompt="a cat", init_img="pic#1.png")),
    ],
)
def test_comments_stand_behind_a_mark_of_their_own(line: str, request_: Request) -> None:
    assert parse(line) == request_


@edge(7)
@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ("-cf0.9", Request(codeformer_fidelity=0.9)),
        ("-tmbagel", Request(text_mask=("bagel", 0.5))),
        ("-ftcodeformer", Request(facetool="codeformer")),
        ("-U2 0.6", Request(upscale=(2, 0.6))),
        ("-ctop 64 left 32", Request(outcrop=(("top", 64), ("left", 32)))),
        ("-Dleft 128", Request(out_direction=("left", 128))),
        ("-embiggen2 0.5", Request(embiggen=(2, 0.5, 0.25))),
    ],
)
def test_values_may_touch_their_switch(line: str, request_: Request) -> None:
    assert parse(line) == request_


@edge(8)
@pytest.mark.parametrize(
    "line", ["a cat   -s10", "'a cat' -s10", "  a cat -s10  ", '"a cat"   -s10', "a cat  \t -s10"]
)
def test_prompts_end_where_their_words_end(line: str) -> None:
    assert parse(line).prompt == "a cat"


@edge(9)
@pytest.mark.parametrize(
    ("typed", "path"),
    [
        (r"C:\pics\new\a.png", r"C:\pics\new\a.png"),
        (r'"C:\my pics\a.png"', r"C:\my pics\a.png"),
        (r"..\a.png", r"..\a.png"),
        (r"\\server\share\a.png", r"\\server\share\a.png"),
    ],
)
def test_backslashes_of_windows_stay(typed: str, path: str) -> None:
    assert parse(f"a cat -I {typed} -s10") == Request(prompt="a cat", init_img=path, steps=10)


@edge(10)
@pytest.mark.parametrize(
    ("line", "under", "hint"),
    [
        ("a --strenght 0.5", "--strenght", "did you mean --strength?"),
        ("a -s ten", "ten", "left out, it is 50"),
        ("a -s", "-s", "as in -s 50"),
        ("a --s 3", "--s", "did you mean --steps"),
        ("a -F", "-F", "did you mean --fit?"),
    ],
)
def test_a_mistake_is_one_line_with_a_suggestion(line: str, under: str, hint: str) -> None:
    marked, error = refused(line)
    assert marked == under
    assert hint in error.hint
    assert "\n" not in error.message + error.hint


@edge(11)
@pytest.mark.parametrize(
    "line", ["-s10 -g a cat", "--steps=10 a -g cat", "-s 10 a cat --grid", "-gs10 a cat"]
)
def test_switches_stand_anywhere(line: str) -> None:
    assert parse(line) == Request(prompt="a cat", steps=10, grid=True)


@edge(13)
@pytest.mark.parametrize(
    ("typed", "axes"),
    [("x,y", ("x", "y")), ("x", ("x",)), ("y", ("y",)), ("x y", ("x", "y")), ("y,x", ("x", "y"))],
)
def test_axes_are_two(typed: str, axes: tuple[str, ...]) -> None:
    assert parse(f"a cat --seamless_axes {typed} -s10").seamless_axes == axes


@edge(14)
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "infinity", "1e999"])
@pytest.mark.parametrize("switch", ["-f", "-C", "--perlin", "--threshold", "-v", "-G", "-U"])
def test_numbers_are_finite(switch: str, value: str) -> None:
    assert refused(f"a cat {switch} {value}")[0] in (value, switch)  # "-inf" is no value, so one is missing


@edge(15)
def test_zero_is_zero() -> None:
    request = parse("a cat -f 0 -C 0 --perlin 0")
    assert (request.strength, request.cfg_scale, request.perlin) == (0, 0, 0)


@edge(15)
@pytest.mark.parametrize("switch", ["-s", "-n", "-W", "-H"])
def test_what_cannot_be_zero_says_so(switch: str) -> None:
    marked, error = refused(f"a cat {switch} 0")
    assert marked == "0"
    assert "not 0" in error.message


@edge(20)
@pytest.mark.parametrize("seed", ["4294967296", "-4294967296", "99999999999999999999"])
def test_seeds_beyond_the_noise_are_refused(seed: str) -> None:
    assert refused(f"a cat -S {seed}")[0] == seed
    assert parse("a cat -S 4294967295").seed == 2**32 - 1
