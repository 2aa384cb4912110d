"""Lines with lists of values."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoke_cli.errors import LineError, SettingsError
from invoke_cli.language.codecs import Lists
from invoke_cli.language.declare import Switch
from invoke_cli.language.defaults import from_pairs
from invoke_cli.language.grammar import parse, read
from invoke_cli.language.quoting import value_text
from invoke_cli.language.sweeps import MOST
from invoke_cli.language.switches import by_name, table
from invoke_cli.language.world import World
from tests.language.strategies import values

# Given by the task: numbers and names have lists, texts, paths and switches with several values have none.
SINGLE = {
    "batch", "prompt", "iterations", "seamless_axes", "init_img", "init_color", "init_mask", "text_mask",
    "out_direction", "outcrop", "new_prompt", "with_variations", "upscale", "embiggen", "embiggen_tiles",
    "outdir", "fnformat", "vae",
}  # fmt: skip


@pytest.mark.parametrize(
    ("line", "lists"),
    [
        ("fire -I a.png -f 0.2,0.4,0.6", {"-f": "0.2 0.4 0.6"}),
        ("-f0.2,0.4 fire -I a.png", {"-f": "0.2 0.4"}),
        ("fire --steps=10,20", {"-s": "10 20"}),
        ("fire -C 5,7.5,10", {"-C": "5 7.5 10"}),
        ("fire -A k_lms,DDIM -s5", {"-A": "k_lms ddim"}),
        ("fire -S1,2,2,1,3", {"-S": "1 2 3"}),
        ("fire -S-1,-2", {"-S": "-1 -2"}),
        ("fire -f 0.3:0.9:0.1", {"-f": "0.3 0.4 0.5 0.6 0.7 0.8 0.9"}),
        ("fire -f 0.9:0.3:-0.2", {"-f": "0.9 0.7 0.5 0.3"}),
        ("fire -f 0:1:0.35", {"-f": "0 0.35 0.7"}),
        ("fire -C 1:2:.5", {"-C": "1 1.5 2"}),
        ("fire -s 10:50:20", {"-s": "10 30 50"}),
        ("fire -S 3:6", {"-S": "3 4 5 6"}),
        ("fire -S 6:3", {"-S": "6 5 4 3"}),
        ("fire -z 0:9:4 --animate gif,webp", {"-z": "0 4 8", "--animate": "gif webp"}),
        ("fire -s 10,20 -f 0.5,0.6 -s 5", {"-f": "0.5 0.6"}),
        ("fire -s 5 -f 0.5,0.6 -s 10,20", {"-f": "0.5 0.6", "-s": "10 20"}),
        ("fire -S 7,7 -f 0.5:0.5:0.1", {}),
    ],
)
def test_lists_and_ranges(line: str, lists: dict[str, str]) -> None:
    reading = read(line)
    assert {axis.switch.flags[0]: " ".join(axis.texts) for axis in reading.axes} == lists
    assert reading.request.prompt == "fire"


def test_a_list_of_one_value_is_that_value() -> None:
    request = parse("fire -S 7,7 -f 0.5:0.5:0.1")
    assert (request.seed, request.strength) == (7, 0.5)


def test_a_line_stands_for_all_combinations_the_first_list_turning_fastest() -> None:
    singles = list(read("fire -f 0.5,0.7,0.9 -g -s 10,20").singles())
    assert [(single.request.strength, single.request.steps) for single in singles] == [
        (0.5, 10), (0.7, 10), (0.9, 10), (0.5, 20), (0.7, 20), (0.9, 20),
    ]  # fmt: skip
    assert {(single.request.prompt, single.request.grid) for single in singles} == {("fire", True)}


def test_a_line_without_lists_stands_for_itself() -> None:
    reading = read("fire -s 10")
    assert list(reading.singles()) == [reading]


def test_each_value_knows_where_it_stands() -> None:
    line = "fire -f 0.5,0.75 -S 1:2"
    for single, strength in zip(read(line).singles(), ("0.5", "0.75"), strict=False):
        places = (single.spans["strength"], single.spans["seed"])
        assert [line[place.start : place.end] for place in places] == [strength, "1:2"]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(1, 400), st.sampled_from([1000, 100]))
def test_ranges_are_exact_in_decimals(first: int, last: int, step: int, unit: int) -> None:
    """Against fractions, which have no rounding."""
    low, high, by = (Fraction(number, unit) for number in (first, last, step))
    sign = -1 if high < low else 1
    texts = [f"{float(number):.3f}" for number in (low, high, sign * by)]
    expected = [low + sign * by * index for index in range(int(abs(high - low) / by) + 1)]
    (single, *rest) = read(f"a -C {':'.join(texts)}").singles()
    assert [one.request.cfg_scale for one in (single, *rest)] == [float(number) for number in expected]


@pytest.mark.parametrize("switch", table(), ids=lambda switch: switch.name)
def test_every_number_and_every_name_can_be_swept(switch: Switch) -> None:
    assert switch.lists == (switch.name not in SINGLE and not switch.on_off)
    if not switch.lists:
        return

    @settings(max_examples=10, deadline=None, database=None)
    @given(st.lists(values(switch), min_size=2, max_size=4, unique=True))
    def reads_back(wanted: list[object]) -> None:
        text = value_text(",".join(switch.codec.write(value)[0] for value in wanted))
        for spelling in (f"{switch.flags[0]} {{}}", f"{switch.long}={{}}"):
            (axis,) = read(f"a {spelling.format(text)}").axes
            assert list(axis.values) == wanted

    reads_back()


@pytest.mark.parametrize(
    ("line", "under", "message", "hint"),
    [
        ("a -f 0.3,,0.5", ",", "strength has an empty place in its list", "did you mean 0.3,0.5?"),
        ("a -f ,0.5", ",", "strength has an empty place in its list", "did you mean 0.5?"),
        ("a -f 0.3, 0.5", ",", "strength has an empty place in its list", "no blank stands behind a comma"),
        ("a -f 0.3:0.9:0", "0", "strength has a range whose step is 0", "never ends"),
        ("a -f 0.9:0.3:0.1", "0.1", "strength has a range whose step leads away from its end",
         "did you mean 0.9:0.3:-0.1?"),
        ("a -s 10:50:-20", "-20", "steps has a range whose step leads away from its end",
         "did you mean 10:50:20?"),
        ("a -f 0.3:0.9", "0.3:0.9", "strength has a range without a step", "did you mean 0.3:0.9:0.1?"),
        ("a -C 10:5", "10:5", "cfg_scale has a range without a step", "did you mean 10:5:-1?"),
        ("a -f 0.3:0.5:0.1,0.9", "0.3:0.5:0.1,0.9", "strength is a list or a range, not both", "commas"),
        ("a -f 0.5:1.5:0.5", "1.5", "strength goes from 0 to 1, not 1.5", ""),
        ("a -f 0.2,75,0.5", "75", "strength goes from 0 to 1, not 75", "did you mean 0.75?"),
        ("a -f 0.2,x", "x", "strength is a number, not x", ""),
        ("a -f '0.2,x'", "'0.2,x'", "strength is a number, not x", ""),
        ("a -f 0,7", "0,7", "strength is a number, not 0,7", "did you mean 0.7?"),
        ("a -s 1:3:0.5", "0.5", "steps has a range whose step is a whole number, not 0.5", "10:50:10"),
        ("a -S 1::3", "1::3", "seed has a range that is not FIRST:LAST:STEP", "as in 10:50:10"),
        ("a -f 0:1:.1:3", "0:1:.1:3", "strength has a range that is not FIRST:LAST:STEP", "0.3:0.9:0.1"),
        ("a -f 0:1:1e-9", "0:1:1e-9", f"strength has a range of 1000000001 values, and {MOST} are the most",
         "larger step"),
        ("a -S 1:200 -s 1:100", "-s 1:100", f"these lists stand for 20000 pictures; {MOST} are the most", ""),
        ("a -A k_lms,k_eulr", "k_eulr", "there is no sampler k_eulr", "did you mean k_euler?"),
        ("a --animate gif,wep", "wep", "animate is gif or webp, not wep", "did you mean webp?"),
        ("a -n 2,3", "2,3", "-n takes no list of values", "-S takes a list of seeds"),
        ("a -n 2:3", "2:3", "-n takes no list of values", "-S takes a list of seeds"),
    ],
)  # fmt: skip
def test_mistakes_have_a_place_and_a_hint(line: str, under: str, message: str, hint: str) -> None:
    with pytest.raises(LineError) as caught:
        read(line, World(samplers=("k_lms", "k_euler")))
    span = caught.value.span
    assert span is not None
    assert (line[span.start : span.end], caught.value.message) == (under, message)
    assert hint in caught.value.hint


def test_what_must_be_one_value_refuses_a_list() -> None:
    with pytest.raises(LineError, match="-S should have one value here"):
        parse("a -S 1,2")
    with pytest.raises(SettingsError, match="steps has one value as a default"):
        from_pairs({"steps": "10,20"}, "my.yaml")


def test_the_decimal_kind_is_that_of_fractions() -> None:
    assert {by_name()[name].codec.lists for name in ("strength", "cfg_scale")} == {Lists.DECIMAL}
    assert {by_name()[name].codec.lists for name in ("seed", "width")} == {Lists.WHOLE}
