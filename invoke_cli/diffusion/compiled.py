"""Walks that are compiled by torch, which takes a minute or more for each shape, and rounds differently."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from invoke_cli.diffusion.engines import brief
from invoke_cli.diffusion.kernels import Axes, Kernels
from invoke_cli.diffusion.walk import Texts, Times, Walk


class Compiler:
    """Compiles, until it is found that it cannot here; that is said once.

    On a GPU it looks for the fastest kernels and leaves CUDA graphs to our own; see `engines`.
    """

    def __init__(self, device: torch.device, backend: str | Callable[..., Any] = "inductor") -> None:
        self._backend = backend
        looks = device.type == "cuda" and backend == "inductor"
        self._mode = "max-autotune-no-cudagraphs" if looks else None
        self._remarks: list[str] = []
        self._failed = False

    def compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, compiled when it first runs with a shape."""
        return torch.compile(function, backend=self._backend, mode=self._mode, dynamic=False)

    def attempt(self, run: Callable[[], Tensor], otherwise: Callable[[], Tensor]) -> Tensor:
        """The result of something that compiles, or where that cannot be done, of what does not."""
        if self._failed:
            return otherwise()
        try:
            return run()
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, ImportError, OSError) as error:  # what compilers miss, they say in many ways
            self._failed = True
            self._remarks.append(
                f"torch.compile does not work here ({brief(error)}); drawing goes on without"
            )
        return otherwise()

    def remarks(self) -> tuple[str, ...]:
        """What has to be said since the last time."""
        said, self._remarks = tuple(self._remarks), []
        return said


class CompiledWalk(Walk):
    """A walk that a compiler makes kernels for."""

    def __init__(self, unet: Any, kernels: Kernels, compiler: Compiler, axes: Axes = ()) -> None:
        super().__init__(unet, kernels, axes)
        self._compiler = compiler

    @cached_property
    def _compiled(self) -> Callable[[Tensor, Times, Texts], Tensor]:
        return self._compiler.compiled(super().__call__)

    def __call__(self, z: Tensor, times: Times, texts: Texts) -> Tensor:
        """See Walk."""
        plain = super().__call__
        return self._compiler.attempt(lambda: self._compiled(z, times, texts), lambda: plain(z, times, texts))
