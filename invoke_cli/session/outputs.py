"""What a line leaves behind: pictures with their metadata, strips, grids, and the logs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from invoke_cli.errors import OutputError
from invoke_cli.imaging.formats import PNG, encode, holds, kept_texts
from invoke_cli.imaging.metadata import pack
from invoke_cli.language.request import Request
from invoke_cli.language.switches import by_name, table
from invoke_cli.session.counter import claim_number, next_number
from invoke_cli.session.files import append, make_directory, write_new
from invoke_cli.session.names import (
    DEFAULT_TEMPLATE,
    beside,
    file_name,
    folder_name,
    numbered,
    split_suffix,
    with_sweep,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from invoke_cli.session.intermediates import Frame
    from invoke_cli.session.job import Job

    Pixels = NDArray[np.uint8]

INTERMEDIATES = "intermediates"
MOST_ATTEMPTS = 10_000


class LineOutputs:
    """Writes the results of one line; they share a number, which is claimed when the first is written.

    request: the line's request, for the folder, the names and the formats. model: the model's name.
    """

    def __init__(self, request: Request, outdir: Path, model: str = "") -> None:
        self.outdir = outdir
        self._request = request
        self._model = model
        self._template = request.fnformat if request.fnformat is not None else DEFAULT_TEMPLATE
        self._numbers: dict[Path, int] = {}
        self._untold: list[str] = []

    def folder(self, job: Job) -> Path:
        """The folder of a job's picture: the line's, or one in it that is named after the prompt."""
        name = folder_name(job.request.prompt) if self._request.prompt_as_dir else ""
        return self.outdir / name if name else self.outdir

    def predict(self, job: Job) -> Path:
        """Where the job's picture will be, if no other program takes the number first.

        Raises LineError where the template of names cannot be filled in.
        """
        folder = self.folder(job)
        number = self._numbers[folder] if folder in self._numbers else next_number(folder)
        return folder / self._name(job, number)

    def save_picture(self, job: Job, rgb: Pixels, line: str, facts: Mapping[str, object]) -> Path:
        """Write the picture with its line and facts inside, and where they are asked for, beside it."""
        folder = self.folder(job)
        name = self._name(job, self._claimed(folder))
        path = self._write(folder, name, rgb, pack(line, facts), job.asked)
        if self._request.sidecar:
            name = f"{split_suffix(path.name)[0]}.txt"
            self._write_new(
                folder, name, _sidecar(path.name, line, facts).encode("utf-8", "backslashreplace")
            )
        return path

    def save_sheet(self, kind: str, jobs: Sequence[Job], sheet: Pixels, page: int | None = None) -> Path:
        """Write a sheet of a line's pictures, which stay as single files too.

        `kind` is part of its name; so is the number of the page where there are several.
        """
        folder = self.folder(jobs[0])
        of_all = replace(jobs[0], swept=())
        end = f".{kind}" if page is None else f".{kind}.{page}"
        name = beside(self._name(of_all, self._claimed(folder)), end)
        if not holds(split_suffix(name)[1], (sheet.shape[1], sheet.shape[0])):
            name = f"{split_suffix(name)[0]}{PNG}"
        lines = [job.line for job in jobs]
        return self._write(folder, name, sheet, pack(jobs[0].line, {kind: lines}))

    def save_intermediates(self, job: Job, path: Path, frames: Sequence[Frame], sheet: Pixels) -> Path:
        """Write the frames but for the result into a folder of their own, and the strip; returns its path.

        path: of the result, after which the folder is named.
        """
        directory = self._fresh_directory(path.parent / INTERMEDIATES / split_suffix(path.name)[0])
        for frame in frames[:-1]:
            texts = pack(job.line, {"frame": frame.label})
            self._write(directory, f"{frame.done:04}.png", frame.rgb, texts)
        return self._write(directory, "strip.png", sheet, pack(job.line, {"frames": len(frames)}))

    def save_beside(self, path: Path, name: str, content: bytes) -> Path:
        """Write a file into the folder of intermediates in which `path` lies."""
        beside = path.with_name(name)
        write_new(beside, content)
        return beside

    def _claimed(self, folder: Path) -> int:
        if folder not in self._numbers:
            self._numbers[folder] = claim_number(make_directory(folder))
        return self._numbers[folder]

    def _name(self, job: Job, number: int) -> str:
        template = self._template
        # Pictures of a sweep are told apart by what the name does not say already.
        unnamed = [(flag, text) for name, flag, text in job.swept if f"{{{name}" not in template]
        values = {
            **_fields(job.asked, job.request),
            "prefix": f"{number:06}",
            "seed": job.name_seed,
            "model_id": self._model,
            "init": Path(job.request.init_img).stem if job.request.init_img is not None else None,
            "sweep": "-".join(f"{flag.lstrip('-')}{text}" for flag, text in unnamed),
        }
        return file_name(with_sweep(template) if unnamed else template, values)

    def _fresh_directory(self, wanted: Path) -> Path:
        for attempt in range(MOST_ATTEMPTS):
            directory = wanted if attempt == 0 else wanted.with_name(f"{wanted.name}-{attempt:02}")
            if not directory.exists():
                return make_directory(directory)
        raise OutputError(
            f"{wanted} and its numbered neighbours are all taken", "choose another folder with -o"
        )

    def _write(
        self,
        directory: Path,
        name: str,
        rgb: Pixels,
        texts: Mapping[str, str],
        asked: Request | None = None,
    ) -> Path:
        """Write a picture as `asked` wants it squeezed, or else the line."""
        request = self._request if asked is None else asked
        suffix = split_suffix(name)[1]
        kept, note = kept_texts(texts if self._request.metadata is not False else {}, suffix)
        self._untold += [f"{name}: {note}"] if note else []
        content = encode(
            rgb,
            kept,
            suffix,
            compression=4 if request.png_compression is None else request.png_compression,
            quality=90 if request.quality is None else request.quality,
        )
        return self._write_new(directory, name, content)

    def _write_new(self, directory: Path, name: str, content: bytes) -> Path:
        for attempt in range(MOST_ATTEMPTS):
            path = directory / numbered(name, attempt)
            if write_new(path, content):
                return path
        raise OutputError(
            f"{directory / name} and its numbered neighbours are all taken", "change --fnformat"
        )

    def log(self, path: Path, line: str) -> tuple[str, ...]:
        """Note a written file in the logs beside it.

        What comes back is what the user should know of the file, and of logs that cannot be written.
        """
        told, self._untold = self._untold, []
        try:
            append(path.parent / "invoke_log.txt", f"{path}: {line}\n")
            append(
                path.parent / "invoke_log.md",
                f"## {path.name}\n\n![]({quote(path.name, errors='replace')})\n\n    {line}\n\n",
            )
        except OutputError as error:
            told.append(error.message)
        return tuple(told)


def _fields(line: Request, picture: Request) -> dict[str, object]:
    """Every switch by name, for names of files: the picture's own value, else the line's, else None."""
    values = {}
    for switch in table():
        own = getattr(picture, switch.name)
        values[switch.name] = _plain(switch.name, own if own is not None else getattr(line, switch.name))
    return values


def _plain(name: str, value: object) -> object:
    """Numbers and texts as they are, lists as they are written in a line."""
    return "-".join(by_name()[name].codec.write(value)) if isinstance(value, tuple) else value


def _sidecar(name: str, line: str, facts: Mapping[str, object]) -> str:
    """A prompt file that draws the picture again, with the facts as comments."""
    said = [f"# {key}: {json.dumps(value, ensure_ascii=False)}" for key, value in facts.items()]
    return "\n".join([f"# {name}", line, *said, ""])
