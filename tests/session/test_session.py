"""Lines through the whole program, on a tiny model: what must be equal is, and what must differ does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from invoke_cli.imaging.metadata import read_texts, unpack
from invoke_cli.session.session import Session
from tests.session.conftest import SHORT, Make, pixels, saved


def test_a_line_gives_a_picture_of_the_size_asked_for(session: Session) -> None:
    (picture,) = saved(session.run("a cat -s3 -W72 -H64 -S42"))
    assert pixels(picture.path).shape == (64, 72, 3)
    assert picture.path == Path("outputs/img-samples/000001.42.png")


def test_the_same_line_gives_the_same_bytes(make_session: Make, session: Session) -> None:
    first, second = (saved(session.run(f"{SHORT} -S7"))[0].path for _ in range(2))
    fresh = saved(make_session().run(f"{SHORT} -S7"))[0].path
    assert first.read_bytes() == second.read_bytes() == fresh.read_bytes()


def test_pictures_of_n_equal_their_single_runs(session: Session) -> None:
    together = saved(session.run(f"{SHORT} -S42 -n3 -Ak_euler_a"))
    assert [one.seed for one in together] == [42, 2746317213, 3929441273]
    for one in reversed(together):
        (alone,) = saved(session.run(f"{SHORT} -S{one.seed} -Ak_euler_a"))
        assert np.array_equal(pixels(alone.path), pixels(one.path))
    assert not np.array_equal(pixels(together[0].path), pixels(together[1].path))


@pytest.mark.parametrize(
    "switches",
    [
        "",
        "-f0.7 -I sketch.png",
        "-f0.5 -I sketch.png --fit -W64 -H64",
        "-I sketch.png --keep_size -Ak_dpm_2_a",
        "-v0.2 -n2",
        "-V 5:0.3,6:0.1",
        "--seamless_axes x --perlin 0.2 --threshold 2",
        "--karras_max 30 -Ak_dpmpp_2 -C1",
        "-f0.53 -I sketch.png --exact_strength",
    ],
)
def test_a_picture_remakes_itself_from_its_metadata(session: Session, sketch: Path, switches: str) -> None:
    for first in saved(session.run(f'a "quoted" cat, it\'s - nice [blurry] -s4 -S11 {switches}')):
        stored = unpack(read_texts(first.path)).line
        assert stored == first.line
        assert np.array_equal(pixels(saved(session.run(stored))[0].path), pixels(first.path))


def test_variation_grows_with_its_amount(session: Session) -> None:
    plain = pixels(saved(session.run(f"{SHORT} -S3"))[0].path).astype(float)
    far = [
        np.abs(pixels(saved(session.run(f"{SHORT} -S3 -v{amount}"))[0].path) - plain).mean()
        for amount in (0.05, 0.3, 1)
    ]
    assert 0 < far[0] < far[1] < far[2]
