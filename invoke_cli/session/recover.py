"""How a picture file was made, as a line for this session, and what to say of that line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from invoke_cli.errors import MetadataError
from invoke_cli.imaging.init_image import header
from invoke_cli.imaging.metadata import read_texts
from invoke_cli.language.defaults import builtin
from invoke_cli.language.grammar import write
from invoke_cli.language.quoting import value_text
from invoke_cli.language.request import Request
from invoke_cli.language.switches import table
from invoke_cli.paths import expanded
from invoke_cli.session.dialects import Found, own, read
from invoke_cli.session.files import sha256_of

_SOURCES = (("init_img", "-I"), ("init_mask", "-M"), ("init_color", "--init_color"))
_ALWAYS_SAID = frozenset({"prompt", "steps", "cfg_scale", "sampler", "strength"})
_OLD_GRID = 64  # what InvokeAI rounded sizes down to


@dataclass(frozen=True)
class Recovered:
    """The line that makes a picture again, as nearly as its file lets it, and what the user should know.

    program: which one drew it. model: what with, as the file names it; both may be "". sheet: the lines of
    all pictures, where it is a sheet of several.
    """

    path: Path
    line: str
    request: Request
    program: str
    model: str
    notices: tuple[str, ...]
    sheet: tuple[str, ...] = ()


@dataclass(frozen=True)
class Here:
    """The session that a line is for. model: the one in use. models: all that it could use, by name."""

    outdir: Path
    model: str
    models: tuple[str, ...] = ()


def recover(path: Path, here: Here) -> Recovered:
    """Read how the picture at `path` was made.

    Pictures that it was drawn from are looked for beside it and in the folder of pictures, too. Raises
    PictureError where there is no picture, MetadataError where it says nothing of its making.
    """
    found = read(read_texts(path))
    if found is None:
        raise MetadataError(f"{path} does not say how it was made", "its metadata may have been stripped")
    if found.request == Request():
        raise MetadataError(f"{path} says no more of its making than {'; '.join(found.lost)}")
    found, sized = _real_size(found, path)
    request, moved = _sources_found(found, path, here.outdir)
    is_ours = found.program == own.PROGRAM
    line = found.line if request == found.request else write(request, full=is_ours)
    notices = (*_origin(found, is_ours, here), *sized, *moved)
    return Recovered(path, line, request, found.program, found.model, notices, found.sheet)


def for_the_prompt(found: Recovered, defaults: Request) -> str:
    """The line as a person would type it: without what is built in and what `defaults` do not change.

    What such lines have always said stays, though it may be the usual: steps, scale, sampler, strength.
    """
    if found.program != own.PROGRAM:
        return found.line
    usual = builtin()
    unsaid: dict[str, Any] = {
        switch.name: None
        for switch in table()
        if switch.name not in _ALWAYS_SAID
        and getattr(found.request, switch.name)
        == getattr(usual, switch.name)
        == getattr(defaults, switch.name)
    }
    return write(replace(found.request, **unsaid))


def stored_prompt(path: Path) -> tuple[str, str]:
    """The prompt that the picture was made with, and the program that stored it; both "" where none did."""
    try:
        found = read(read_texts(path))
    except MetadataError:
        return "", ""
    return ("", "") if found is None else (found.request.prompt, found.program)


def _origin(found: Found, is_ours: bool, here: Here) -> Iterator[str]:
    """Who drew it, with which model, and what of that has no word in a line of ours."""
    who = "" if is_ours else f" by {found.program}"
    is_other = found.model not in ("", here.model)
    if who or is_other:
        with_model = f" with the model {found.model}" if is_other or (who and found.model) else ""
        changes = (
            f"; !switch {value_text(found.model)} draws with it"
            if is_other and found.model in here.models
            else ""
        )
        yield f"drawn{who}{with_model}{changes}"
    if found.lost:
        yield "not carried over: " + "; ".join(found.lost)


def _real_size(found: Found, path: Path) -> tuple[Found, tuple[str, ...]]:
    """The size of the picture where an InvokeAI stored the one that was asked for and drew a smaller one."""
    asked = (found.request.width, found.request.height)
    if not found.program.startswith("InvokeAI") or None in asked or found.request.init_img is not None:
        return found, ()
    real = header(path).size
    if real == asked or any(
        is_ != (side or 0) // _OLD_GRID * _OLD_GRID for is_, side in zip(real, asked, strict=True)
    ):
        return found, ()
    request = replace(found.request, width=real[0], height=real[1])
    note = f"{asked[0]}x{asked[1]} was asked for; the line has the size of the picture, {real[0]}x{real[1]}"
    return replace(found, request=request, line=write(request)), (note,)


def _sources_found(found: Found, path: Path, outdir: Path) -> tuple[Request, tuple[str, ...]]:
    """The request with the pictures that it starts from where they are now, and what became of them."""
    request, notices = found.request, []
    for switch, flag in _SOURCES:
        named = getattr(request, switch)
        if named is None:
            continue
        digest = found.sha256.get(switch)
        here, note = _source(named, digest, (path.parent, outdir))
        notices += [f"{note} ({flag})"] if note else []
        if here != named:
            changed: dict[str, Any] = {switch: here}
            request = replace(request, **changed)
    return request, tuple(notices)


def _source(named: str, digest: str | None, folders: Sequence[Path]) -> tuple[str, str]:
    """Where the picture is, and what to say of it: it may have moved, changed or gone."""
    beside = [str(folder / Path(named.replace("\\", "/")).name) for folder in folders]
    there = [each for each in dict.fromkeys((named, *beside)) if os.path.isfile(expanded(each))]
    if not there:
        return named, f"there is no picture {named} any more"
    same = [each for each in there if digest is None or sha256_of(expanded(each)) == digest]
    if not same:
        return there[0], f"{there[0]} is not the picture that it was drawn from: its content has changed"
    return same[0], "" if same[0] == named else f"{named} was found as {same[0]}"
