"""What is told while a model comes from the hub."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
import torch

from invoke_cli.errors import ModelError, UnavailableError
from invoke_cli.models.cache import ModelCache
from invoke_cli.models.entries import ModelEntry
from invoke_cli.models.hub import Fetched, Report
from invoke_cli.models.wanted import Wanted
from invoke_cli.session.events import Fetching
from invoke_cli.session.fetching import lent, with_vae

ENTRY = ModelEntry(name="one", source="org/one")


def test_a_download_is_told_until_the_model_is_there() -> None:
    goes_on = threading.Event()

    def fetch(entry: ModelEntry, report: Report) -> None:
        report(Fetched(entry.source, 1, 4))
        assert goes_on.wait(30)

    bundle = SimpleNamespace(device=torch.device("cpu"))
    cache = ModelCache("cpu", "auto", lambda *_: bundle, fetch=fetch, weigh=lambda _: 1)  # type: ignore[arg-type, return-value]
    waiting = lent(cache, ENTRY)
    assert next(waiting) == Fetching("org/one", 1, 4)
    assert cache.state(ENTRY) == "loading"
    goes_on.set()
    with pytest.raises(StopIteration) as end:
        next(waiting)
    assert end.value.value is bundle
    assert cache.progress(ENTRY) is None


def test_a_download_that_fails_can_be_tried_again() -> None:
    tries: list[str] = []

    def fetch(entry: ModelEntry, report: Report) -> None:
        tries.append(entry.name)
        raise UnavailableError("no network")

    cache = ModelCache("cpu", "auto", lambda *_: None, fetch=fetch)  # type: ignore[arg-type, return-value]
    for _ in range(2):
        with pytest.raises(ModelError, match="no network"):
            list(lent(cache, ENTRY))
    assert tries == ["one", "one"]


def test_what_is_here_is_not_fetched() -> None:
    waiting = with_vae(Wanted())
    with pytest.raises(StopIteration) as end:
        next(waiting)
    assert end.value.value == Wanted()
