"""Completion, help and tables: everything that is declared appears, nothing else does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoke_cli.errors import LineError
from invoke_cli.language.declare import Switch
from invoke_cli.language.grammar import parse, write
from invoke_cli.language.guide import expects, help_text, markdown_table, suggest
from invoke_cli.language.mistakes import example
from invoke_cli.language.request import Request
from invoke_cli.language.switches import by_flag, table
from invoke_cli.language.world import World
from tests.language.strategies import LINES

WORLD = World(
    images=("my pic.png", "outputs/1.png"),
    samplers=("k_lms", "k_euler", "ddim"),
    seeds=("42", "7"),
    terms=("<toy>",),
)
LORAS = replace(WORLD, loras=("grain", "gold", "ink-wash"))
MANUAL = help_text()
TABLE = markdown_table()
ids = pytest.mark.parametrize("switch", table(), ids=lambda switch: switch.name)


def texts(line: str, cursor: int | None = None) -> list[str]:
    return [entry.text for entry in suggest(line, len(line) if cursor is None else cursor, WORLD)]


@pytest.mark.parametrize(
    ("line", "kind", "start", "typed"),
    [
        ("", "text", 0, ""), ("a ca", "text", 2, "ca"), ("a ", "text", 2, ""), ("a -", "switch", 2, "-"),
        ("a -s", "switch", 2, "-s"), ("a --st", "switch", 2, "--st"), ("a -q", "switch", 2, "-q"),
        ("a -s ", "value", 5, ""), ("a -s 1", "value", 5, "1"), ("a -s1", "value", 4, "1"),
        ("-f=", "value", 3, ""),
        ("-I ", "picture", 3, ""), ("-I sk", "picture", 3, "sk"), ("-Isk", "picture", 2, "sk"),
        ("-I 'my p", "picture", 3, "my p"), ("-M m", "picture", 3, "m"), ("--init_img=s", "picture", 11, "s"),
        ("-o out", "folder", 3, "out"), ("-A k", "sampler", 3, "k"), ("-S ", "seed", 3, ""),
        ("-S4", "seed", 2, "4"),
        ("-V 4", "seed", 3, "4"), ("-g ", "text", 3, ""), ("-s 10 ", "text", 6, ""),
    ],
)  # fmt: skip
def test_what_is_expected_at_the_end_of_a_line(line: str, kind: str, start: int, typed: str) -> None:
    place = expects(line, len(line))
    assert (place.kind, place.start, place.typed) == (kind, start, typed)


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("a -A k_", ["k_lms", "k_euler"]), ("-Ad", ["ddim"]), ("-S ", ["42", "7", "1592514025"]),
        ("-S 4", ["42"]),
        ("-f ", ["0.75", "0.4", "0.7"]), ("-I ", ['"my pic.png"', "outputs/1.png"]),
        ("-I 'my", ['"my pic.png"']),
        ("--stre", ["--strength"]), ("--no-gr", ["--no-grid"]), ("--save-inter", ["--save_intermediates"]),
        ("-fi", ["-fit"]), ("a <", ["<toy>"]), ("a ", []), ("-ft c", ["codeformer"]), ("-c t", ["top 64"]),
        ("a cat", []), ("-q", []),
    ],
)  # fmt: skip
def test_suggestions(line: str, first: list[str]) -> None:
    assert texts(line) == first


def test_only_the_text_before_the_cursor_counts() -> None:
    line = "a --stre -g more"
    assert texts(line, 8) == ["--strength"]
    assert suggest(line, 8, WORLD)[0].start == 2


def test_a_dash_offers_every_switch_once() -> None:
    offered = suggest("a -", 3, WORLD)
    assert [by_flag()[entry.text].name for entry in offered] == [switch.name for switch in table()]
    assert all(entry.meta and entry.display for entry in offered)


@settings(max_examples=100, deadline=None)
@given(LINES, st.integers(0, 40))
def test_completion_never_fails_and_replaces_only_what_stands_before_the_cursor(
    line: str, cursor: int
) -> None:
    cursor = min(cursor, len(line))
    assert 0 <= expects(line, cursor).start <= cursor
    for entry in suggest(line, cursor, WORLD):
        assert 0 <= entry.start <= cursor


@ids
def test_every_switch_has_help_and_a_place_in_the_manual(switch: Switch) -> None:
    assert switch.help.endswith(".")
    assert switch.long in switch.flags
    assert all(flag in MANUAL for flag in switch.flags)
    assert all(f"`{flag}`" in TABLE for flag in switch.flags)
    assert switch.help in help_text(switch.name, 300)


@ids
def test_what_does_nothing_yet_says_so_in_one_sentence(switch: Switch) -> None:
    details = help_text(switch.long, 300)
    assert ("Not built yet." in details) == (switch.later != "")
    assert switch.later in details
    assert switch.later == "" or switch.later.endswith(".")


@ids
def test_the_example_of_a_missing_value_can_be_typed(switch: Switch) -> None:
    if not switch.on_off:
        assert getattr(parse(example(switch)), switch.name) is not None


@ids
def test_suggested_values_can_be_typed(switch: Switch) -> None:
    if switch.codec.most == 1:
        for entry in suggest(f"{switch.long} ", len(switch.long) + 1, WORLD):
            line = f"{switch.long} {entry.text}"
            assert getattr(parse(line), switch.name) is not None


@ids
def test_defaults_can_be_written_and_read(switch: Switch) -> None:
    if switch.shown is not None:
        request = Request(**{switch.name: switch.shown})
        assert parse(write(request)) == request


@pytest.mark.parametrize("width", [40, 80, 120])
def test_help_keeps_to_the_width(width: int) -> None:
    wide = [line for line in help_text(width=width).splitlines() if len(line) > width]
    assert all(line.startswith("  -") for line in wide)  # a list of spellings is never broken
    assert not wide or width == 40


@pytest.mark.parametrize("topic", ["strength", "-f", "f", "--strength", "From a picture"])
def test_help_on_a_topic(topic: str) -> None:
    assert "-f, --strength X" in help_text(topic)
    assert "--seamless" not in help_text(topic)


def test_help_on_nothing_known_suggests() -> None:
    with pytest.raises(LineError) as caught:
        help_text("strenght")
    assert caught.value.hint == "did you mean strength?"


def test_the_table_has_one_row_for_each_switch() -> None:
    rows = TABLE.splitlines()
    cells = [row for row in rows if row.startswith("| `")]
    assert len(cells) == len(table())
    assert all(row.count(" | ") == 2 for row in cells)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("a wi", ["withLora("]), ("a <", ["<toy>", "<lora:"]), ("a <l", ["<lora:"]), ("a <t", ["<toy>"]),
        ("a withLora(", ["withLora(grain)", "withLora(gold)", "withLora(ink-wash)"]),
        ("a withLora(gr", ["withLora(grain)"]), ("useLora(I", ["useLora(ink-wash)"]),
        ("a <lora:g", ["<lora:grain:1>", "<lora:gold:1>"]), ("a withLora(gold,", []), ("a ", []),
        ("a <lora:grain:0", []), ("a withLora(gold)", []),
    ],
)  # fmt: skip
def test_adapters_are_completed_in_the_prompt(line: str, offered: list[str]) -> None:
    assert [entry.text for entry in suggest(line, len(line), LORAS)] == offered


def test_without_loras_none_are_offered() -> None:
    assert suggest("a <l", 4, World()) == []


@pytest.mark.parametrize("line", ["a -A k_lms,k_he", "a -A=k_lms,ddim,k_he", "a --sampler k_lms,k_he"])
def test_the_next_value_of_a_list_is_completed(line: str) -> None:
    (found,) = suggest(line, len(line), World(samplers=("k_lms", "k_heun", "ddim")))
    assert line[: found.start] + found.text == line.removesuffix("k_he") + "k_heun"
