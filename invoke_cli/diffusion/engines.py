"""Ways to run a walk through the UNet: as it is, replayed as a CUDA graph, or compiled.

All stand behind one call, and a graph replays the very kernels that ran eagerly, so it gives the same bits.
A compiled walk rounds differently. What cannot be captured or compiled runs as it is, and says so once.

The sampler's update stays outside of the graph: it is a few small kernels a step that are queued while the
graph runs, and it differs from sampler to sampler.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

import torch
from torch import Tensor

from invoke_cli.diffusion.walk import Texts, Times, Walk

Capture: TypeAlias = "Callable[[Callable[[], Tensor]], tuple[Callable[[], None], Tensor]]"
"""Takes a function without arguments; returns what runs it again, and where its result then stands."""

MOST_GRAPHS = 4
WARM_UPS = 3


class Engine(Protocol):
    """Runs walks."""

    def __call__(self, walk: Walk, z: Tensor, times: Times, texts: Texts, /) -> Tensor:
        """See Walk."""

    def check(self, unet: Any, /) -> None:
        """To be called before a run: forgets what was made for weights that are no longer there."""

    def remarks(self) -> tuple[str, ...]:
        """What has to be said since the last time."""


class Eager:
    """The walk as it is."""

    def __call__(self, walk: Walk, z: Tensor, times: Times, texts: Texts, /) -> Tensor:
        """See Walk."""
        return walk(z, times, texts)

    def check(self, unet: Any, /) -> None:
        """Nothing is remembered."""

    def remarks(self) -> tuple[str, ...]:
        """Nothing."""
        return ()


@dataclass(eq=False)
class _Graph:
    """A captured walk with the tensors that it reads and writes. given: the texts that stand in them."""

    walk: Walk
    z: Tensor
    times: list[Tensor]
    texts: list[Tensor]
    given: Texts
    replay: Callable[[], None]
    result: Tensor


class Graphed:
    """Captures a walk once for each shape and replays it; the oldest of a few graphs make room."""

    def __init__(self, capture: Capture | None = None, most: int = MOST_GRAPHS) -> None:
        self._capture = CudaCapture() if capture is None else capture
        self._most = most
        self._graphs: OrderedDict[Hashable, _Graph] = OrderedDict()
        self._weights: tuple[int, ...] = ()
        self._remarks: list[str] = []
        self._failed = False

    def __call__(self, walk: Walk, z: Tensor, times: Times, texts: Texts, /) -> Tensor:
        """See Walk."""
        if self._failed:
            return walk(z, times, texts)
        key = (
            id(walk),
            z.shape,
            z.dtype,
            *(tensor.shape for tensor in (*_of_times(times), *_of_texts(texts))),
        )
        if key not in self._graphs:
            graph = self._captured(walk, z, times, texts)
            if graph is None:
                return walk(z, times, texts)
            self._graphs[key] = graph
            while len(self._graphs) > self._most:
                self._graphs.popitem(last=False)
        self._graphs.move_to_end(key)
        return _replayed(self._graphs[key], z, times, texts)

    def _captured(self, walk: Walk, z: Tensor, times: Times, texts: Texts) -> _Graph | None:
        own = z.clone()
        own_times, own_texts = [
            [tensor.clone() for tensor in each] for each in (_of_times(times), _of_texts(texts))
        ]
        run = _on(walk, own, _times_of(times, own_times), _texts_of(texts, own_texts))
        try:
            replay, result = self._capture(run)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            self._failed = True
            self._remarks.append(f"no CUDA graph could be made ({_brief(error)}); drawing goes on without")
            return None
        return _Graph(walk, own, own_times, own_texts, texts, replay, result)

    def check(self, unet: Any, /) -> None:
        """See Engine."""
        weights = tuple(weight.data_ptr() for weight in unet.parameters())
        if weights != self._weights:
            self._graphs.clear()
            self._weights = weights

    def remarks(self) -> tuple[str, ...]:
        """See Engine."""
        said, self._remarks = tuple(self._remarks), []
        return said


def _on(walk: Walk, z: Tensor, times: Times, texts: Texts) -> Callable[[], Tensor]:
    return lambda: walk(z, times, texts)


def _replayed(graph: _Graph, z: Tensor, times: Times, texts: Texts) -> Tensor:
    graph.z.copy_(z)
    torch._foreach_copy_(graph.times, _of_times(times))
    if graph.given is not texts:
        torch._foreach_copy_(graph.texts, _of_texts(texts))
        graph.given = texts
    graph.replay()
    return graph.result.clone()  # the next replay writes there again


def _of_times(times: Times) -> list[Tensor]:
    return [*times.shifts, *(times.biases if times.biases is not None else ())]


def _times_of(like: Times, tensors: Sequence[Tensor]) -> Times:
    count = len(like.shifts)
    return replace(like, shifts=tensors[:count], biases=None if like.biases is None else tensors[count:])


def _of_texts(texts: Texts) -> list[Tensor]:
    flat = [tensor for pair in texts.pairs for tensor in pair]
    return [texts.embeddings, *flat, *([] if texts.told is None else [texts.told])]


def _texts_of(like: Texts, tensors: Sequence[Tensor]) -> Texts:
    embeddings, *rest = tensors
    told = None if like.told is None else rest.pop()
    pairs = list(zip(rest[::2], rest[1::2], strict=True))
    return replace(like, embeddings=embeddings, pairs=pairs, told=told)


class CudaCapture:
    """Captures on the current CUDA device, after warming up on a side stream; graphs share a memory pool."""

    def __init__(self) -> None:
        self._pool: Any = None

    def __call__(self, run: Callable[[], Tensor], /) -> tuple[Callable[[], None], Tensor]:
        """See Capture."""
        if self._pool is None:
            self._pool = torch.cuda.graph_pool_handle()
        side: Any = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UPS):
                run()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool):
            result = run()
        return graph.replay, result


class Compiled:
    """Walks compiled by torch, each when it first runs with a shape, which takes a minute or more."""

    def __init__(self, backend: str = "inductor") -> None:
        self._backend = backend
        self._compiled: dict[Walk, Callable[[Tensor, Times, Texts], Tensor]] = {}
        self._remarks: list[str] = []
        self._failed = False

    def __call__(self, walk: Walk, z: Tensor, times: Times, texts: Texts, /) -> Tensor:
        """See Walk."""
        if self._failed:
            return walk(z, times, texts)
        try:
            if walk not in self._compiled:
                self._compiled[walk] = torch.compile(walk.__call__, backend=self._backend, dynamic=False)
            return self._compiled[walk](z, times, texts)
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, ImportError, OSError) as error:  # what compilers miss, they say in many ways
            self._failed = True
            self._remarks.append(
                f"torch.compile does not work here ({_brief(error)}); drawing goes on without"
            )
            return walk(z, times, texts)

    def check(self, unet: Any, /) -> None:
        """Weights are looked up at each call."""

    def remarks(self) -> tuple[str, ...]:
        """See Engine."""
        said, self._remarks = tuple(self._remarks), []
        return said


def _brief(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:120] if lines else type(error).__name__
