"""What a line leaves behind: pictures with their metadata, strips, grids, and the logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from invoke_cli.errors import OutputError
from invoke_cli.imaging.metadata import encode_png, pack
from invoke_cli.language.defaults import as_json
from invoke_cli.session.counter import claim_number, next_number
from invoke_cli.session.files import append, make_directory, write_new
from invoke_cli.session.names import DEFAULT_TEMPLATE, file_name, numbered

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from invoke_cli.language.request import Request
    from invoke_cli.session.intermediates import Frame
    from invoke_cli.session.job import Job

    Pixels = NDArray[np.uint8]

INTERMEDIATES = "intermediates"
MOST_ATTEMPTS = 10_000


class LineOutputs:
    """Writes the results of one line; they share a number, which is claimed when the first is written.

    request: the line's request, for the folder, the name template and the compression (0..9).
    """

    def __init__(self, request: Request, outdir: Path) -> None:
        self.outdir = outdir
        self._template = request.fnformat if request.fnformat is not None else DEFAULT_TEMPLATE
        self._compression = request.png_compression if request.png_compression is not None else 6
        self._number: int | None = None

    def predict(self, job: Job) -> Path:
        """Where the job's picture will be, if no other program takes the number first."""
        number = self._number if self._number is not None else next_number(self.outdir)
        return self.outdir / self._name(job, number)

    def save_picture(self, job: Job, rgb: Pixels, line: str, facts: Mapping[str, object]) -> Path:
        """Write the picture with its line and facts inside."""
        return self._write(self.outdir, self._name(job, self._claimed()), rgb, pack(line, facts))

    def save_sheet(self, kind: str, jobs: Sequence[Job], sheet: Pixels) -> Path:
        """Write a sheet of a line's pictures, which stay as single files too; `kind` is part of its name."""
        name = f"{self._claimed():06}.{jobs[0].name_seed}.{kind}.png"
        lines = [job.line for job in jobs]
        return self._write(self.outdir, name, sheet, pack(jobs[0].line, {kind: lines}))

    def save_intermediates(self, job: Job, frames: Sequence[Frame], sheet: Pixels) -> Path:
        """Write the frames but for the result into a folder of their own, and the strip; returns its path."""
        folder = Path(self._name(job, self._claimed())).stem
        directory = self._fresh_directory(self.outdir / INTERMEDIATES / folder)
        for frame in frames[:-1]:
            texts = pack(job.line, {"frame": frame.label})
            self._write(directory, f"{frame.done:04}.png", frame.rgb, texts)
        return self._write(directory, "strip.png", sheet, pack(job.line, {"frames": len(frames)}))

    def save_beside(self, path: Path, name: str, content: bytes) -> Path:
        """Write a file into the folder of intermediates in which `path` lies."""
        beside = path.with_name(name)
        write_new(beside, content)
        return beside

    def _claimed(self) -> int:
        if self._number is None:
            self._number = claim_number(make_directory(self.outdir))
        return self._number

    def _name(self, job: Job, number: int) -> str:
        values = {**as_json(job.request), "prefix": f"{number:06}", "seed": job.name_seed}
        return file_name(self._template, values)

    def _fresh_directory(self, wanted: Path) -> Path:
        for attempt in range(MOST_ATTEMPTS):
            directory = wanted if attempt == 0 else wanted.with_name(f"{wanted.name}-{attempt:02}")
            if not directory.exists():
                return make_directory(directory)
        raise OutputError(
            f"{wanted} and its numbered neighbours are all taken", "choose another folder with -o"
        )

    def _write(self, directory: Path, name: str, rgb: Pixels, texts: Mapping[str, str]) -> Path:
        content = encode_png(rgb, texts, self._compression)
        for attempt in range(MOST_ATTEMPTS):
            path = directory / numbered(name, attempt)
            if write_new(path, content):
                return path
        raise OutputError(
            f"{directory / name} and its numbered neighbours are all taken", "change --fnformat"
        )

    def log(self, path: Path, line: str) -> tuple[str, ...]:
        """Note a written file in the logs; what comes back is what the user should know if that fails."""
        try:
            append(self.outdir / "invoke_log.txt", f"{path}: {line}\n")
            append(self.outdir / "invoke_log.md", f"## {path.name}\n\n![]({path.name})\n\n    {line}\n\n")
        except OutputError as error:
            return (error.message,)
        return ()
