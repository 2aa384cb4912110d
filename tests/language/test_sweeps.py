"""Lines with a list of values."""

from __future__ import annotations

import pytest

from invoke_cli.errors import LineError
from invoke_cli.language.grammar import parse
from invoke_cli.language.sweeps import expand


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        ("fire -I a.png -f 0.2,0.4,0.6", ["-f 0.2", "-f 0.4", "-f 0.6"]),
        ("-f0.2,0.4 fire -I a.png", ["-f 0.2", "-f 0.4"]),
        ("fire --steps=10,20", ["-s 10", "-s 20"]),
        ("fire -C 3,7.5", ["-C 3", "-C 7.5"]),
        ("fire -A k_lms,ddim -s5", ["-A k_lms", "-A ddim"]),
        ("fire -S1,2,2,", ["-S 1", "-S 2"]),
    ],
)
def test_a_list_becomes_a_line_for_each_value(line: str, labels: list[str]) -> None:
    sweep = expand(line)
    assert list(sweep.labels) == labels
    requests = [parse(single) for single in sweep.lines]
    assert len(set(requests)) == len(labels)
    assert {request.prompt for request in requests} == {"fire"}


@pytest.mark.parametrize(
    ("line", "part", "marked"),
    [
        ("fire, red and blue -f 0.4", "nothing to compare", None),
        ("fire -f 0.4, -s 10", "two values", "0.4,"),
        ("fire -f 0.4,0.5 -s 10,20", "only one switch", "10,20"),
    ],
)
def test_one_list_of_two_or_more_is_needed(line: str, part: str, marked: str | None) -> None:
    with pytest.raises(LineError, match=part) as caught:
        expand(line)
    span = caught.value.span
    assert (None if span is None else line[span.start : span.end]) == marked
