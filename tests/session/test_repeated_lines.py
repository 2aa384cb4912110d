"""What a line shares with an earlier one is not done again, and never shows in its pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from invoke_cli.diffusion.walk import Walk
from invoke_cli.session import starts
from invoke_cli.session.session import Session
from tests.session.conftest import Make, notices, pixels, saved

LINE = "a cat -I sketch.png -f0.5 -s4 --fit -W64 -H64 -S5"


@contextmanager
def calls(session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    """How often networks run, and pictures are opened, within the block."""
    bundle = session.models.lend()
    counted = dict.fromkeys(("text_encoder", "encoder", "decoder", "opened"), 0)

    def count(name: str) -> None:
        counted[name] += 1

    parts = {
        "text_encoder": bundle.text_encoder,
        "encoder": bundle.vae.encoder,
        "decoder": bundle.vae.decoder,
    }
    own = starts.open_picture
    with ExitStack() as stack, monkeypatch.context() as patch:
        for name, part in parts.items():
            hook = part.register_forward_hook(lambda *_, name=name: count(name))
            stack.callback(hook.remove)
        patch.setattr(starts, "open_picture", lambda path: (count("opened"), own(path))[1])
        yield counted


def test_a_repeated_prompt_and_init_run_only_the_network_and_the_decoder(
    session: Session, sketch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with calls(session, monkeypatch) as first:
        (one,) = saved(session.run(LINE))
    assert first == {"text_encoder": 2, "encoder": 1, "decoder": 1, "opened": 1}  # no negative: empty text
    with calls(session, monkeypatch) as second:
        again, stronger = (saved(session.run(line))[0] for line in (LINE, f"{LINE} -f0.9 -S6"))
    assert second == {"text_encoder": 0, "encoder": 0, "decoder": 2, "opened": 0}
    assert np.array_equal(pixels(one.path), pixels(again.path))
    assert not np.array_equal(pixels(one.path), pixels(stronger.path))


def test_an_init_picture_that_has_changed_is_opened_again(
    session: Session, make_session: Make, sketch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(session.run(LINE))
    Image.fromarray(255 - pixels(sketch)).save(sketch)
    with calls(session, monkeypatch) as counted:
        (changed,) = saved(session.run(LINE))
    assert counted["opened"] == counted["encoder"] == 1
    (fresh,) = saved(make_session().run(LINE))
    assert np.array_equal(pixels(changed.path), pixels(fresh.path))


def test_bfloat16_that_nobody_asked_for_is_said_once(session: Session) -> None:
    half = replace(session.models.lend(), dtype=torch.bfloat16)
    half.unet.bfloat16()
    half.vae.bfloat16()
    half.text_encoder.bfloat16()
    session.models.cache.lend = lambda _entry: half  # type: ignore[method-assign]
    said = [notices(session.run("a cat -s1 -W64 -H64")) for _ in range(2)]
    assert [text.count("runs in bfloat16") for text in said] == [1, 0]


@pytest.mark.parametrize("switches", ["--guidance_above 0.5 --guidance_below 5", "--reuse_features 2"])
def test_approximations_are_written_into_the_line_and_remake_their_picture(
    session: Session, switches: str
) -> None:
    plain, approximate = (saved(session.run(f"a cat -s5 -S3 -W64 -H64 {more}"))[0] for more in ("", switches))
    assert switches in approximate.line
    assert switches.split()[0] not in plain.line
    assert not np.array_equal(pixels(plain.path), pixels(approximate.path))
    (again,) = saved(session.run(approximate.line))
    assert np.array_equal(pixels(again.path), pixels(approximate.path))


def test_where_memory_does_not_suffice_the_halves_run_one_after_the_other(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = "a cat -s3 -S3 -W64 -H64"
    (spared,) = saved(session.run(f"{line} --low_memory"))
    own = Walk.__call__

    def small(walk: Walk, z: torch.Tensor, times: Any, texts: Any) -> torch.Tensor:
        if len(texts.embeddings) > 1:
            raise RuntimeError("CUDA out of memory. Tried to allocate")
        return own(walk, z, times, texts)

    monkeypatch.setattr(Walk, "__call__", small)
    events = list(session.run(line))
    assert notices(events).count("one after the other") == 1
    assert np.array_equal(pixels(saved(events)[0].path), pixels(spared.path))
