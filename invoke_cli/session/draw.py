"""Drawing the jobs of a planned line, one after another."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from invoke_cli import __version__
from invoke_cli.diffusion.recipe import Recipe
from invoke_cli.errors import InvokeError, OutputError
from invoke_cli.imaging.init_image import Frame, Opened, open_picture
from invoke_cli.imaging.prepare import prepare
from invoke_cli.imaging.sizes import Target
from invoke_cli.language.defaults import as_json
from invoke_cli.session.events import Event, Notice, Progress, Saved
from invoke_cli.session.job import Job, Plan, known

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from invoke_cli.diffusion.bundle import Bundle
    from invoke_cli.diffusion.generate import Picture
    from invoke_cli.diffusion.step import Step
    from invoke_cli.session.outputs import LineOutputs

    Pixels = NDArray[np.uint8]
    Labelled = tuple[str, str, Pixels]

SCHEMA = 1
# How torch words it, on a GPU and on a CPU.
OUT_OF_MEMORY = ("out of memory", "can't allocate memory")


def draw(plan: Plan, bundle: Bundle, outputs: LineOutputs) -> Iterator[Event]:
    """Draw and save each picture of the plan, then the sheet of all of them where one is asked for.

    Raises InvokeError for what the user can mend. What was saved before stays.
    """
    if plan.request.log_tokenization:
        yield from _tokens(plan, bundle)
    starts = Starts()
    pictures: list[Pixels] = []
    paths: list[Path] = []
    for index, planned in enumerate(plan.jobs):
        job = planned if planned.after is None else _starting_from(planned, paths[planned.after])
        start = starts.of(job)
        yield from map(Notice, start.notes)
        saved, rgb = yield from _draw_one(job, start, plan, bundle, outputs, index)
        pictures.append(rgb)
        paths.append(saved)
    if plan.request.grid and not plan.request.individual and len(pictures) > 1:
        path = outputs.save_grid(plan.jobs, pictures)
        yield Saved(path, plan.jobs[0].facts().seed, plan.jobs[0].line, 0.0, kind="grid")


def _starting_from(job: Job, path: Path) -> Job:
    return replace(job, request=replace(job.request, init_img=str(path)))


class Start:
    """The init picture of a job, brought to size, and what files should say of where it came from."""

    def __init__(self, frame: Frame | None, origin: dict[str, object], notes: tuple[str, ...]) -> None:
        self.frame = frame
        self.origin = origin
        self.notes = notes


class Starts:
    """Opens the init pictures of a line, each only once; the notes come with the first use."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Start] = {}

    def of(self, job: Job) -> Start:
        """The start of the job. Raises PictureError, naming the switch."""
        request = job.request
        if request.init_img is None:
            return Start(None, {}, ())
        key = (request.init_img, request.init_mask, request.invert_mask, job.width, job.height)
        if key in self._known:
            known = self._known[key]
            return Start(known.frame, known.origin, ())
        self._known[key] = _opened(job, request.init_img)
        return self._known[key]


def _opened(job: Job, init_img: str) -> Start:
    request = job.request
    opened = _open(init_img, "init_img")
    mask = _open(request.init_mask, "init_mask") if request.init_mask is not None else None
    target = Target(job.width, job.height)
    frame, notes = prepare(opened, target, mask=mask, invert=request.invert_mask is True)
    origin: dict[str, object] = {"init": _origin(init_img, opened)}
    if mask is not None and request.init_mask is not None:
        origin["mask"] = _origin(request.init_mask, mask)
    return Start(frame, origin, (*opened.notes, *(mask.notes if mask is not None else ()), *notes))


def _open(text: str, switch: str) -> Opened:
    try:
        return open_picture(Path(text).expanduser())
    except InvokeError as error:
        error.switch = switch
        raise


def _origin(text: str, opened: Opened) -> dict[str, object]:
    return {"name": Path(text).name, "sha256": opened.sha256}


def recipe_of(job: Job, frame: Frame | None) -> Recipe:
    """The job in the core's words."""
    request = job.request
    return Recipe(
        positive=job.prompt.positive,
        negative=job.prompt.negative,
        width=job.width,
        height=job.height,
        steps=known(request.steps),
        strength=known(request.strength) if frame is not None else 1.0,
        exact_strength=request.exact_strength is True,
        sampler=known(request.sampler),
        scale=known(request.cfg_scale),
        seed=known(request.seed),
        blend=request.with_variations if request.with_variations is not None else (),
        karras_max=known(request.karras_max),
        threshold=known(request.threshold),
        perlin=known(request.perlin),
        seamless=job.axes,
        rgb=frame.rgb if frame is not None else None,
        mask=frame.mask if frame is not None else None,
    )


def _draw_one(
    job: Job, start: Start, plan: Plan, bundle: Bundle, outputs: LineOutputs, index: int
) -> Generator[Event, None, tuple[Path, Pixels]]:
    """Draw one job and save it with its intermediates; returns where, and the pixels."""
    from invoke_cli.diffusion.generate import Picture, generate

    every = known(plan.request.save_intermediates)
    frames: list[Labelled] = []
    for made in _within_memory(generate(bundle, recipe_of(job, start.frame)), job):
        if isinstance(made, Picture):
            picture = made
        else:
            yield Progress(made, index, len(plan.jobs))
            if every > 0 and ((made.index + 1) % every == 0 or made.index + 1 == made.total):
                frames.append(_frame(made, bundle, job))
    path = outputs.save_picture(job, picture.rgb, job.line, _facts(job, start, bundle))
    yield Saved(path, known(job.request.seed), job.line, picture.seconds)
    if frames:
        sheet = outputs.save_intermediates(job, frames)
        yield Saved(sheet, known(job.request.seed), job.line, 0.0, kind="strip")
    return path, picture.rgb


def _within_memory(stream: Iterator[Step | Picture], job: Job) -> Iterator[Step | Picture]:
    """The stream, with running out of memory told as a mistake that a smaller size mends."""
    try:
        yield from stream
    except (RuntimeError, MemoryError) as error:
        if not isinstance(error, MemoryError) and not any(word in str(error) for word in OUT_OF_MEMORY):
            raise
        raise OutputError(
            f"there is not enough memory for a picture of {job.width}x{job.height}",
            "draw it smaller with -W and -H",
        ) from error


def _frame(step: Step, bundle: Bundle, job: Job) -> Labelled:
    """An intermediate result: the clean picture that the network believed in at this step."""
    label = f"step {step.index + 1} of {step.total}, sigma {step.sigma:.3g}"
    return f"{step.index + 1:04}", label, bundle.decode(step.clean, job.axes)


def _facts(job: Job, start: Start, bundle: Bundle) -> dict[str, object]:
    """What the file says besides its line. No times in it: the same line gives the same file again."""
    planned = job.facts()
    return {
        "schema": SCHEMA,
        "request": as_json(job.request),
        "width": planned.width,
        "height": planned.height,
        "steps_run": planned.steps_run,
        "evaluations": planned.evaluations,
        "first_sigma": planned.first_sigma,
        "model": {"name": bundle.name, "hash": bundle.hash},
        "device": bundle.device.type,
        "dtype": str(bundle.dtype).removeprefix("torch."),
        "versions": _versions(),
        **start.origin,
    }


@cache
def _versions() -> dict[str, str]:
    found = {"invoke-cli": __version__}
    for package in ("torch", "diffusers", "transformers"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # built by hand, without metadata
            found[package] = "unknown"
    return found


def _tokens(plan: Plan, bundle: Bundle) -> Iterator[Event]:
    """What -t shows: every token as the text encoder reads it, with its weight and its chunk."""
    from invoke_cli.diffusion.conditioning import tokens

    prompt = plan.jobs[0].prompt
    for side, fragments in (("prompt", prompt.positive), ("negative", prompt.negative)):
        read = tokens(bundle.tokenizer, fragments)
        chunks = max((token.chunk for token in read), default=0) + 1
        shown = " ".join(_token(token.text, token.weight) for token in read)
        yield Notice(f"{side}, {len(read)} tokens in {chunks} chunk{'s' if chunks > 1 else ''}: {shown}")


def _token(text: str, weight: float) -> str:
    return f"[{text.rstrip()}]" if weight == 1 else f"[{text.rstrip()}]{weight:.3g}"
