"""Between the host and a GPU: neither waits for the other where it need not.

Copies from pageable memory, and questions about a tensor's values, make the host wait until the device has
done all that it was told before. Elsewhere than on CUDA nothing of this applies, and all is done at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

AHEAD = 4
"""Steps: long enough for a GPU never to run dry, short enough for Ctrl-C and the progress shown."""


def nothing() -> None:
    """What the host does where there is nothing to wait for."""


def onto(device: torch.device | str, tensor: Tensor) -> Tensor:
    """A tensor of main memory on the device, where it arrives before it is used; nobody waits for it."""
    place = torch.device(device)
    if place.type != "cuda" or tensor.device.type != "cpu":
        return tensor.to(place)
    # torch keeps the pinned memory for as long as the copy takes
    return tensor.pin_memory().to(place, non_blocking=True)


def numbers_on(device: torch.device, numbers: Sequence[float]) -> Tensor:
    """Numbers as float32, (N,), on the device."""
    if not numbers:
        return torch.empty(0, device=device)
    return onto(device, torch.tensor(numbers, dtype=torch.float32))


def brought(*tensors: Tensor) -> Callable[[], tuple[Tensor, ...]]:
    """Begins to bring tensors to main memory; what comes back waits for them, and gives them.

    Only for them: the device does meanwhile, and the host may give it, what comes next.
    """
    device = tensors[0].device
    if device.type != "cuda":
        return lambda: tuple(tensor.cpu() for tensor in tensors)
    aside: Any = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    aside.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(aside):
        there = tuple(torch.empty_like(tensor, device="cpu", pin_memory=True) for tensor in tensors)
        for own, tensor in zip(there, tensors, strict=True):
            own.copy_(tensor, non_blocking=True)
            tensor.record_stream(aside)  # its memory is not used anew before that
        event: Any = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
        event.record(aside)

    def wait() -> tuple[Tensor, ...]:
        event.synchronize()
        return there

    return wait


class Pace:
    """Keeps the host at most so many steps ahead of a GPU, so that what is told of a run has happened.

    It waits for a step of the past, never for the device, which has work left all the while.
    """

    def __init__(self, device: torch.device, ahead: int = AHEAD) -> None:
        self._is_needed = device.type == "cuda"
        self._ahead = ahead
        self._events: deque[Any] = deque()

    def step(self) -> None:
        """To be called when a step was handed to the device."""
        if not self._is_needed:
            return
        event: Any = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
        event.record()
        self._events.append(event)
        if len(self._events) > self._ahead:
            self._events.popleft().synchronize()
