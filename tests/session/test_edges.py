"""What the old command line did badly with the values of a line, by the numbers of its inventory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from invoke_cli.language.grammar import parse
from invoke_cli.session.events import Failed
from invoke_cli.session.session import Session
from tests.session.conftest import Make, notices, pixels, planned, saved

edge = pytest.mark.edge


@edge(12)
def test_a_tilde_is_the_home_folder(
    session: Session, tmp_path: Path, sketch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    sketch.rename(home / "sketch.png")
    Image.new("L", (96, 64), 0).save(home / "mask.png")
    (drawn,) = saved(session.run("a cat -I ~/sketch.png -M ~/mask.png -o ~/out -s1"))
    assert drawn.path.parent == home / "out"


@edge(15)
def test_strength_zero_keeps_the_picture(session: Session, sketch: Path) -> None:
    (drawn,) = saved(session.run("a cat -I sketch.png -f 0 --keep_size"))
    np.testing.assert_array_equal(pixels(drawn.path), pixels(sketch))


@edge(16)
@pytest.mark.parametrize("start", ["", "-I sketch.png -f 0.8"])
@pytest.mark.parametrize("sampler", ["k_lms", "ddim"])
def test_variations_are_graded(session: Session, sketch: Path, start: str, sampler: str) -> None:
    line = f"a cat -s4 -S1 -A {sampler} {start}"
    plain = pixels(saved(session.run(line))[0].path).astype(float)

    def distance(weight: float) -> float:
        (varied,) = saved(session.run(f"{line} -V 2:{weight}"))
        return float(np.abs(pixels(varied.path) - plain).mean())

    distances = [distance(weight) for weight in (0, 0.02, 0.2, 1)]
    assert distances[0] == 0
    assert distances == sorted(set(distances))


@edge(18)
@pytest.mark.parametrize("strength", ["0", "1", "0.5"])
def test_strength_does_not_matter_without_a_picture(session: Session, strength: str) -> None:
    events = list(session.run(f"a cat -s2 -S1 -W64 -H64 -f {strength}"))
    (drawn,) = saved(events)
    (plain,) = saved(session.run("a cat -s2 -S1 -W64 -H64"))
    np.testing.assert_array_equal(pixels(drawn.path), pixels(plain.path))
    assert "-f has no effect" in notices(events)


@edge(19)
def test_defaults_from_the_shell_hold_and_the_line_beats_them(make_session: Make, sketch: Path) -> None:
    session = make_session(fit=True, grid=True, png_compression=0, width=64, height=64)
    events = list(session.run("a cat -s1 -n2 -I sketch.png"))
    assert {(picture.width, picture.height) for picture in planned(events)} == {(64, 40)}
    assert len(saved(events, "grid")) == 1
    large, small = (
        saved(session.run(f"a cat -s1 -S1 -I sketch.png {level}"))[0].path.stat().st_size
        for level in ("", "-z9")
    )
    assert small < large
    events = list(session.run("a cat -s1 -n2 -I sketch.png --no-grid --no-fit"))
    assert {(picture.width, picture.height) for picture in planned(events)} == {(96, 64)}
    assert not saved(events, "grid")


@edge(21)
def test_seeds_are_told_before_drawing(session: Session) -> None:
    events = list(session.run("a cat -s1 -S42 -n3 -W64 -H64"))
    told = [picture.seed for picture in planned(events)]
    assert told == [one.seed for one in saved(events)] == [42, 2746317213, 3929441273]


@edge(21)
def test_the_seed_of_variations_is_the_one_that_they_vary(session: Session) -> None:
    varied = saved(session.run("a cat -s1 -S42 -n2 -v0.2 -W64 -H64"))
    assert len({parse(one.line).with_variations for one in varied}) == 2
    assert planned(session.run("a cat -S-1 -s1 -W64 -H64"))[0].seed == 42


@edge(20)
def test_a_seed_is_never_replaced(session: Session) -> None:
    (drawn,) = saved(session.run("a cat -s1 -W64 -H64 -S 4294967295"))
    assert (drawn.seed, parse(drawn.line).seed) == (4294967295, 4294967295)
    assert any(isinstance(event, Failed) for event in session.run("a cat -s1 -S 4294967296"))
