"""What a session tells its front end, as frozen values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from invoke_cli.errors import InvokeError
from invoke_cli.session.lists import Defaults, Listed, Remembered, Triggers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from invoke_cli.diffusion.step import Step
    from invoke_cli.language.request import Request

    Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class PlannedPicture:
    """One picture that a line will make, and the full line that makes exactly it.

    steps_run, evaluations: over all passes. strength: None where nothing makes use of it. from_picture:
    whether an init picture is the start. first_pass: width, height and steps of --hires_fix's first one.
    """

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
    from_picture: bool = False
    first_pass: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Swept:
    """A list of values in a line: the switch's long name and preferred flag; the values, also as typed."""

    name: str
    flag: str
    values: tuple[object, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Planned:
    """A line was understood; nothing has been drawn yet. `request` holds only what was typed.

    sweep: the lists of values in the line, which `request` leaves unset. The first turns fastest from
    picture to picture.
    """

    line_number: int
    line: str
    request: Request
    pictures: tuple[PlannedPicture, ...]
    sweep: tuple[Swept, ...] = ()


@dataclass(frozen=True, eq=False)
class Progress:
    """A sampling step of picture number `picture` (from 0) of `pictures` is done.

    preview: makes a small picture of it, uint8 (h, w, 3), for those who want to look.
    together: how many pictures this step was done for at once, those that come next among them; the
    preview then shows them all.
    """

    step: Step
    picture: int
    pictures: int
    preview: Callable[[], Pixels] | None = None
    together: int = 1


@dataclass(frozen=True)
class Saved:
    """A file was written whole. `kind` is "picture", "grid", "sheet", "strip" or "animation".

    said: the line as a person needs it, "" where that is the whole line. rgb: what is in it, uint8
    (H, W, 3), for those who want to look. line_number: that of a command which saved it without planning
    anything.
    """

    path: Path
    seed: int
    line: str
    seconds: float
    kind: str = "picture"
    rgb: Pixels | None = field(default=None, repr=False, compare=False)
    line_number: int | None = None
    said: str = ""


@dataclass(frozen=True)
class Level:
    """A noise level of a schedule.

    step: the step that begins at it, counted from 1. timestep: the network's, perhaps fractional.
    snr_db: latents of unit variance against this noise, in decibels. runs: whether strength leaves it.
    """

    step: int
    timestep: float
    sigma: float
    snr_db: float
    runs: bool


@dataclass(frozen=True)
class Scheduled:
    """The schedule of a line, level by level; it ends in sigma 0, which is not among the levels."""

    line_number: int
    line: str
    levels: tuple[Level, ...]


@dataclass(frozen=True)
class Explained:
    """What strength and steps do to a line's schedule.

    strength: None where no picture is the start. same_strengths: those of two decimals that run the
    same. same_steps: the fewest and the most -s that run as many steps. work: what a sampler of two
    stages costs, or "". path: the file of the plot, where one was asked for. pictures: how many files a
    folder or a pattern stands for, each of which runs so; None where -I is one picture.
    """

    line_number: int
    line: str
    levels: tuple[Level, ...]
    sampler: str
    evaluations: int
    strength: float | None
    exact_strength: bool
    same_strengths: tuple[float, ...]
    same_steps: tuple[int, int]
    work: str
    advice: str
    path: Path | None = None
    pictures: int | None = None

    @property
    def running(self) -> tuple[Level, ...]:
        """The levels that steps begin at."""
        return tuple(level for level in self.levels if level.runs)


@dataclass(frozen=True)
class Shown:
    """A saved picture, looked at again.

    size: (width, height) as stored. program, model, line: how it was made, "" where the file does not say.
    notes: what there is to say of that. rgb: what is in it, uint8 (H, W, 3).
    """

    path: Path
    size: tuple[int, int]
    program: str
    model: str
    line: str
    notes: tuple[str, ...]
    rgb: Pixels | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class ReadToken:
    """A token as a person may read it; the text ends in a blank where a word ends. chunk: counted from 1."""

    text: str
    weight: float
    chunk: int


@dataclass(frozen=True)
class ReadText:
    """A text of the prompt, such as "prompt", "negative" or "prompt, 0.7 of the blend"; and its chunks."""

    part: str
    chunks: int
    tokens: tuple[ReadToken, ...]


@dataclass(frozen=True)
class Tokens:
    """How the text encoder reads the prompt of picture number `picture` (from 0) and those behind it."""

    picture: int
    texts: tuple[ReadText, ...]


@dataclass(frozen=True)
class Notice:
    """Something that the user should know and need not act on."""

    text: str


@dataclass(frozen=True)
class Fetching:
    """A download from the hub goes on. what: the hub id. done, total: bytes."""

    what: str
    done: int
    total: int


@dataclass(frozen=True)
class Line:
    """A line for the prompt, to be looked at and changed there before it is run; elsewhere it is shown."""

    text: str


@dataclass(frozen=True)
class Ask:
    """A question whose answer is yes or no. It is sent back into the generator; no answer means no.

    needed: without an answer the line fails and says so, so that nobody need read the question as well.
    about: what it is about, told before it to whoever is asked.
    """

    question: str
    needed: bool = False
    about: tuple[Event, ...] = ()


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


Event = (
    Planned
    | Progress
    | Saved
    | Scheduled
    | Explained
    | Shown
    | Notice
    | Tokens
    | Fetching
    | Listed
    | Triggers
    | Remembered
    | Defaults
    | Line
    | Ask
    | Failed
    | Summary
)
