"""Models that give their plain weights up for packed ones draw on, and are known for what they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from invoke_cli.diffusion.kernels import packs
from invoke_cli.models.cache import size_of
from invoke_cli.session.session import Session
from tests.session.conftest import pixels, saved

LINE = "a cat -s3 -S3 -W64 -H64 -I sketch.png -f 0.7"


def test_a_large_model_draws_line_after_line(
    make_session: Callable[..., Session], sketch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = pixels(saved(make_session().run(LINE))[0].path)
    monkeypatch.setattr("invoke_cli.diffusion.packed.SPARED", 0)
    session = make_session()
    bundle = session.models.lend()
    if not packs(bundle.device, bundle.dtype):
        pytest.skip("this processor's weights are not packed")
    size = size_of(bundle)
    drawn = [pixels(saved(session.run(LINE))[0].path) for _ in range(2)]
    assert any(weight.is_meta for weight in bundle.vae.parameters())
    assert all((one == usual).all() for one in drawn)
    assert bundle.has_vae
    assert size_of(bundle) == size
