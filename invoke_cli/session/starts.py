"""The init pictures of a line: opened once, brought to size, and remembered with where they came from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from invoke_cli.errors import InvokeError
from invoke_cli.imaging.init_image import Frame, Opened, open_picture
from invoke_cli.imaging.prepare import prepare
from invoke_cli.imaging.sizes import Target
from invoke_cli.paths import expanded
from invoke_cli.session.job import Job


@dataclass(frozen=True, eq=False)
class Start:
    """The init picture of a job, brought to size, and what files should say of where it came from."""

    frame: Frame | None
    origin: dict[str, object]
    notes: tuple[str, ...]


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
        return open_picture(expanded(text))
    except InvokeError as error:
        error.switch = switch
        raise


def _origin(text: str, opened: Opened) -> dict[str, object]:
    return {"name": Path(text).name, "sha256": opened.sha256}
