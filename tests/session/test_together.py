"""Pictures drawn several at once: the same files, pixels, lines and events as one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from invoke_cli.diffusion import generate as generating
from invoke_cli.diffusion.compiled import Compiler
from invoke_cli.imaging.metadata import read_texts, unpack
from invoke_cli.models.catalog import Catalog
from invoke_cli.session.events import Event, Failed, Notice, Planned, Progress, Saved
from invoke_cli.session.session import Session
from invoke_cli.settings import Settings
from invoke_cli.shell import read_arguments
from tests.session.conftest import SHORT, Make, failure, notices, pixels, saved


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures each call of the sampler is for."""
    counted: list[int] = []
    sample = generating.sample

    def counting(bundle: Any, recipes: Sequence[Any]) -> Any:
        counted.append(len(recipes))
        return (yield from sample(bundle, recipes))

    monkeypatch.setattr(generating, "sample", counting)
    return counted


def in_turn(session: Session, lines: Sequence[str]) -> list[Event]:
    """The events of lines of which all those behind are known, as in a file."""
    return [event for events in by_line(session, lines) for event in events]


def by_line(session: Session, lines: Sequence[str]) -> Iterator[list[Event]]:
    for place, line in enumerate(lines):
        behind: Callable[[], Iterator[str]] = lambda place=place: iter(lines[place + 1 :])  # noqa: E731
        yield list(session.run(line, place + 1, following=behind))


def told(events: Sequence[Event]) -> list[object]:
    """What a front end shows of events, without times; files are told of when they are written."""
    shown: list[object] = []
    for event in events:
        match event:
            case Progress():
                shown.append((event.picture, event.pictures, event.step.index, event.step.total))
            case Saved():
                shown.append((event.kind, event.path, event.seed, event.line))
            case Planned():
                shown.append((event.line_number, event.pictures))
            case Notice():
                shown.append(event.text)
            case Failed():
                shown.append((event.line_number, event.error.message))
    return sorted(shown, key=lambda one: isinstance(one, tuple) and isinstance(one[0], int) and len(one) == 4)


def assert_the_same(make_session: Make, lines: Sequence[str]) -> None:
    """Together in one folder and one by one in another: everything equal but the folder."""
    alone = in_turn(make_session(outdir="out"), lines)
    files = [(path.name, path.read_bytes()) for path in sorted(Path("out").rglob("*.png"))]
    Path("out").rename("alone")
    together = in_turn(make_session(outdir="out", batch=8), lines)
    assert told(together) == told(alone)
    assert [(path.name, path.read_bytes()) for path in sorted(Path("out").rglob("*.png"))] == files
    assert len(files) >= len(lines) - 1


def test_pictures_of_one_line(make_session: Make, calls: list[int]) -> None:
    assert_the_same(make_session, [f"{SHORT} -S42 -n3 -g -Ak_euler_a --save_intermediates 1"])
    assert calls == [1, 1, 1, 3]


def test_lines_that_are_alike_are_drawn_together_and_told_in_turn(
    make_session: Make, sketch: Path, calls: list[int]
) -> None:
    lines = [
        f"{SHORT} -S1 -n2",
        f"{SHORT} a dog [cat] -S5 --perlin 0.2",
        f"{SHORT} -S6 -V 5:0.3",
        f"{SHORT} -S7 -C 3",
        "a cat -I sketch.png -s4 -f0.5 -S3",
        "a dog -I sketch.png -s4 -f0.5 -S4 -n2",
    ]
    assert_the_same(make_session, lines)
    assert calls[8:] == [4, 1, 3]


def test_a_size_is_a_limit(make_session: Make, calls: list[int]) -> None:
    saved(make_session().run(f"{SHORT} -n5 --batch 2"))
    assert calls == [2, 2, 1]


def test_one_picture_at_a_time_unless_asked(session: Session, calls: list[int]) -> None:
    in_turn(session, [f"{SHORT} -n2", SHORT])
    assert calls == [1, 1, 1]


def test_auto_is_what_half_of_the_free_memory_holds(
    make_session: Make, calls: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = 2 * 32 * 8 * 8 * 8 * 4  # sides, values a channel, channels, latents, bytes
    monkeypatch.setattr("invoke_cli.session.studio.free_memory", lambda _: 2 * 3 * one + 1)
    saved(make_session().run(f"{SHORT} -n4 --batch auto"))
    assert calls == [3, 1]


@pytest.mark.parametrize(
    "back",
    ["a cat -I-1 -s3 -f0.5 -S2", f"{SHORT} -S-1", f"{SHORT} -S 1,2", "a cat -I out/000001.1.png -s3 -S2"],
)
def test_lines_that_look_back_wait(make_session: Make, back: str, calls: list[int]) -> None:
    assert_the_same(make_session, [f"{SHORT} -S1", back, f"{SHORT} -S9"])


def test_variations_of_a_picture(make_session: Make, sketch: Path, calls: list[int]) -> None:
    assert_the_same(make_session, ["a cat -I sketch.png -s4 -f0.6 -S9 -v0.2 -n4 -W64", f"{SHORT} -S1"])
    assert calls[5:] == [1, 3, 1]


def test_a_mistake_is_told_in_its_turn(make_session: Make, calls: list[int]) -> None:
    assert_the_same(make_session, [f"{SHORT} -S1", "a cat -I missing.png", f"{SHORT} -S2"])


def test_notes_on_a_start_come_with_its_own_line(make_session: Make, sketch: Path) -> None:
    small = [f"a cat -I sketch.png -s4 -f0.5 -W32 -S{seed}" for seed in (1, 2)]
    first, second = by_line(make_session(batch=4), small)
    assert notices(first).count("-W and -H are not used") == 1
    assert notices(second).count("-W and -H are not used") == 1


def test_memory_that_does_not_suffice_makes_batches_smaller(
    make_session: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = generating.sample
    tried: list[int] = []

    def limited(bundle: Any, recipes: Sequence[Any]) -> Any:
        tried.append(len(recipes))
        if len(recipes) > 2:
            raise RuntimeError("CUDA out of memory. Tried to allocate")
        return (yield from sample(bundle, recipes))

    monkeypatch.setattr(generating, "sample", limited)
    session = make_session(batch=5)
    events = list(session.run(f"{SHORT} -n5"))
    assert len(saved(events)) == 5
    assert tried == [5, 2, 2, 1]
    said = "there is not enough memory for 5 pictures at once: going on with 2 at once"
    assert notices(events).splitlines()[-1] == said
    assert "memory" not in notices(list(session.run(f"{SHORT} -n5")))


def test_a_bug_is_not_taken_for_too_little_memory(
    make_session: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(generating, "sample", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        list(make_session(batch=2).run(f"{SHORT} -n2"))


def test_a_stopped_batch_keeps_what_was_saved(make_session: Make) -> None:
    session = make_session(batch=4)
    events = session.run(f"{SHORT} -n3")
    for event in events:
        if isinstance(event, Saved):
            break
    events.close()  # type: ignore[attr-defined]
    assert list(Path("outputs/img-samples").glob("*.png"))
    *_, first, second = saved(session.run(f"{SHORT} -n2 -S5"))  # behind those still being written
    alone = saved(make_session().run(f"{SHORT} -n2 -S5"))
    assert [pixels(one.path).tolist() for one in (first, second)] == [
        pixels(one.path).tolist() for one in alone
    ]


def test_all_are_seen_while_they_are_drawn(make_session: Make) -> None:
    events = make_session(batch=4).run(f"{SHORT} -n4")
    first = next(event for event in events if isinstance(event, Progress))
    assert first.together == 4
    assert first.preview is not None
    assert first.preview().shape == (16, 16, 3)


def test_nothing_is_drawn_ahead_in_a_dry_run(make_session: Make, calls: list[int]) -> None:
    session = make_session(dry_run=True, batch=4)
    events = in_turn(session, [SHORT, f"{SHORT} -S-1"])
    assert [len(event.pictures) for event in events if isinstance(event, Planned)] == [1, 1]
    assert calls == []


def test_a_size_that_cannot_be(session: Session) -> None:
    assert "goes from 0 to 64" in failure(session.run(f"{SHORT} --batch 65")).error.message
    assert np.array_equal([len(saved(session.run(f"{SHORT} -n2 --batch auto")))], [2])


def test_a_compiled_network_is_said_in_the_file(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("invoke_cli.diffusion.bundle.Compiler", lambda device: Compiler(device, "eager"))
    settings = Settings(model=str(tiny_model), device="cpu", compile=read_arguments(["--compile"]).compile)
    (picture,) = saved(Session(settings, Catalog({})).run("a cat -s2 -W64 -H64"))
    assert unpack(read_texts(picture.path)).facts["compiled"] is True
