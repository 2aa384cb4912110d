"""The number in front of file names: it never repeats, even between processes or after deletions."""

from __future__ import annotations

import os
from pathlib import Path

from invoke_cli.errors import OutputError
from invoke_cli.session.files import make_directory

CLAIMS = ".numbers"


def next_number(outdir: Path) -> int:
    """The number that the next claim will probably get."""
    return max((*_numbers(outdir), *_numbers(outdir / CLAIMS)), default=0) + 1


def claim_number(outdir: Path) -> int:
    """Claim a number for good, by the exclusive creation of an empty file in a hidden folder.

    Only the newest claim is kept. A process that looked before another claimed and cleaned up could still
    create a lower number, so a claim counts only if no higher one stands beside it afterwards.
    """
    claims = make_directory(outdir / CLAIMS)
    try:
        while True:
            number = next_number(outdir)
            if _create(claims / str(number)) and _stands(claims, number):
                return number
    except OSError as error:
        raise OutputError(
            f"no number can be claimed in {claims}: {error.strerror}", "is it yours?"
        ) from error


def _stands(claims: Path, number: int) -> bool:
    """Whether the claim just made is the highest; then it is the only one to keep, else it is withdrawn."""
    if max(_numbers(claims)) > number:
        (claims / str(number)).unlink(missing_ok=True)
        return False
    _forget_below(claims, number)
    return True


def _create(path: Path) -> bool:
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _forget_below(claims: Path, number: int) -> None:
    for older in _numbers(claims):
        if older < number:
            (claims / str(older)).unlink(missing_ok=True)


def _numbers(directory: Path) -> list[int]:
    """The numbers in front of names, up to a dot or to the end; there may be thousands of names."""
    try:
        names = os.listdir(directory)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [int(first) for first in (name.partition(".")[0] for name in names) if first.isdecimal()]
