"""The lie of the land in one landscape: what its parts need to know of each other."""

from __future__ import annotations

from dataclasses import dataclass

from .canvas import Canvas
from .course import Course
from .fields import Colour, Point
from .land import GRASS
from .plan import Plan

_SKYWARD = frozenset({"sun", "moon", "stars", "clouds"})
_GROUNDS = frozenset({"river", "road", "sea", "lake", "desert", "bridge"})
_TALL = frozenset({"tree", "house", "castle", "cactus", "campfire"})
# Share of the shorter side that a standing thing takes, by the number of subjects in the scene.
_SHARES = {1: (0.62, 0.8), 2: (0.48, 0.6), 3: (0.38, 0.48), 4: (0.34, 0.42)}


@dataclass
class Site:
    """A landscape in the making; lengths in pixels.

    side: 1 or -1, the half of the picture for things on the ground; the sun or moon takes the other one.
    course, summit and shore are known once river, hill or headland, and lake are drawn.
    """

    canvas: Canvas
    plan: Plan
    horizon: float
    side: float
    course: Course | None = None
    summit: Point | None = None
    shore: float | None = None

    @classmethod
    def survey(cls, canvas: Canvas, plan: Plan) -> Site:
        """Choose the horizon and the side for a plan."""
        low, high = _horizon_range(plan)
        side = -1.0 if canvas.chance(0.5) else 1.0
        return cls(canvas, plan, canvas.height * canvas.uniform(low, high), side)

    @property
    def alone(self) -> bool:
        """Whether the scene has a single subject."""
        return len(self.plan.free) == 1

    @property
    def grass(self) -> Colour:
        """The colour of open ground in this season."""
        return GRASS[self.plan.season]

    def thing_size(self) -> float:
        """A height for standing things: large alone, smaller in company."""
        low, high = _SHARES[min(len(self.plan.free), 4)]
        return min(self.canvas.unit * self.canvas.uniform(low, high), 0.86 * self.canvas.height)


def _horizon_range(plan: Plan) -> tuple[float, float]:
    """Where the horizon lies, as shares of the height: low under a sky, high behind a ground."""
    if set(plan.free) <= _SKYWARD:
        return 0.74, 0.86
    if plan.main in _GROUNDS:
        return 0.36, 0.5
    if plan.main in ("forest", "mountain", "snow") or (plan.main in _TALL and len(plan.free) == 1):
        return 0.58, 0.73
    return 0.5, 0.62
