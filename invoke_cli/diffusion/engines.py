"""Ways to run what is computed again and again: as it is, or replayed as a CUDA graph.

Both stand behind one call. A graph replays the very kernels that ran as they are, so it gives the same bits:
on a GPU coefficients are tensors either way (see `trees`). What cannot be captured runs as it is, and that is
said once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar
from weakref import WeakSet

import torch
from torch import Tensor

from invoke_cli.diffusion.host import numbers_on
from invoke_cli.diffusion.trees import Leaves, exchanged

R = TypeVar("R")

Results: TypeAlias = "tuple[Tensor, ...]"
Capture: TypeAlias = "Callable[[Callable[[], Results]], tuple[Callable[[], None], Results]]"
"""Takes a function without arguments; returns what runs it again, and where its results then stand."""

MOST_GRAPHS = 4
MOST_KNOWN = 64
"""Forms that came once are remembered for so many others."""


class Engine(Protocol):
    """Runs computations: functions or `Tree`s that give a tensor or a tuple of them."""

    def __call__(self, compute: Callable[..., R], /, *inputs: Any) -> R:
        """compute(*inputs). inputs: what a `Tree` may hold."""

    def check(self, role: str, network: Any, /) -> None:
        """To be called before a run: forgets all where the network in this role, or a weight of it, changed.

        Addresses of weights tell: adapters and casts put new ones in the places of old ones.
        """

    def forget(self) -> None:
        """Let go of all that is kept."""

    def remarks(self) -> tuple[str, ...]:
        """What has to be said since the last time."""


class Eager:
    """The computation as it is."""

    def __call__(self, compute: Callable[..., R], /, *inputs: Any) -> R:
        """See Engine."""
        return compute(*inputs)

    def check(self, role: str, network: Any, /) -> None:
        """Nothing is kept."""

    def forget(self) -> None:
        """Nothing is kept."""

    def remarks(self) -> tuple[str, ...]:
        """Nothing."""
        return ()


@dataclass(eq=False)
class _Graph:
    """A captured computation with the memory that it reads and writes.

    given: the tensors whose values stand in its own. As no tensor is changed in place, the same one is not
    copied twice.
    """

    tensors: list[Tensor]
    numbers: Tensor
    given: list[Tensor]
    replay: Callable[[], None]
    results: Results
    is_tuple: bool

    def __call__(self, leaves: Leaves) -> Any:
        """The results for these leaves."""
        with torch.inference_mode():
            for own, new in self._stale(leaves.tensors):
                torch._foreach_copy_(own, new)
            if leaves.numbers:
                self.numbers.copy_(numbers_on(self.numbers.device, leaves.numbers))
            self.given = leaves.tensors
            self.replay()
        results = tuple(result.clone() for result in self.results)  # the next replay writes there again
        return results if self.is_tuple else results[0]

    def _stale(self, tensors: Iterable[Tensor]) -> Iterable[tuple[list[Tensor], list[Tensor]]]:
        """Its own tensors to which others have to be copied; of each dtype at once, which is one kernel."""
        found: dict[torch.dtype, tuple[list[Tensor], list[Tensor]]] = {}
        for own, old, new in zip(self.tensors, self.given, tensors, strict=True):
            if new is not old:
                to, of = found.setdefault(own.dtype, ([], []))
                to.append(own)
                of.append(new)
        return found.values()


class Graphed:
    """Captures what comes a second time and replays it from then on; of a few graphs the oldest makes room.

    What comes once is not worth a capture, and its run warms up for it. Graphs share their memory: they run
    one at a time.
    """

    def __init__(self, capture: Capture | None = None, most: int = MOST_GRAPHS) -> None:
        self._capture = CudaCapture() if capture is None else capture
        self._most = most
        self._graphs: OrderedDict[Hashable, _Graph] = OrderedDict()
        self._seen: OrderedDict[Hashable, None] = OrderedDict()
        self._too_large: set[Hashable] = set()
        self._networks: dict[str, tuple[int, ...]] = {}
        self._remarks: list[str] = []
        self._failed = False

    def __call__(self, compute: Callable[..., R], /, *inputs: Any) -> R:
        """See Engine. Where memory runs out, graphs are given up before anything else is."""
        leaves = Leaves((compute, inputs))
        if leaves.form is None:
            return compute(*inputs)
        graph = self._graph_of(leaves, compute, inputs)
        made: R = self._as_it_is(leaves, compute, inputs) if graph is None else graph(leaves)
        return made

    def _as_it_is(self, leaves: Leaves, compute: Any, inputs: Any) -> Any:
        numbers = numbers_on(_device_of(leaves), leaves.numbers).unbind()
        compute, inputs = exchanged((compute, inputs), leaves.tensors, numbers)
        try:
            with torch.inference_mode():
                return compute(*inputs)
        except torch.OutOfMemoryError:
            if not self._graphs:
                raise
        # outside of the handler, whose error holds on to the memory
        self._graphs.clear()
        with torch.inference_mode():
            return compute(*inputs)

    def _graph_of(self, leaves: Leaves, compute: Any, inputs: Any) -> _Graph | None:
        """The graph of this form; None where it has none and gets none."""
        form = leaves.form
        if form in self._graphs:
            self._graphs.move_to_end(form)
            return self._graphs[form]
        if self._failed or form in self._too_large or not self._comes_again(form):
            return None
        graph = self._captured(leaves, compute, inputs)
        if graph is not None:
            self._graphs[form] = graph
            while len(self._graphs) > self._most:
                self._graphs.popitem(last=False)
        return graph

    def _comes_again(self, form: Hashable) -> bool:
        if form in self._seen:
            return True
        self._seen[form] = None
        while len(self._seen) > MOST_KNOWN:
            self._seen.popitem(last=False)
        return False

    def _captured(self, leaves: Leaves, compute: Any, inputs: Any) -> _Graph | None:
        try:
            with torch.inference_mode():
                return self._capture_of(leaves, compute, inputs)
        except RuntimeError as error:
            if not _is_out_of_memory(error):
                self._failed = True
                self._remarks.append(f"no CUDA graph could be made ({brief(error)}); drawing goes on without")
                return None
        self._graphs.clear()
        self._too_large.add(leaves.form)
        return None

    def _capture_of(self, leaves: Leaves, compute: Any, inputs: Any) -> _Graph:
        tensors = [_alike(tensor) for tensor in leaves.tensors]
        numbers = numbers_on(_device_of(leaves), leaves.numbers).clone()
        own, given = exchanged((compute, inputs), tensors, numbers.unbind())
        tuples: list[bool] = []

        def run() -> Results:
            made = own(*given)
            tuples.append(isinstance(made, tuple))
            return made if isinstance(made, tuple) else (made,)

        replay, results = self._capture(run)
        return _Graph(tensors, numbers, leaves.tensors, replay, results, tuples[-1])

    def check(self, role: str, network: Any, /) -> None:
        """See Engine."""
        found = (id(network), *(weight.data_ptr() for weight in network.parameters()))
        if self._networks.get(role, found) != found:
            self.forget()
        self._networks[role] = found

    def forget(self) -> None:
        """See Engine."""
        self._graphs.clear()
        self._seen.clear()
        self._too_large.clear()

    def remarks(self) -> tuple[str, ...]:
        """See Engine."""
        said, self._remarks = tuple(self._remarks), []
        return said


def engine_for(device: torch.device) -> Engine:
    """What suits the device: graphs are CUDA's."""
    return Graphed() if device.type == "cuda" else Eager()


def _device_of(leaves: Leaves) -> torch.device:
    return leaves.tensors[0].device


def _alike(tensor: Tensor) -> Tensor:
    """A copy that a compiler, too, takes for the like of it, so that nothing is compiled twice."""
    with torch.inference_mode(tensor.is_inference()):
        return tensor.clone()


def _is_out_of_memory(error: BaseException | None) -> bool:
    """Whether that is what went wrong first; ending a capture that has failed raises another error."""
    while error is not None:
        if isinstance(error, torch.OutOfMemoryError):
            return True
        error = error.__context__
    return False


class CudaCapture:
    """Captures on the current CUDA device. All graphs share a memory pool, and for that a stream.

    A pool ends with the last graph that uses it.
    """

    def __init__(self) -> None:
        self._pool: Any = None
        self._stream: Any = None
        self._graphs: WeakSet[Any] = WeakSet()

    def __call__(self, run: Callable[[], Results], /) -> tuple[Callable[[], None], Results]:
        """See Capture."""
        if self._stream is None:
            self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        if not self._graphs:
            self._pool = torch.cuda.graph_pool_handle()
        side = self._stream
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):  # libraries make what they need for a stream when it first runs there
            run()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        # in another thread a model may be loaded meanwhile
        with torch.cuda.graph(graph, pool=self._pool, stream=side, capture_error_mode="thread_local"):
            results = run()
        self._graphs.add(graph)
        # looked up each time, for whoever clocks replays puts something in its place
        return lambda: graph.replay(), results


def brief(error: Exception) -> str:
    """What an error says, in a line that fits into a remark."""
    lines = str(error).strip().splitlines()
    return lines[0][:120] if lines else type(error).__name__
