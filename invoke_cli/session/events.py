"""What a session tells its front end, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from invoke_cli.errors import InvokeError

if TYPE_CHECKING:
    from invoke_cli.diffusion.step import Step
    from invoke_cli.language.request import Request


@dataclass(frozen=True)
class PlannedPicture:
    """One picture that a line will make, and the full line that makes exactly it."""

    seed: int
    width: int
    height: int
    steps: int
    steps_run: int
    evaluations: int
    first_sigma: float
    sampler: str
    strength: float | None
    cfg_scale: float
    line: str


@dataclass(frozen=True)
class Planned:
    """A line was understood; nothing has been drawn yet. `request` holds only what was typed."""

    line_number: int
    line: str
    request: Request
    pictures: tuple[PlannedPicture, ...]


@dataclass(frozen=True, eq=False)
class Progress:
    """A sampling step of picture number `picture` (from 0) of `pictures` is done."""

    step: Step
    picture: int
    pictures: int


@dataclass(frozen=True)
class Saved:
    """A file was written whole. `kind` is "picture", "grid" or "strip"."""

    path: Path
    seed: int
    line: str
    seconds: float
    kind: str = "picture"


@dataclass(frozen=True)
class Notice:
    """Something that the user should know and need not act on."""

    text: str


@dataclass(frozen=True)
class Ask:
    """A question whose answer is yes or no. It is sent back into the generator; no answer means no."""

    question: str


@dataclass(frozen=True, eq=False)
class Failed:
    """The line could not be done; the session goes on."""

    line_number: int
    line: str
    error: InvokeError


@dataclass(frozen=True)
class Summary:
    """The end of a run of lines. `seconds` is wall time."""

    ok: int
    failed: int
    skipped: int
    pictures: int
    seconds: float


Event = Planned | Progress | Saved | Notice | Ask | Failed | Summary
