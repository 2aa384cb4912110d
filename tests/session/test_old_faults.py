"""Faults of the old program's image-to-image that must not come back, by their number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from invoke_cli.session.session import Session
from tests.session.conftest import Make, failure, notices, pixels, planned, saved


def picture(size: tuple[int, int], name: str = "wide.png") -> str:
    Image.new("RGB", size, (90, 120, 40)).save(name)
    return name


@pytest.mark.edge(22)
@pytest.mark.parametrize(
    ("size", "switches", "drawn"),
    [
        ((1000, 700), "", (1000, 704)),
        ((700, 690), "--fit -W640 -H480", (488, 480)),
        ((1920, 200), "--fit -W512 -H512", (512, 56)),
        ((2000, 5), "--fit -W64 -H64", (64, 8)),
        ((100, 70), "-W64 -H64", (104, 72)),
    ],
)
def test_sizes_are_multiples_of_eight_and_keep_the_shape(
    make_session: Make, size: tuple[int, int], switches: str, drawn: tuple[int, int]
) -> None:
    session = make_session(dry_run=True)
    (one,) = planned(session.run(f"a cat -I {picture(size)} {switches}"))
    assert (one.width, one.height) == drawn


@pytest.mark.edge(23)
def test_a_size_that_differs_from_what_was_asked_for_is_said(make_session: Make) -> None:
    told = notices(make_session(dry_run=True).run(f"a cat -I {picture((96, 80))} -W64 -H64"))
    assert "-W and -H are not used" in told
    assert "96x80" in told
    assert "multiples of 8" in notices(make_session(dry_run=True).run("a cat -W70 -H64"))


@pytest.mark.edge(24)
@pytest.mark.parametrize("mode", ["P", "RGB", "LA", "RGBA"])
def test_transparency_of_every_kind_is_where_to_draw(session: Session, mode: str) -> None:
    """Dark and light halves, of which the middle is transparent; brightness is no mask."""
    grey = np.repeat(np.array([20, 230], np.uint8), 32)[None].repeat(64, axis=0)
    grey[16:48, 16:48] = 128
    hole = grey == 128
    if mode in ("LA", "RGBA"):
        alpha = Image.fromarray(np.where(hole, 0, 255).astype(np.uint8))
        image = Image.fromarray(grey).convert(mode)
        image.putalpha(alpha)
        image.save("hole.png")
    elif mode == "P":
        Image.fromarray(grey).convert("P").save("hole.png", transparency=128)
    else:
        Image.fromarray(grey).convert("RGB").save("hole.png", transparency=(128, 128, 128))
    (made,) = saved(session.run("a cat -I hole.png -s3 -f0.8"))
    changed = (pixels(made.path) != grey[..., None]).any(axis=2)
    assert not changed[~hole].any()
    assert changed[hole].mean() > 0.5


@pytest.mark.edge(26)
def test_noise_under_the_mask_has_an_effect_or_is_refused(session: Session) -> None:
    outcome = list(session.run(f"a cat -I {picture((64, 64))} -r 0.5 -s2"))
    assert "not built yet" in failure(outcome).error.message
    assert not Path("outputs").exists()


@pytest.mark.edge(27)
def test_the_same_seed_is_the_same_picture_whatever_the_global_generator_did(session: Session) -> None:
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)).save("noise.png")
    made = []
    for state in (1, 2):
        torch.manual_seed(state)
        made.append(saved(session.run("a cat -I noise.png -s3 -f0.5 -S9 -Ak_euler_a"))[0].path.read_bytes())
    assert made[0] == made[1]


@pytest.mark.edge(27)
@pytest.mark.parametrize("sampler", ["ddim", "plms", "k_lms"])
@pytest.mark.parametrize("steps", [7, 30, 50])
def test_every_schedule_starts_at_the_noisiest_level(make_session: Make, sampler: str, steps: int) -> None:
    (one,) = planned(make_session(dry_run=True).run(f"a cat -A{sampler} -s{steps}"))
    assert one.first_sigma == pytest.approx(14.6146, abs=1e-4)  # sigma of timestep 999
