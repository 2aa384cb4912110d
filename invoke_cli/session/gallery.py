"""Saved pictures looked at again: one with the facts about it, or several on a sheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from invoke_cli.errors import LineError, MetadataError, OutputError
from invoke_cli.imaging.contact import check_size, contact
from invoke_cli.imaging.formats import PNG, encode
from invoke_cli.imaging.init_image import header, open_picture
from invoke_cli.imaging.metadata import pack
from invoke_cli.session.counter import claim_number
from invoke_cli.session.events import Notice, Saved, Shown
from invoke_cli.session.files import make_directory, write_new
from invoke_cli.session.recover import Here, Recovered, recover


@dataclass(frozen=True)
class Layout:
    """How a sheet looks: its columns, the longer side of a picture on it in pixels, names below them."""

    columns: int | None = None
    side: int | None = None
    names: bool = False


def look(path: Path, here: Here) -> Shown:
    """A saved picture and how it was made. Raises PictureError."""
    opened = open_picture(path)
    found = _recovered(path, here)
    if isinstance(found, str):
        return Shown(path, opened.size, "", "", "", (*opened.notes, found), opened.rgb)
    notes = tuple(note for note in found.notices if not note.startswith("drawn by "))
    return Shown(
        path, opened.size, found.program, found.model, found.line, (*opened.notes, *notes), opened.rgb
    )


def lay_out(paths: Sequence[Path], layout: Layout, here: Here, out: Path | None) -> Iterator[Saved | Notice]:
    """Save a sheet of saved pictures: as `out`, which must not be there yet, or among the session's own.

    Raises PictureError for one that cannot be opened, LineError for too large a sheet.
    """
    if out is not None and out.exists():
        raise OutputError(f"{out} is there already", "choose another name with --out")
    captions = [path.stem for path in paths] if layout.names else []
    try:
        check_size([header(path).size for path in paths], layout.columns, layout.side)
        pictures = (open_picture(path).rgb for path in paths)
        sheet = contact(pictures, layout.columns, captions, layout.side)
    except ValueError as error:
        raise LineError(str(error), "--size 256 makes each picture smaller") from error
    read = [_recovered(path, here) for path in paths]
    stories = [story for story in read if isinstance(story, Recovered)]
    lines = [story.line for story in stories]
    texts = pack(lines[0], {"grid": lines}) if lines else {}
    path = _written(encode(sheet, texts, PNG), out, here.outdir)
    seed = stories[0].request.seed if stories else None
    yield Saved(path, 0 if seed is None else seed, lines[0] if lines else "", 0.0, kind="grid", rgb=sheet)
    if len(lines) < len(paths):
        yield Notice(f"{len(paths) - len(lines)} of {len(paths)} pictures do not say how they were made")


def _recovered(path: Path, here: Here) -> Recovered | str:
    """How the picture was made, or why that is not known."""
    try:
        return recover(path, here)
    except MetadataError as error:
        return error.message


def _written(content: bytes, out: Path | None, outdir: Path) -> Path:
    if out is None:
        out = make_directory(outdir) / f"{claim_number(outdir):06}.grid.png"
    else:
        make_directory(out.parent)
    if not write_new(out, content):
        raise OutputError(f"{out} is there already", "choose another name with --out")
    return out
