"""The first picture of a chain: where what was drawn from what was drawn ... began."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from invoke_cli.errors import InvokeError
from invoke_cli.imaging.metadata import Stored, read_texts, unpack
from invoke_cli.language.grammar import parse
from invoke_cli.paths import expanded
from invoke_cli.session.files import sha256_of

LONGEST = 10_000  # links; more than anybody draws, and an end for files that name each other


def first_of_chain(init_img: str) -> tuple[str, tuple[str, ...]]:
    """The path of the picture that a chain of -I began with, and what to say where it is broken.

    A picture's own metadata name its init picture. A file that is no longer what they describe breaks
    the chain, and the picture drawn from it counts as the first.
    """
    at = init_img
    seen = {expanded(at).resolve()}
    for _ in range(LONGEST):
        stored = _stored(expanded(at))
        named = _init_of(stored)
        if named is None:
            return at, ()
        before = _found(named, expanded(at), stored)
        if before is None:
            broken = f"{named}, from which {at} was drawn, is gone or has changed; {at} is the anchor"
            return at, (broken,)
        if expanded(before).resolve() in seen:
            return at, ()
        seen.add(expanded(before).resolve())
        at = before
    return at, ()


def _stored(path: Path) -> Stored:
    try:
        return unpack(read_texts(path))
    except InvokeError:  # most pictures were not drawn here
        return Stored(None)


def _init_of(stored: Stored) -> str | None:
    """The init picture that the line in a picture names."""
    try:
        return parse(stored.line).init_img if stored.line else None
    except InvokeError:
        return None


def _found(named: str, by: Path, stored: Stored) -> str | None:
    """The file that was meant: as named, or beside the picture that names it, if its content is the same."""
    init = stored.facts.get("init")
    wanted = init.get("sha256") if isinstance(init, dict) else None
    for candidate in _candidates(named, by):
        path = expanded(candidate)
        if path.is_file() and wanted in (None, sha256_of(path)):
            return candidate
    return None


def _candidates(named: str, by: Path) -> Iterator[str]:
    yield named
    yield str(by.parent / named)
    yield str(by.parent / Path(named).name)
