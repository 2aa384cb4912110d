"""Files that are written whole or not at all, and never over another."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from invoke_cli.errors import OutputError


def make_directory(path: Path) -> Path:
    """Create the directory and its parents. Raises OutputError with the reason when it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder {path} cannot be made: {error.strerror}", "choose another with -o"
        ) from error
    return path


def check_writable(directory: Path) -> None:
    """Make the folder and try to write into it. Raises OutputError, before anybody has drawn for nothing."""
    try:
        with tempfile.TemporaryFile(dir=make_directory(directory)):
            pass
    except OSError as error:
        raise OutputError(
            f"nothing can be written into {directory}: {error.strerror}", "choose another folder with -o"
        ) from error


def write_new(path: Path, content: bytes) -> bool:
    """Write a file that does not exist yet; False, and nothing is changed, when it does.

    The content goes to a temporary file beside it first, so a reader or a crash never sees half a file.
    """
    try:
        temporary = _write_temporary(path.parent, content)
        try:
            return _claim(temporary, path)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror}", "choose another folder with -o"
        ) from error


def write_over(path: Path, content: bytes) -> None:
    """Write a file, over another if there is one; a reader or a crash sees the old one or the new one."""
    try:
        os.replace(_write_temporary(path.parent, content), path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error


def _write_temporary(directory: Path, content: bytes) -> str:
    handle, temporary = tempfile.mkstemp(dir=directory, prefix=".unfinished-")
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
    os.chmod(temporary, 0o666 & ~_umask())
    return temporary


def _claim(temporary: str, path: Path) -> bool:
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError:
        # A file system without hard links: claim the name first, then put the content in its place.
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            return False
        os.replace(temporary, path)
    return True


def _umask() -> int:
    # There is no way to read the mask without setting it.
    mask = os.umask(0)
    os.umask(mask)
    return mask


def append(path: Path, text: str) -> None:
    """Append text to a log in one write, so that two programs' entries do not mix."""
    try:
        with path.open("ab", buffering=0) as stream:
            # A file name need not be text: what cannot be encoded is spelled out.
            stream.write(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error


def sha256_of(path: Path) -> str | None:
    """The SHA-256 of a file's bytes, in hexadecimal; None where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
