"""Init pictures by the folder, or by a pattern such as sketches/*.png: one picture of the line for each."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from invoke_cli.diffusion.seeds import series
from invoke_cli.errors import PictureError
from invoke_cli.imaging.init_image import open_picture
from invoke_cli.language.request import Request
from invoke_cli.paths import expanded
from invoke_cli.session.job import Context, Job, Plan
from invoke_cli.session.references import BACK

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif", ".bmp", ".tif", ".tiff"})
TOLD = 5  # files that are skipped, by name; the others are counted

PlanOne = Callable[[Request, Context], Plan]


def several(init_img: str | None, outdir: Path, planned: Collection[str] = ()) -> list[str] | None:
    """The files that a folder or a pattern stands for, in natural order; None where it is one picture.

    A file of the very name goes before a pattern. Both are looked for as typed, then in the output folder.
    planned: pictures that a dry run would have made. Raises PictureError where there are no files.
    """
    if init_img is None or BACK.fullmatch(init_img) or init_img in planned:
        return None
    for typed in _places(init_img, outdir):
        if os.path.isfile(typed):
            return None
        if os.path.isdir(typed):
            return _sorted(_in_folder(typed), f"there are no pictures in {init_img}")
    if not glob.has_magic(init_img):
        return None
    found = next(filter(None, map(_matching, _places(init_img, outdir))), [])
    return _sorted(found, f"no picture matches {init_img}")


def plan_each(
    files: Sequence[str], typed: Request, merged: Request, context: Context, plan_one: PlanOne
) -> Plan:
    """One plan for all files; those that cannot be read are told of and skipped.

    With a seed in the line all have it, as frames of a film should; else each has its own.
    Raises PictureError where no file can be read.
    """
    count = merged.iterations if merged.iterations is not None else 1
    seeds = (
        series(context.new_seed(), len(files) * count)[::count] if merged.seed is None else [0] * len(files)
    )
    plans, skipped = [], []
    for file, seed in zip(files, seeds, strict=True):
        try:
            open_picture(expanded(file))
            request = replace(typed, init_img=file, init_mask=_mask_for(file, merged.init_mask))
        except PictureError as error:
            skipped.append(error.message)
            continue
        plans.append(plan_one(request, replace(context, new_seed=partial(int, seed))))
    if not plans:
        raise PictureError(f"none of {len(files)} files can be drawn from", skipped[0], switch="init_img")
    return _joined(plans, merged.init_img or "", skipped)


def _places(text: str, outdir: Path) -> Iterator[str]:
    typed = expanded(text)
    yield str(typed)
    if not typed.is_absolute():
        yield str(outdir / typed)


def _in_folder(folder: str) -> list[str]:
    try:
        names = [entry.name for entry in os.scandir(folder) if not entry.name.startswith(".")]
    except OSError as error:
        raise PictureError(f"{folder} cannot be looked into: {error.strerror}", switch="init_img") from error
    return [
        path for name in names if os.path.isfile(path := os.path.join(folder, name)) and _is_picture(name)
    ]


def _matching(pattern: str) -> list[str]:
    """The pictures among the files that match; all of them where no suffix is a picture's."""
    files = [path for path in glob.iglob(pattern, recursive=True) if os.path.isfile(path)]
    return [path for path in files if _is_picture(path)] or files


def _is_picture(path: str) -> bool:
    return os.path.splitext(path)[1].lower() in SUFFIXES


def _sorted(paths: Sequence[str], missing: str) -> list[str]:
    if not paths:
        raise PictureError(missing, switch="init_img")
    return sorted(paths, key=by_name)


def by_name(path: str) -> tuple[list[tuple[int, int, str]], str]:
    """A key to sort files by: natural order, and a.png before a-01.png, the later one of the same name."""
    stem, suffix = os.path.splitext(path)
    return natural(stem), suffix


def natural(text: str) -> list[tuple[int, int, str]]:
    """A key to sort by: numbers by their value, so that 2 stands before 10, and letters in any case."""
    pieces = re.findall(r"\d+|\D+", text)
    return [(0, int(piece), piece) if piece.isdecimal() else (1, 0, piece.casefold()) for piece in pieces]


def _mask_for(file: str, init_mask: str | None) -> str | None:
    """The mask of the same name where masks come in a folder. Raises PictureError where it has none."""
    if init_mask is None or BACK.fullmatch(init_mask) or not os.path.isdir(expanded(init_mask)):
        return init_mask
    stem = os.path.splitext(os.path.basename(file))[0]
    for path in sorted(_in_folder(str(expanded(init_mask)))):
        if os.path.splitext(os.path.basename(path))[0] == stem:
            return path
    raise PictureError(f"there is no mask for {file} in {init_mask}", switch="init_mask")


def _joined(plans: Sequence[Plan], named: str, skipped: Sequence[str]) -> Plan:
    jobs: list[Job] = []
    for plan in plans:
        start = len(jobs)
        jobs += [job if job.after is None else replace(job, after=job.after + start) for job in plan.jobs]
    several = len(plans) > 1
    told = f"1 picture from {named}"
    said = [f"{len(plans)} pictures from {named}, each with a line of its own" if several else told]
    said += [f"skipped: {message}" for message in skipped[:TOLD]]
    said += [f"{len(skipped) - TOLD} more are skipped"] if len(skipped) > TOLD else []
    others = list(dict.fromkeys(notice for plan in plans for notice in plan.notices))
    said += [*others[:TOLD], *([f"{len(others) - TOLD} more notes like these"] if len(others) > TOLD else [])]
    return replace(plans[0], jobs=tuple(jobs), notices=tuple(said))
