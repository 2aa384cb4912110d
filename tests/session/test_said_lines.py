"""The line on the screen: shorter than the one in the file, and the same picture when typed again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from invoke_cli.imaging.metadata import read_texts, unpack
from invoke_cli.language.defaults import builtin, off
from invoke_cli.language.request import Request
from tests.session.conftest import Make, saved


@pytest.fixture
def draw(make_session: Make, sketch: Path) -> Any:
    """A session with these defaults, as a function from a line to what was saved."""

    def start(**defaults: object) -> Any:
        session = make_session(**defaults)
        return lambda line: saved(session.run(f"{line} -s 1"))

    return start


def test_what_is_off_is_not_said(draw: Any) -> None:
    (one,) = draw()("a cat -S 3 -W 64 -H 64")
    assert one.said == "a cat -s 1 -S 3 -W 64 -H 64 -C 7.5 -A k_lms"
    (one,) = draw()("a cat -S 3 -I sketch.png -f 0.5")
    assert one.said == "a cat -s 1 -S 3 -W 96 -H 64 -C 7.5 -A k_lms -I sketch.png -f 0.5"


def test_files_and_logs_hold_the_whole_line(draw: Any) -> None:
    (one,) = draw()("a cat -S 3 -W 64 -H 64")
    assert "--no-seamless" in one.line
    assert "--no-seamless" not in one.said
    assert unpack(read_texts(one.path)).line == one.line
    assert one.path.with_name("invoke_log.txt").read_text().endswith(f": {one.line}\n")


@pytest.mark.parametrize(
    "defaults",
    [
        {},
        {"perlin": 0.5, "seamless": True, "karras_max": 30, "strength": 0.5, "fit": True},
        {"hires_fix": True, "keep_size": True, "exact_strength": True, "cfg_scale": 4.0, "threshold": 2.0},
    ],
)
@pytest.mark.parametrize(
    "line",
    [
        "a cat",
        "a cat -W 128 -H 128 --hires_fix -f 0.6",
        "a cat --no-seamless --perlin 0 --karras_max 0 --threshold 0",
        "a cat --seamless_axes x -C 0 -S 0",
        "a cat -I sketch.png --no-fit --no-keep_size --no-exact_strength -f 0",
        "a cat -I sketch.png --fit -W 64 -n2 -v 0.2",
    ],
)
def test_typed_again_it_is_the_same_run(draw: Any, defaults: dict[str, Any], line: str) -> None:
    run = draw(**defaults)
    for one in run(line):
        (again,) = run(one.said.replace(" -s 1", ""))
        assert again.line == one.line


def test_a_switch_that_is_a_default_is_said_to_be_off(draw: Any) -> None:
    (one,) = draw(seamless=True)("a cat -W64 -H64 --no-seamless")
    assert "--no-seamless" in one.said
    assert "--no-hires_fix" not in one.said


def test_which_switches_are_off() -> None:
    assert {"perlin", "threshold", "karras_max", "seamless", "fit"} <= off(builtin())
    assert not {"steps", "cfg_scale", "strength", "seed", "metadata", "prompt"} & off(builtin())
    assert off(Request(perlin=0.1, seamless=False, fit=True)) == {"seamless"}
