"""What a picture looks like on its way: frames from what the model sees first to the result."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from invoke_cli.imaging.sheets import enlarged
from invoke_cli.session.job import Job, known

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from invoke_cli.diffusion.bundle import Bundle
    from invoke_cli.diffusion.step import Step
    from invoke_cli.language.request import Request

    Pixels = NDArray[np.uint8]

COMPARED_STEPS = 8  # of a comparison's row, where nobody asked for others: more would be too small to see


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame: the number of steps done, what it is, its noise level (None: none), uint8 (H, W, 3)."""

    done: int
    title: str
    sigma: float | None
    rgb: Pixels

    @property
    def label(self) -> str:
        """What stands below the frame."""
        return self.title if self.sigma is None else f"{self.title}, sigma {self.sigma:.3g}"


def step_between(request: Request, steps: int, *, compared: bool = False) -> int:
    """Every how many of `steps` steps a frame is kept; 0 keeps none."""
    every = known(request.save_intermediates)
    if every > 0:
        return every
    if compared:
        return max(1, math.ceil(steps / COMPARED_STEPS))
    return 1 if request.animate is not None else 0


class Intermediates:
    """Keeps a frame of the start, of every Nth step (`every`; 0: of nothing) and of the last one.

    request: says what frames show: `intermediates` "clean", what the network believes in, or "noisy", what
    it looks at; and whether its VAE decodes them (`decode_intermediates`) or the quick map of colours.
    """

    def __init__(self, job: Job, bundle: Bundle, request: Request, every: int) -> None:
        self._job = job
        self._bundle = bundle
        self._is_noisy = request.intermediates == "noisy"
        self._decodes = request.decode_intermediates is True
        self._every = every
        self._frames: list[Callable[[], Frame]] = []  # each waits for its pixels

    def take(self, step: Step) -> None:
        """Keep the frame of a step, if it is one to keep."""
        if self._every == 0:
            return
        if step.index == 0:
            self._frames.clear()  # sampling may begin again in float32
        if step.index == 0 and step.before is not None:
            title = self._first_title()
            self._frames.append(self._noisy(0, title, step.before, step.sigma))
        done = step.index + 1
        if done % self._every == 0 or done == step.total:
            self._frames.append(self._frame(step, f"step {done} of {step.total}"))

    def frames(self, result: Pixels) -> list[Frame]:
        """All frames kept, and the result; none where nothing was kept."""
        if not self._frames:
            return []
        frames = [frame() for frame in self._frames]
        return [*frames, Frame(frames[-1].done, "result", None, result)]

    def _first_title(self) -> str:
        """Strength 1 ignores the init picture, but for what lies outside a mask."""
        request = self._job.request
        is_seen = request.init_img is not None and request.strength != 1
        return "noised init" if is_seen else "noise"

    def _frame(self, step: Step, title: str) -> Callable[[], Frame]:
        if self._is_noisy:
            return self._noisy(step.index + 1, title, step.x, self._job.levels[step.index])
        picture = self._picture(step.clean)
        return lambda: Frame(step.index + 1, title, step.sigma, picture())

    def _noisy(self, done: int, title: str, latents: Tensor, sigma: float) -> Callable[[], Frame]:
        # Scaled as the network's input is: to about unit variance, whatever the noise.
        picture = self._picture(latents / math.hypot(1, sigma))
        return lambda: Frame(done, title, sigma, picture())

    def _picture(self, latents: Tensor) -> Callable[[], Pixels]:
        """What latents look like at the picture's size; a GPU goes on with the next step meanwhile."""
        if self._decodes:
            from invoke_cli.diffusion.rescue import decoded_again

            rgb = decoded_again(self._bundle, latents, self._job.axes).rgb
            return lambda: self._sized(rgb)
        come = self._bundle.preview_of(latents)
        return lambda: self._sized(come())

    def _sized(self, rgb: Pixels) -> Pixels:
        size = (self._job.height, self._job.width)
        # a first pass is smaller, decoded too
        return rgb if rgb.shape[:2] == size else enlarged(rgb, size[1], size[0])
