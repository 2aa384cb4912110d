"""The line stored in a picture draws that picture again, to the pixel, whatever switches made it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from invoke_cli.diffusion.samplers import SAMPLERS
from invoke_cli.errors import InvokeError
from invoke_cli.imaging.metadata import read_texts, unpack
from invoke_cli.language.codecs import SAMPLER, Lists
from invoke_cli.language.declare import Switch
from invoke_cli.language.grammar import check, write
from invoke_cli.language.lists import AXES, VARIATIONS
from invoke_cli.language.request import Request
from invoke_cli.language.switches import table
from invoke_cli.models.catalog import Catalog
from invoke_cli.session.events import Failed, Saved
from invoke_cli.session.session import Session
from invoke_cli.settings import Settings
from tests.session.conftest import pixels

DEMO = Path(__file__).parents[2] / "invoke_cli" / "data" / "demo"
WORDS = (
    "a tree on a hill",
    "fire",
    "a boat at sunset",
    "an old house",
    "the river, painted",
    "a campfire at night",
)
FORMS = (
    "{0}", "{0} [{1}]", "({0})1.3 and {1}", "{0}++ {1}-", "it's {0} - 50% \"off\"", "{0} -x {1} #9",
    "{0} # {1}",
    '("{0}", "{1}").blend(0.7, 0.3)', '("{0}", "{1}").and()', "{0}:0.6 {1}:0.4", "{{{0}|{1}}} in the rain",
    "a (tree).swap(house) on a hill", "{0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {1}",
)  # fmt: skip
# Smaller than the switch allows: the pictures should be small, and drawn in few steps.
SMALL: dict[str, tuple[float, float]] = {
    "steps": (1, 5), "cfg_scale": (0, 12), "threshold": (0, 8), "karras_max": (0, 8), "seed": (0, 2**32 - 1),
}  # fmt: skip
# What the session that draws again has in place of the built-in defaults.
OTHER = Request(
    steps=7, cfg_scale=2, sampler="ddim", strength=0.3, fit=True, keep_size=True, karras_max=50, perlin=0.3,
    threshold=1, seamless=True, seamless_axes=("y",), exact_strength=True, width=72, height=88,
    skip_normalize=True, hires_fix=True, png_compression=1,
)  # fmt: skip


def sketches(folder: Path) -> list[str]:
    """Init pictures of all kinds: wide, tall, transparent, with a palette, odd in size."""
    across, down = np.meshgrid(np.linspace(0, 255, 100), np.linspace(0, 255, 70))
    wide = Image.fromarray(np.dstack([across, down, 255 - across]).astype(np.uint8))
    hole = wide.copy()
    hole.putalpha(Image.fromarray(np.where(across < 120, 255, 0).astype(np.uint8)))
    made = {
        "wide.png": wide,
        "tall one.png": wide.transpose(Image.Transpose.ROTATE_90),
        "hole.png": hole,
        "palette.png": wide.quantize(16),
        "odd.jpg": wide.crop((0, 0, 61, 67)),
    }
    for name, picture in made.items():
        picture.save(folder / name)
    return list(made)


def value(switch: Switch, rng: random.Random, pictures: list[str], side: int) -> Any:
    """A value that the switch can take and that is quickly drawn."""
    codec = switch.codec
    if switch.on_off:
        return rng.random() < 0.5
    if switch.name in ("width", "height"):
        return rng.randrange(side // 2, side * 9 // 8)
    if codec.completes == "picture":
        return rng.choice(pictures)
    if codec is SAMPLER:
        return rng.choice(list(SAMPLERS))
    if codec is AXES:
        return rng.choice([("x",), ("y",), ("x", "y")])
    if codec is VARIATIONS:
        return tuple((rng.randrange(2**32), round(rng.random(), 3)) for _ in range(rng.randint(1, 2)))
    if switch.name == "prompt":
        return rng.choice(FORMS).format(*rng.sample(WORDS, 2))
    if codec.limits is None and codec.examples:
        return rng.choice(codec.examples)
    low, high = SMALL.get(switch.name, codec.limits or (0, 0))
    assert low < high, f"{switch.name}: a value of its kind is missing here"
    return (
        rng.randint(int(low), int(high)) if codec.lists is Lists.WHOLE else round(rng.uniform(low, high), 3)
    )


def requests(seed: int, pictures: list[str], side: int) -> Iterator[Request]:
    """Random requests over all switches that decide pixels, each of which some of them set."""
    rng = random.Random(seed)
    deciding = [switch for switch in table() if switch.pixels and not switch.later]
    always = {"prompt", "steps", "width", "height", "sampler"}
    while True:
        chosen = [switch for switch in deciding if switch.name in always or rng.random() < 0.35]
        request = Request(**{switch.name: value(switch, rng, pictures, side) for switch in chosen})
        try:
            check(request)
        except InvokeError:
            continue
        yield request


def draws_itself_again(model: Path, count: int, seed: int, side: int, tmp_path: Path) -> None:
    """Draw `count` random lines, and each stored line once more in another session of other defaults.

    Lines that are refused, because their switches contradict each other, draw nothing and do not count.
    """
    first, again = (
        Session(Settings(model=str(model), device="cpu", defaults=defaults), Catalog({}))
        for defaults in (Request(), OTHER)
    )
    drawn = refused = 0
    for request in requests(seed, sketches(tmp_path), side):
        line = write(request)
        events = list(first.run(line))
        refused += any(isinstance(event, Failed) for event in events)
        assert refused <= 3 * (drawn + 5), line
        for picture in [event for event in events if isinstance(event, Saved) and event.kind == "picture"]:
            stored = unpack(read_texts(picture.path)).line
            (copy,) = [event for event in again.run(stored) if isinstance(event, Saved)]
            assert copy.line == stored, line
            np.testing.assert_array_equal(
                pixels(copy.path), pixels(picture.path), err_msg=f"{line}\n{stored}"
            )
            drawn += 1
        if drawn >= count:
            return


def test_random_pictures_draw_themselves_again(tiny_model: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    draws_itself_again(tiny_model, 10, 7, 64, tmp_path)


@pytest.mark.thorough
def test_a_hundred_random_pictures_of_the_demo_draw_themselves_again(
    tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    draws_itself_again(DEMO, 100, 1, 128, tmp_path)


def test_every_switch_that_decides_pixels_is_among_them(tmp_path: Path) -> None:
    found = requests(7, sketches(tmp_path), 64)
    several = [next(found) for _ in range(300)]
    unset = {switch.name for switch in table() if switch.pixels and not switch.later}
    for request in several:
        unset -= {name for name in unset if getattr(request, name) not in (None, "")}
    assert unset == set()
