"""Captioned scenes, drawn by rule: what the demo model learns to see.

`render` is a pure function of its arguments. A scene is planned (plan), put into words (captions), drawn as a
stack of layers (compose and the modules of its parts) and finished in one of several styles (styles).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import compose, styles
from .captions import vocabulary, write_caption
from .plan import STYLES, SUBJECTS, sample_plan

__all__ = ["STYLES", "SUBJECTS", "Scene", "caption_corpus", "render", "vocabulary"]

# Separate streams of random numbers, so that the words and the picture do not depend on each other's draws.
_PLANNING, _DRAWING, _WRITING = 1, 2, 3


@dataclass(frozen=True)
class Scene:
    """A picture and what is true of it.

    rgb: uint8 (H, W, 3); subjects: canonical names of everything clearly visible, the main one first.
    """

    rgb: NDArray[np.uint8]
    caption: str
    main: str
    subjects: tuple[str, ...]
    style: str


def render(
    seed: int,
    width: int = 128,
    height: int = 128,
    *,
    subjects: Sequence[str] | None = None,
    style: str | None = None,
) -> Scene:
    """Draw a scene of width x height pixels; `subjects` (main first) and `style` are random unless given."""
    plan = sample_plan(np.random.default_rng([seed, _PLANNING]), subjects, style)
    canvas = compose.draw(plan, width, height, np.random.default_rng([seed, _DRAWING]))
    caption = write_caption(plan, np.random.default_rng([seed, _WRITING]))
    return Scene(styles.finish(canvas, plan.style), caption, plan.main, plan.subjects, plan.style)


def caption_corpus(count: int, seed: int = 0) -> Iterator[str]:
    """Captions of scenes that are not drawn: text for the tokenizer."""
    for index in range(count):
        plan = sample_plan(np.random.default_rng([seed, index, _PLANNING]), None, None)
        yield write_caption(plan, np.random.default_rng([seed, index, _WRITING]))
