"""What happens when memory does not suffice: less and less of it is taken, each way once, and said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from invoke_cli.diffusion import generate as generating
from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.recipe import Recipe
from invoke_cli.diffusion.thrift import Thrift
from invoke_cli.imaging.metadata import read_texts, unpack
from invoke_cli.session.events import Progress, Saved
from invoke_cli.session.session import Session
from invoke_cli.session.studio import room
from tests.carriers import Porter
from tests.session.conftest import Make, failure, notices, pixels, saved

LINE = "a cat -s3 -S3 -W64 -H64 -I sketch.png -f 0.7"
FULL = "CUDA out of memory. Tried to allocate 2 GiB"

Tried = list[tuple[int, Thrift]]


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Recipe, int], bool]], Tried]:
    """Lets sampling run out of memory for some recipes; notes how many and with what thrift were tried."""

    def fail(when: Callable[[Recipe, int], bool]) -> Tried:
        tried: Tried = []
        sample = generating.sample

        def limited(bundle: Bundle, recipes: Sequence[Recipe]) -> Any:
            tried.append((len(recipes), recipes[0].thrift))
            steps = sample(bundle, recipes)
            if when(recipes[0], len(recipes)):
                yield next(steps)  # memory runs out on the way
                raise RuntimeError(FULL)
            return (yield from steps)

        monkeypatch.setattr(generating, "sample", limited)
        return tried

    return fail


@pytest.fixture
def carried(session: Session) -> Session:
    """A session whose model's weights can wait elsewhere."""
    bundle = replace(session.models.lend(), carrier=Porter())
    session.models.cache.lend = lambda _entry: bundle  # type: ignore[method-assign]
    return session


SPARING = Thrift(sliced=True, tiled=True)
AWAY = Thrift(sliced=True, tiled=True, away=True)


def line_of(event: Saved) -> str:
    return unpack(read_texts(event.path)).line or ""


def test_first_what_runs_at_once_runs_in_parts(session: Session, sketch: Path, fails: Any) -> None:
    tried = fails(lambda recipe, _: not recipe.low_memory)
    events = list(session.run(f"{LINE} -n2"))
    one, two = saved(events)
    assert notices(events).count("as with --low_memory") == 1
    # the second picture is not tried in vain
    assert tried == [(1, Thrift()), (1, SPARING), (1, SPARING)]
    assert "--low_memory" in one.line
    assert line_of(one) == one.line
    assert unpack(read_texts(two.path)).facts["request"]["low_memory"] is True
    again = saved(session.run(one.line))[0]
    assert np.array_equal(pixels(again.path), pixels(one.path))
    assert again.line == one.line


def test_then_networks_wait_in_main_memory(carried: Session, sketch: Path, fails: Any) -> None:
    tried = fails(lambda recipe, _: not recipe.away)
    events = list(carried.run(LINE))
    (picture,) = saved(events)
    assert [thrift for _, thrift in tried] == [Thrift(), SPARING, AWAY]
    assert notices(events).count("not enough memory") == 2
    assert "--low_memory does all of that at once" in notices(events)
    assert [event.step.index for event in events if isinstance(event, Progress)][:2] == [0, 0]
    tried.clear()
    again = saved(carried.run(picture.line))[0]  # the line has all of it at once
    assert [thrift for _, thrift in tried] == [AWAY]
    assert np.array_equal(pixels(again.path), pixels(picture.path))


def test_in_the_end_it_is_told(carried: Session, sketch: Path, fails: Any) -> None:
    tried = fails(lambda *_: True)
    events = list(carried.run(LINE))
    assert len(tried) == 3
    assert "not enough memory for a picture of 96x64" in failure(events).error.message
    assert list(Path("outputs/img-samples").glob("*.png")) == []


def test_without_another_place_there_is_one_step_less(session: Session, sketch: Path, fails: Any) -> None:
    tried = fails(lambda *_: True)
    assert failure(session.run(LINE))
    assert len(tried) == 2
    tried.clear()
    assert failure(session.run(f"{LINE} --low_memory"))
    assert [thrift for _, thrift in tried] == [AWAY]


def test_batches_shrink_before_a_picture_is_spared_for(make_session: Make, sketch: Path, fails: Any) -> None:
    tried = fails(lambda recipe, count: count > 1 or not recipe.low_memory)
    session = make_session(batch=4)
    one, *_, last = saved(session.run(f"{LINE} -n4"))
    assert [count for count, _ in tried] == [4, 2, 1, 1, 1, 1, 1]
    assert all("--low_memory" in each.line for each in (one, last))


def test_a_decoder_out_of_memory_keeps_the_steps(
    session: Session, sketch: Path, fails: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Bundle.decode

    def small(self: Bundle, *given: Any) -> Any:
        if not self.thrift.tiled:
            raise RuntimeError(FULL)
        return own(self, *given)

    monkeypatch.setattr(Bundle, "decode", small)
    monkeypatch.setattr("invoke_cli.diffusion.autoencoding.WHOLE", 0)
    tried = fails(lambda *_: False)
    events = list(session.run(LINE))
    (picture,) = saved(events)
    assert len(tried) == 1
    assert notices(events).count("--tiled_vae does so at once") == 1
    assert "--tiled_vae" in picture.line
    assert "--low_memory" not in picture.line
    monkeypatch.setattr(Bundle, "decode", own)
    again = saved(session.run(picture.line.replace("--tiled_vae", "")))[0]
    bands = pixels(picture.path).astype(int)
    assert np.abs(bands - pixels(again.path)).max() <= 1


def test_what_is_decoded_in_bands_says_so_and_is_remade(
    session: Session, sketch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invoke_cli.diffusion.autoencoding.WHOLE", 0)
    (usual,), (banded,) = (saved(session.run(f"{LINE} {more}")) for more in ("", "--tiled_vae --seamless"))
    assert "--tiled_vae" not in usual.line
    assert "--tiled_vae" in banded.line
    (again,) = saved(session.run(banded.line))
    assert np.array_equal(pixels(again.path), pixels(banded.path))


def test_a_batch_that_spares_memory_has_half_the_size_a_picture(
    make_session: Make, sketch: Path, fails: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = 2 * 32 * 8 * 8 * 8 * 4  # sides, values a channel, channels, latents, bytes
    monkeypatch.setattr("invoke_cli.session.studio.free_memory", lambda _: 2 * 2 * one)
    tried = fails(lambda *_: False)
    line = "a cat -s3 -W64 -H64 -n4 --batch auto"
    together = saved(make_session().run(f"{line} -S3 --low_memory"))
    saved(make_session().run(f"{line} -S9"))
    assert [count for count, _ in tried] == [4, 2, 2]
    alone = saved(make_session().run(f"{line} -S3 --low_memory --batch 1"))
    assert all(np.array_equal(pixels(a.path), pixels(b.path)) for a, b in zip(together, alone, strict=True))


def test_weights_make_room_before_it_is_measured(carried: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = carried.models.lend()
    recipe = Recipe(positive=(("a cat", 1.0),), width=64, height=64, steps=2, seed=1, away=True)
    seen = []

    def free(_: object) -> int:
        seen.append(bundle.carrier.is_home(next(bundle.vae.parameters())))
        return 0

    monkeypatch.setattr("invoke_cli.session.studio.free_memory", free)
    assert room(bundle, recipe, 0) == 1
    assert seen == [True]
