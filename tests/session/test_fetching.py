"""What is told while a model comes from the hub."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest
import torch

from invoke_cli.errors import ModelError, UnavailableError
from invoke_cli.models.cache import ModelCache, fetch_nothing
from invoke_cli.models.entries import ModelEntry
from invoke_cli.models.hub import Fetched, Report, StoppedError, Wish, fetch
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


def endless(entry: ModelEntry, report: Report) -> None:
    """A download that comes to an end only where the report ends it."""
    done = 0
    while True:
        report(Fetched(entry.source, done, 2**40))
        done += 1
        time.sleep(0.001)


@pytest.mark.parametrize("reason", [KeyboardInterrupt, GeneratorExit])
def test_a_download_ends_when_nobody_waits_for_it_any_more(reason: type[BaseException]) -> None:
    fetches = iter((endless, fetch_nothing))
    bundle = SimpleNamespace(device=torch.device("cpu"))
    cache = ModelCache(
        "cpu",
        "auto",
        lambda *_: bundle,  # type: ignore[arg-type, return-value]
        fetch=lambda entry, report: next(fetches)(entry, report),
        weigh=lambda _: 1,
    )
    future = cache.start(ENTRY)
    waiting = lent(cache, ENTRY)
    assert isinstance(next(waiting), Fetching)
    with pytest.raises(reason):
        waiting.throw(reason)
    with pytest.raises(StoppedError):
        future.result(timeout=60)
    assert cache.state(ENTRY) == "not loaded"
    with pytest.raises(StopIteration) as end:
        next(lent(cache, ENTRY))
    assert end.value.value is bundle


def test_another_download_that_ends_with_it_can_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def aborted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt  # as the library does in its threads

    monkeypatch.setattr("invoke_cli.models.hub._snapshot", aborted)
    wish = Wish("org/other", ("*",))
    cache = ModelCache("cpu", "auto", lambda *_: None, fetch=lambda _, report: ignored(fetch(wish, report)))  # type: ignore[arg-type, return-value]
    with pytest.raises(StoppedError, match="fetching org/other was stopped"):
        list(lent(cache, ENTRY))
    assert cache.state(ENTRY) == "not loaded"
    with pytest.raises(KeyboardInterrupt):
        fetch(wish, lambda _: None)


def ignored(_: object) -> None:
    """What a fetch gives back is not asked for."""


def test_a_model_that_is_here_goes_on_loading_when_nobody_waits_for_it() -> None:
    begun, goes_on = threading.Event(), threading.Event()
    bundle = SimpleNamespace(device=torch.device("cpu"))

    def load(*_: object) -> object:
        begun.set()
        assert goes_on.wait(60)
        return bundle

    cache = ModelCache("cpu", "auto", load, weigh=lambda _: 1)  # type: ignore[arg-type]
    future = cache.start(ENTRY)
    assert begun.wait(60)
    cache.stop_fetching(ENTRY)
    assert cache.state(ENTRY) == "loading"
    goes_on.set()
    assert future.result(timeout=60) is bundle
    assert cache.state(ENTRY) == "ready"


def test_a_vae_that_nobody_waits_for_any_more_is_not_fetched_to_its_end() -> None:
    ended = threading.Event()

    def fetched(report: Report) -> None:
        try:
            endless(ENTRY, report)
        except StoppedError:
            ended.set()

    vae = SimpleNamespace(file=None, fetched=fetched)
    waiting = with_vae(Wanted(vae=vae))  # type: ignore[arg-type]
    assert isinstance(next(waiting), Fetching)
    waiting.close()
    assert ended.wait(60)
