"""What a line has packed is put on the shelves of its networks when it is drawn."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from torch import nn

from invoke_cli.session.session import Session
from tests.session.conftest import saved


def test_a_line_fills_the_shelves_of_its_networks(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    filled: list[nn.Module] = []

    def noted(networks: Iterable[nn.Module]) -> None:
        filled.extend(networks)

    monkeypatch.setattr("invoke_cli.models.shelf.fill_shelves", noted)
    assert len(saved(session.run("a cat -s1 -n2"))) == 2
    bundle = session.models.lend()
    assert filled == [bundle.unet, bundle.vae] * 2  # behind each picture, that little waits in memory
    filled.clear()
    list(session.run("a cat -s0"))
    assert filled == []
