"""What all networks here have in common, and how a config.json is read for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode


class Config(dict[str, Any]):
    """A network's configuration; its fields can be read as attributes, too, as the libraries' can."""

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        raise AttributeError(f"the configuration says nothing of {name!r}")


@dataclass(frozen=True)
class Fields:
    """The fields of a kind of network's config.json.

    free: those that may say anything, with what they say by default. fixed: those that must say just this,
    or the network is not a plain one. notes: names of those that say nothing of how it computes; so do all
    that begin with "_". fits: what else must hold.
    """

    free: Mapping[str, object]
    fixed: Mapping[str, object]
    notes: frozenset[str] = field(default_factory=frozenset)
    fits: Callable[[Config], bool] = lambda _: True

    def read(self, config: Mapping[str, Any]) -> Config | None:
        """The configuration with all fields, or None when it asks for anything that is not known here."""
        said = {
            name: value
            for name, value in config.items()
            if not name.startswith("_") and name not in self.notes
        }
        whole = Config({**self.free, **self.fixed, **said})
        known = said.keys() <= self.free.keys() | self.fixed.keys()
        plain = known and all(whole[name] == value for name, value in self.fixed.items())
        return whole if plain and self.fits(whole) else None


def whole_numbers(*values: object) -> bool:
    """Whether all values are whole numbers above 0, or lists of such."""
    flat = [one for value in values for one in (value if isinstance(value, list | tuple) else (value,))]
    return all(isinstance(one, int) and not isinstance(one, bool) and one > 0 for one in flat)


class _Unfilled(TorchFunctionMode):
    """Leaves out what fills new weights."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = {} if kwargs is None else kwargs
        if getattr(func, "__module__", None) == nn.init.__name__:
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return func(*args, **kwargs)


@contextmanager
def empty() -> Iterator[None]:
    """Within this block networks are made without memory for weights, and without random numbers for them.

    Even where they go nowhere, to draw those imports torch's compiler, which takes as long as torch itself.
    """
    with torch.device("meta"), _Unfilled():
        yield


class Network(nn.Module):
    """A network that knows its configuration."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of its weights."""
        return next(self.parameters()).dtype

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next(self.parameters()).device
