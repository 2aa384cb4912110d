"""What the CUDA carrier asks of CUDA, told by streams that only note it: there need be no GPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch

from invoke_cli.diffusion.residence import CPU, CudaCarrier

Noted = list[tuple[str, ...]]


class Stream:
    """Notes what is asked of it."""

    def __init__(self, name: str, noted: Noted) -> None:
        self.name = name
        self._noted = noted

    def wait_stream(self, other: Stream) -> None:
        self._noted.append((self.name, "waits for all of", other.name))

    def record_event(self) -> str:
        self._noted.append((self.name, "notes"))
        return "copied"

    def wait_event(self, event: str) -> None:
        self._noted.append((self.name, "waits for", event))


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> Noted:
    """In order, what streams are told, and when a tensor is copied into another."""
    found: Noted = []
    current = Stream("work", found)
    copy_ = torch.Tensor.copy_

    @contextmanager
    def within(stream: Stream) -> Iterator[None]:
        found.append((stream.name, "begins"))
        yield
        found.append((stream.name, "ends"))

    def copying(self: torch.Tensor, other: torch.Tensor, **how: Any) -> torch.Tensor:
        found.append(("copy", "without waiting" if how.get("non_blocking") else "waiting"))
        return copy_(self, other)

    monkeypatch.setattr("torch.cuda.Stream", lambda _device: Stream("side", found))
    monkeypatch.setattr("torch.cuda.current_stream", lambda _device: current)
    monkeypatch.setattr("torch.cuda.stream", within)
    monkeypatch.setattr(torch.Tensor, "copy_", copying)
    return found


def test_a_copy_waits_for_what_reads_its_place_and_is_waited_for(noted: Noted) -> None:
    carrier, weight = CudaCarrier(CPU), torch.arange(6.0).reshape(2, 3)
    into = torch.zeros(2, 3)
    arrival = carrier.start(weight, into)
    assert noted == [
        ("side", "waits for all of", "work"),
        ("side", "begins"),
        ("copy", "without waiting"),
        ("side", "notes"),
        ("side", "ends"),
    ]
    arrival()
    assert noted[-1] == ("work", "waits for", "copied")
    assert torch.equal(into, weight)


def test_memory_that_cannot_be_pinned_is_used_as_it_is(noted: Noted, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: torch.Tensor) -> Any:
        raise RuntimeError("CUDA error: out of memory")

    monkeypatch.setattr(torch.Tensor, "pin_memory", refuse)
    weight = torch.ones(2, 2).to(memory_format=torch.contiguous_format)
    carrier = CudaCarrier(CPU)
    assert torch.equal(carrier.home(weight), weight)
    assert carrier.is_home(weight)
    assert not carrier.is_home(weight.to("meta"))
    assert not carrier.away
