"""The init pictures of a line: opened once, brought to size, and remembered with where they came from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from invoke_cli.diffusion.recent import Recent
from invoke_cli.errors import InvokeError
from invoke_cli.imaging.colours_of import seen_colours, with_colours_of
from invoke_cli.imaging.init_image import Frame, Opened, open_picture
from invoke_cli.imaging.masks import paste_back
from invoke_cli.imaging.prepare import prepare
from invoke_cli.imaging.sizes import Target
from invoke_cli.paths import expanded
from invoke_cli.session.job import Job

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Start:
    """The init picture of a job, brought to size, and what files should say of where it came from.

    colours: the picture whose colours the result gets, uint8 (H, W, 3), or None.
    """

    frame: Frame | None
    origin: dict[str, object]
    notes: tuple[str, ...]
    colours: Pixels | None = None

    def coloured(self, rgb: Pixels) -> Pixels:
        """A result, uint8 (H, W, 3), in the colours it is to have; outside the mask nothing changes."""
        if self.colours is None:
            return rgb
        matched = with_colours_of(rgb, self.colours)
        if self.frame is None or self.frame.mask is None:
            return matched
        return paste_back(matched, self.frame.rgb, self.frame.mask)


class Starts:
    """Opens the init pictures of a line, each only once; the notes come with the first use.

    memory: the starts of earlier lines. One is taken from it as long as its files are what they were.
    """

    def __init__(self, memory: Recent[Start] | None = None) -> None:
        self._memory: Recent[Start] = Recent(1) if memory is None else memory
        self._known: dict[tuple[object, ...], Start] = {}

    def of(self, job: Job) -> Start:
        """The start of the job. Raises PictureError, naming the switch."""
        request = job.request
        files = (request.init_img, request.init_mask, request.init_color)
        key = (*files, request.invert_mask, job.width, job.height)
        if key in self._known:
            return replace(self._known[key], notes=())
        stamps = tuple(None if file is None else _stamp(file) for file in files)
        self._known[key] = self._memory.get((*key, *stamps), lambda: _prepared(job))
        return self._known[key]


def _prepared(job: Job) -> Start:
    request = job.request
    start = Start(None, {}, ()) if request.init_img is None else _opened(job, request.init_img)
    return start if request.init_color is None else _coloured(start, request.init_color)


def _stamp(text: str) -> object:
    """What changes when the file does; of one that is not there, nothing that was there before."""
    try:
        status = expanded(text).stat()
    except OSError:
        return object()
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _coloured(start: Start, init_color: str) -> Start:
    """The start with the colours of a picture's opaque part."""
    opened = _open(init_color, "init_color")
    origin = {**start.origin, "init_color": _origin(init_color, opened)}
    notes = (*start.notes, *opened.notes)
    return replace(start, colours=seen_colours(opened), origin=origin, notes=notes)


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
