"""A small memory of results that cost time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Generic, TypeVar

V = TypeVar("V")

MEGABYTE = 2**20


class Recent(Generic[V]):
    """The results of the last `size` keys that were asked for, as long as they fit into a budget.

    budget: bytes of the tensors in all of them together; None is no limit. The newest always stays.
    """

    def __init__(self, size: int, budget: int | None = None) -> None:
        self._size = size
        self._budget = budget
        self._kept: OrderedDict[Hashable, V] = OrderedDict()
        self._bytes: dict[Hashable, int] = {}

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """The result kept under `key`, or else a new one, which takes the place of the oldest."""
        if key not in self._kept:
            made = make()
            self._kept[key] = made
            self._bytes[key] = bytes_of(made) if self._budget is not None else 0
            self._make_room()
        self._kept.move_to_end(key)
        return self._kept[key]

    def clear(self) -> None:
        """Forget all of them."""
        self._kept.clear()
        self._bytes.clear()

    def _make_room(self) -> None:
        while len(self._kept) > 1 and not self._fits():
            oldest, _ = self._kept.popitem(last=False)
            del self._bytes[oldest]

    def _fits(self) -> bool:
        within = self._budget is None or sum(self._bytes.values()) <= self._budget
        return len(self._kept) <= self._size and within


def bytes_of(value: Any) -> int:
    """The bytes of all tensors and arrays in a value; what holds none of them weighs nothing."""
    if hasattr(value, "nbytes"):
        return int(value.nbytes)
    if isinstance(value, Mapping):
        return sum(map(bytes_of, value.values()))
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return sum(map(bytes_of, value))
    return sum(map(bytes_of, vars(value).values())) if hasattr(value, "__dict__") else 0
