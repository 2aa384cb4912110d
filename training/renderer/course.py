"""The course of a river or road from the horizon to the viewer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .canvas import Canvas
from .fields import Field, as_field, unit


@dataclass(frozen=True)
class Course:
    """Middle and half width in pixels for each picture row, (H, 1) each, below the horizon."""

    middle: Field
    half: Field
    horizon: float

    @classmethod
    def winding(cls, canvas: Canvas, horizon: float, far: float, near: float, sway: float) -> Course:
        """A random course; far, near: half widths at its two ends, sway: how far it swings, in pixels."""
        t = unit((canvas.y - horizon) / (canvas.height - horizon))
        start, end = canvas.uniform(0.38, 0.66), canvas.uniform(0.28, 0.72)
        phase, turns = canvas.uniform(0, 6.3), canvas.uniform(5.0, 7.5)
        # Bends crowd together towards the horizon, as perspective makes them.
        swing = np.sin(phase + turns * np.sqrt(t)) - np.sin(phase)
        middle = canvas.width * (start + (end - start) * t) + sway * swing * (0.25 + t)
        return cls(as_field(middle), as_field(far + (near - far) * t**1.25), horizon)

    def cover(self, canvas: Canvas, share: float = 1.0, margin: float = 0.0) -> Field:
        """The mask of `share` of its width, widened by a margin in pixels that perspective narrows."""
        extra = margin * (0.3 + self.half / self.half.max())
        inside = unit(share * self.half + extra - np.abs(canvas.x - self.middle) + 0.5)
        return inside * canvas.below(self.horizon)

    def at(self, row: float) -> tuple[float, float]:
        """Middle and half width in pixels at a picture row."""
        index = int(np.clip(row, 0, len(self.middle) - 1))
        return float(self.middle[index, 0]), float(self.half[index, 0])
