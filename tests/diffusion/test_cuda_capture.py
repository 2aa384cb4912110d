"""What is asked of CUDA for captures, copies and pace, told by a stand-in for `torch.cuda`."""

from __future__ import annotations

import gc
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest
import torch

from invoke_cli.diffusion.engines import CudaCapture
from invoke_cli.diffusion.host import AHEAD, Pace


class Stream:
    def __init__(self, *_: Any) -> None:
        pass

    def wait_stream(self, other: Any) -> None:
        Cuda.told.append(f"{Cuda.name(self)} waits for {Cuda.name(other)}")


class Graph:
    def replay(self) -> None:
        Cuda.told.append("replay")


class Event:
    def __init__(self, **_: Any) -> None:
        self.number = 0

    def record(self, *_: Any) -> None:
        Cuda.events += 1
        self.number = Cuda.events

    def synchronize(self) -> None:
        Cuda.told.append(f"wait for step {self.number}")


class Cuda:
    """Notes what is told to it. captures: the pool and the stream of each."""

    told: ClassVar[list[str]] = []
    captures: ClassVar[list[tuple[int, Any]]] = []
    main = Stream()
    pools = events = 0

    @classmethod
    def name(cls, stream: Any) -> str:
        return "main" if stream is cls.main else "side"

    @classmethod
    def graph_pool_handle(cls) -> int:
        cls.pools += 1
        return cls.pools

    @classmethod
    @contextmanager
    def stream(cls, stream: Any) -> Iterator[None]:
        cls.told.append(f"on {cls.name(stream)}")
        yield

    @classmethod
    @contextmanager
    def graph(cls, _graph: Any, *, pool: int, stream: Any, capture_error_mode: str) -> Iterator[None]:
        assert capture_error_mode == "thread_local"
        cls.captures.append((pool, stream))
        cls.told.append("capture")
        yield
        cls.told.append("captured")


@pytest.fixture(autouse=True)
def cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = set(inspect.signature(torch.cuda.graph.__init__).parameters)
    assert {"pool", "stream", "capture_error_mode"} <= taken  # what the stand-in takes is what torch takes
    Cuda.told, Cuda.captures, Cuda.pools, Cuda.events = [], [], 0, 0
    for name in ("stream", "graph", "graph_pool_handle"):
        monkeypatch.setattr(torch.cuda, name, getattr(Cuda, name))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda *_: Cuda.main)
    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "Event", Event)


def run() -> tuple[torch.Tensor, ...]:
    Cuda.told.append("run")
    return (torch.zeros(1),)


def test_a_capture_is_warmed_up_on_its_own_stream_and_runs_only_when_replayed() -> None:
    replay, results = CudaCapture()(run)
    replay()
    assert len(results) == 1
    assert Cuda.told == [
        "side waits for main", "on side", "run", "main waits for side",
        "capture", "run", "captured", "replay",
    ]  # fmt: skip


def test_graphs_share_pool_and_stream_until_the_last_of_them_is_gone() -> None:
    """torch shares memory only where the stream is the same, and refuses a pool that nobody uses any more."""
    capture = CudaCapture()
    kept = [capture(run) for _ in range(3)]
    assert len(set(Cuda.captures)) == 1
    del kept[0], kept[0]
    kept.append(capture(run))
    assert len(set(Cuda.captures)) == 1
    kept.clear()
    gc.collect()
    capture(run)
    (old, stream), *_, (new, same) = Cuda.captures
    assert old != new
    assert stream is same


def test_the_host_waits_for_steps_of_the_past_alone() -> None:
    pace = Pace(torch.device("cuda"))
    for _ in range(AHEAD + 3):
        pace.step()
    assert Cuda.told == [f"wait for step {number}" for number in (1, 2, 3)]
    elsewhere = Pace(torch.device("cpu"))
    for _ in range(AHEAD + 3):
        elsewhere.step()
    assert Cuda.events == AHEAD + 3
