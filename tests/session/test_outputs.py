"""What a line leaves in its folder: names, formats, sheets, texts; and that nothing is overwritten."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from invoke_cli.imaging.formats import SUFFIXES
from invoke_cli.imaging.metadata import read_texts, unpack
from invoke_cli.session.batch import lines_of
from invoke_cli.session.events import Progress
from invoke_cli.session.session import Session
from tests.session.conftest import Make, failure, notices, pixels, saved

SHORT = "a cat -s2 -W64 -H64 -S5"
OUT = Path("outputs/img-samples")


@pytest.mark.edge(43)
@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_other_formats_by_suffix_hold_the_line_that_remakes_them(session: Session, suffix: str) -> None:
    (made,) = saved(session.run(f"{SHORT} --fnformat {{prefix}}-{{model_id}}-{{steps}}{suffix}"))
    assert made.path.name == f"000001-tiny-2{suffix}"
    stored = unpack(read_texts(made.path))
    assert stored.line == made.line
    assert stored.facts["model"]["name"] == "tiny"
    (again,) = saved(session.run(f"{stored.line} --fnformat again{suffix}"))
    assert again.path.read_bytes() == made.path.read_bytes()
    exact = pixels(saved(session.run(SHORT))[0].path).astype(int)
    assert np.abs(pixels(made.path) - exact).mean() < 25


@pytest.mark.edge(41, 43)
def test_a_grid_keeps_the_singles_and_follows_the_name(session: Session) -> None:
    events = list(session.run(f"{SHORT} -n3 -g --fnformat {{prefix}}_{{seed}}.jpg"))
    names = [one.path.name for one in saved(events)]
    assert names == ["000001_5.jpg", *(f"000001_{one.seed}.jpg" for one in saved(events)[1:])]
    assert all((OUT / name).exists() for name in names)
    (grid,) = saved(events, "grid")
    assert grid.path.name == "000001_5.grid.jpg"
    facts = unpack(read_texts(grid.path)).facts
    assert facts["grid"] == [one.line for one in saved(events)]


def test_individual_turns_a_configured_grid_off(make_session: Make) -> None:
    session = make_session(grid=True)
    assert saved(session.run(f"{SHORT} -n2"), "grid")
    assert not saved(session.run(f"{SHORT} -n2 -i"), "grid")
    assert not saved(session.run(f"{SHORT} -n2 --no-grid"), "grid")


@pytest.mark.edge(28)
def test_after_a_grid_the_last_picture_is_the_last_single(session: Session) -> None:
    made = saved(session.run(f"{SHORT} -n2 -g"))
    (again,) = saved(session.run("a cat -I-1 -f0"))
    assert np.array_equal(pixels(again.path), pixels(made[-1].path))


@pytest.mark.edge(38)
def test_a_template_without_a_number_never_overwrites(session: Session) -> None:
    paths = [saved(session.run(f"{SHORT}{n} --fnformat {{prompt}}.webp"))[0].path for n in range(3)]
    assert [path.name for path in paths] == ["a cat.webp", "a cat-01.webp", "a cat-02.webp"]
    assert len({path.read_bytes() for path in paths}) == 3


@pytest.mark.edge(38)
def test_numbers_go_on_past_a_million_and_short_ones(session: Session) -> None:
    OUT.mkdir(parents=True)
    for name in ("9.1.png", "999999.1.png"):
        (OUT / name).touch()
    assert saved(session.run(SHORT))[0].path.name == "1000000.5.png"


@pytest.mark.edge(42)
def test_a_failed_line_uses_up_no_number(session: Session) -> None:
    failure(session.run("a cat -I missing.png"))
    failure(session.run("a cat -Anothing"))
    assert saved(session.run(SHORT))[0].path.name == "000001.5.png"


def test_a_name_that_cannot_be_is_found_before_drawing(session: Session) -> None:
    events = list(session.run(f"{SHORT} --fnformat {{sampler}}.{{sed}}.png"))
    failed = failure(events)
    assert "{seed}" in failed.error.hint
    assert failed.error.span is not None
    assert not [event for event in events if isinstance(event, Progress)]
    assert not OUT.exists()


def test_every_switch_is_a_field(session: Session) -> None:
    template = "{cfg_scale:.1f}-{sampler}-{init_img}-{with_variations}-{seamless_axes}-{iterations}"
    (made,) = saved(session.run(f"{SHORT} --seamless -V 6:0.5,7:0.25 --fnformat {template}"))
    assert made.path.name == "7.5-k_lms--6_0.5,7_0.25-x,y-1.png"


def test_pictures_in_folders_named_after_prompts(session: Session) -> None:
    line = '"a/b: c" -s2 -W64 -H64 -S5 -p'
    made = [saved(session.run(line))[0].path for _ in range(2)]
    assert made == [OUT / "a_b_ c" / "000001.5.png", OUT / "a_b_ c" / "000002.5.png"]
    assert (made[0].parent / "invoke_log.txt").read_text().startswith(str(made[0]))
    (other,) = saved(session.run(f"{SHORT} -p -I-1"))
    assert other.path == OUT / "a cat" / "000001.5.png"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_written_can_be_drawn_from(session: Session, suffix: str) -> None:
    (made,) = saved(session.run(f"{SHORT} --fnformat {{prompt}}{suffix} --quality 100"))
    assert f"](a%20cat{suffix})" in (OUT / "invoke_log.md").read_text()
    (again,) = saved(session.run("-I-1 -f0"))
    assert again.line.startswith("a cat ")
    assert np.array_equal(pixels(again.path), pixels(made.path))


def test_no_metadata_means_none(session: Session) -> None:
    (made,) = saved(session.run(f"{SHORT} --no_metadata"))
    assert read_texts(made.path) == {}
    (kept,) = saved(session.run(SHORT))
    assert np.array_equal(pixels(made.path), pixels(kept.path))


def test_a_sidecar_is_a_prompt_file(session: Session) -> None:
    made = saved(session.run(f"{SHORT} --sidecar -n2 --fnformat {{prompt}}"))
    texts = [one.path.with_suffix(".txt") for one in made]
    assert [text.name for text in texts] == ["a cat.txt", "a cat-01.txt"]
    lines = [str(line) for _, line in lines_of(texts[1]) if line and not str(line).startswith("#")]
    (again,) = [saved(session.run(line))[0] for line in lines]
    assert np.array_equal(pixels(again.path), pixels(made[1].path))
    assert '"name": "tiny"' in texts[0].read_text()


def test_metadata_without_room_cost_a_notice(session: Session) -> None:
    words = "word " * 7_000
    events = list(session.run(f"{words} -s1 -W64 -H64 --fnformat a.jpg"))
    assert saved(events)[0].path.name == "a.jpg"
    assert "65 kB" in notices(events)


@pytest.mark.edge(40)
def test_intermediates_of_several_pictures_stay_apart(session: Session, sketch: Path) -> None:
    line = "a -I sketch.png -s6 -f0.5 -n2 -S4 --save_intermediates 2 --fnformat {prompt}.jpg"
    for folder in ("a", "a-01"):
        events = list(session.run(line.replace("-n2", "-n1")))
        assert saved(events, "strip")[0].path.parent == OUT / "intermediates" / folder
        names = sorted(path.name for path in (OUT / "intermediates" / folder).glob("0*"))
        assert names == ["0000.png", "0002.png", "0003.png"]  # no -001, and the last step is there
    strips = [one.path.parent.name for one in saved(session.run(line), "strip")]
    assert strips == ["a-02", "a-03"]


@pytest.mark.edge(37)
def test_the_size_that_is_stored_is_the_pictures(session: Session, sketch: Path) -> None:
    (made,) = saved(session.run("a cat -I sketch.png -W40 -H40 --fit -s2"))
    with Image.open(made.path) as image:
        size = image.size
    stored = unpack(read_texts(made.path))
    assert (stored.facts["width"], stored.facts["height"]) == size == (40, 24)


@pytest.mark.edge(39)
def test_nothing_is_ever_written_over_a_picture(session: Session) -> None:
    (first,) = saved(session.run(f"{SHORT} --fnformat x"))
    before = first.path.read_bytes()
    failure(session.run(f"{SHORT} --fnformat x -U 2"))  # enlarging replaced the picture in the old program
    saved(session.run(f"other {SHORT} --fnformat x"))
    assert first.path.read_bytes() == before
