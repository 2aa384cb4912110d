"""On a GPU the next picture's first step is begun while one is decoded: the same files and events, in turn.

Here it is done on the CPU, where it gains nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from invoke_cli.diffusion import generate as generating
from invoke_cli.session import studio
from invoke_cli.session.events import Failed
from tests.session.conftest import SHORT, Make
from tests.session.test_together import in_turn, told


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """When sampling begins and when a picture is decoded."""
    noted: list[str] = []
    sample, decode = generating.sample, generating.decoded_again

    def sampling(*given: Any) -> Any:
        noted.append("begun")
        return (yield from sample(*given))

    def decoding(*given: Any) -> Any:
        made = decode(*given)
        noted.append("decoded")
        return made

    monkeypatch.setattr(generating, "sample", sampling)
    monkeypatch.setattr(generating, "decoded_again", decoding)
    return noted


def assert_the_same(
    make_session: Make, monkeypatch: pytest.MonkeyPatch, order: list[str], lines: Sequence[str]
) -> list[str]:
    """With pictures begun early and without; gives the order of the former."""
    before = in_turn(make_session(outdir="out"), lines)
    files = [(path.name, path.read_bytes()) for path in sorted(Path("out").rglob("*.png"))]
    Path("out").rename("before")
    order.clear()
    monkeypatch.setattr(studio, "goes_on_alone", lambda _: True)
    assert told(in_turn(make_session(outdir="out"), lines)) == told(before)
    assert [(path.name, path.read_bytes()) for path in sorted(Path("out").rglob("*.png"))] == files
    return order


def test_the_next_picture_is_begun_before_one_is_there(
    make_session: Make, monkeypatch: pytest.MonkeyPatch, order: list[str]
) -> None:
    lines = [f"{SHORT} -S4 -n3 -Ak_euler_a --save_intermediates 1", f"{SHORT} -S9"]
    found = assert_the_same(make_session, monkeypatch, order, lines)
    assert found == ["begun", "begun", "decoded", "begun", "decoded", "begun", "decoded", "decoded"]


def test_what_needs_the_picture_before_it_is_not_begun(
    make_session: Make, monkeypatch: pytest.MonkeyPatch, order: list[str], sketch: Path
) -> None:
    lines = ["a cat -I sketch.png -s4 -f0.6 -S9 -v0.2 -n2 -W64", f"{SHORT} -S1 -I-1"]
    assert assert_the_same(make_session, monkeypatch, order, lines) == ["begun", "decoded"] * 3


def test_pictures_of_a_batch_are_not_begun(
    make_session: Make, monkeypatch: pytest.MonkeyPatch, order: list[str]
) -> None:
    lines = [f"{SHORT} -S1", f"{SHORT} -S2 -n2 --batch 2", f"{SHORT} -S4"]
    found = assert_the_same(make_session, monkeypatch, order, lines)
    assert found == ["begun", "decoded", "begun", "decoded", "decoded", "begun", "decoded"]


def test_what_fails_early_fails_in_its_turn(
    make_session: Make, monkeypatch: pytest.MonkeyPatch, order: list[str], sketch: Path
) -> None:
    monkeypatch.setattr(studio, "goes_on_alone", lambda _: True)
    broken = Path("broken.png")
    broken.write_bytes(b"no picture")
    session = make_session(outdir="out")
    events = in_turn(session, [f"{SHORT} -S1", f"{SHORT} -I broken.png -S2", f"{SHORT} -S3"])
    assert [type(one) for one in events if isinstance(one, Failed)] == [Failed]
    assert len(list(Path("out").rglob("*.png"))) == 2


def test_memory_that_does_not_suffice_for_two_is_enough_for_one_after_the_other(
    make_session: Make, monkeypatch: pytest.MonkeyPatch, order: list[str]
) -> None:
    sample, left = generating.sample, [RuntimeError("CUDA out of memory")]

    def full(*given: Any) -> Any:
        if order.count("begun") == 2 and left:
            raise left.pop()
        return (yield from sample(*given))

    monkeypatch.setattr(studio, "goes_on_alone", lambda _: True)
    monkeypatch.setattr(generating, "sample", full)
    events = in_turn(make_session(outdir="out"), [f"{SHORT} -S1 -n3"])
    assert not left
    assert not [one for one in events if isinstance(one, Failed)]
    assert len(list(Path("out").rglob("*.png"))) == 3
