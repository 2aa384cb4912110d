"""The program: shell switches in, an exit status out."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from invoke_cli.errors import InvokeError
from invoke_cli.init_file import Start, read_start
from invoke_cli.paths import expanded
from invoke_cli.repl.visible import visible
from invoke_cli.shell import Invocation

if TYPE_CHECKING:
    from invoke_cli.repl.console import Console
    from invoke_cli.session.batch import NumberedLine
    from invoke_cli.session.session import Session

WRONG_USAGE = 2


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns 0, 1 when a line failed, 2 for wrong usage, 130 when interrupted."""
    try:
        start = read_start(sys.argv[1:] if arguments is None else arguments, dict(os.environ))
        return _run(start.invocation, _session(start))
    except InvokeError as error:
        lines = [f"invoke-cli: {error.message}", *([f"  {error.hint}"] if error.hint else [])]
        sys.stderr.write("".join(f"{visible(line)}\n" for line in lines))
        return WRONG_USAGE
    except KeyboardInterrupt:
        return 130


def _session(start: Start) -> Session:
    from invoke_cli.models.catalog import Catalog
    from invoke_cli.session.session import Session
    from invoke_cli.settings import environment, settings_from, shipped_directory, user_directory

    known, invocation = environment(), start.invocation
    settings = settings_from(
        invocation.values,
        invocation.config,
        known,
        init=start.init,
        dry_run=invocation.dry_run,
        yes=invocation.yes,
    )
    settings = replace(settings, explain=invocation.explain, png=invocation.png, compile=invocation.compile)
    catalog = Catalog.read(shipped_directory() / "models.yaml", user_directory(known) / "models.yaml")
    _start_log(known)
    if settings.tokenizer and not settings.dry_run:
        _keep_vocabulary(settings.tokenizer)
    return Session(settings, catalog)


def _keep_vocabulary(directory: str) -> None:
    from invoke_cli.models.vocabulary import CLIP_WORDS, keep

    keep(expanded(directory), CLIP_WORDS)


def _start_log(environment: dict[str, str]) -> None:
    """Send what developers want to know to a file; nothing of it belongs on the terminal."""
    base = environment.get("XDG_STATE_HOME")
    directory = (Path(base) if base else Path.home() / ".local" / "state") / "invoke-cli"
    logger = logging.getLogger("invoke_cli")
    logger.propagate = False
    try:
        directory.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = logging.FileHandler(
            directory / "invoke-cli.log", delay=True, encoding="utf-8", errors="backslashreplace"
        )
    except OSError:  # a read-only home is no reason not to draw
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    logger.addHandler(handler)


def _run(invocation: Invocation, session: Session) -> int:
    from invoke_cli.repl.app import run_lines, run_once, run_repl

    console = _console(invocation, session.settings.viewer)
    for note in invocation.notes:
        _say(console, note)
    if session.settings.autoimport and not (session.dry_run or session.settings.explain):
        _autoimport(session, console)
    if invocation.line is not None:
        return run_once(session, console, invocation.line)
    lines = _input(invocation)
    if lines is None:
        return run_repl(session, console)
    # a file is there as a whole; behind a pipe somebody may wait for each picture
    overlaps = invocation.from_file is not None and os.path.isfile(expanded(invocation.from_file))
    return run_lines(session, console, lines, overlaps=overlaps)


def _say(console: Console, text: str) -> None:
    from invoke_cli.session.events import Notice

    console.show(Notice(text))


def _autoimport(session: Session, console: Console) -> None:
    from invoke_cli.session.imports import autoimport

    for event in autoimport(session.models, session.settings.autoimport):
        console.show(event)


def _console(invocation: Invocation, viewer: str) -> Console:
    from invoke_cli.repl.console import JsonConsole, TextConsole
    from invoke_cli.repl.easel import easel_for

    if invocation.json:
        return JsonConsole(sys.stdout, sys.stderr)
    draws = not (invocation.dry_run or invocation.explain)
    easel = easel_for(viewer, sys.stdout)
    return TextConsole(sys.stdout, sys.stderr, sys.stdout.isatty(), dry_run=not draws, easel=easel)


def _input(invocation: Invocation) -> Iterable[NumberedLine] | None:
    """The lines of a file or a pipe; None when a person sits at the keyboard."""
    from invoke_cli.session.batch import lines_of

    if invocation.from_file is not None and invocation.from_file != "-":
        return lines_of(Path(invocation.from_file))
    if invocation.from_file == "-" or not sys.stdin.isatty():
        return lines_of(sys.stdin.buffer)
    return None


def _open_missing_streams() -> None:
    """A daemon may start a program with its standard streams closed; Python then has None for them."""
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: SIM115 (open to the end)
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (open to the end)
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (open to the end)


def _finish_files() -> None:
    """Wait for pictures that are still being written."""
    for thread in threading.enumerate():
        if thread.name == "write":
            thread.join()


def entry() -> NoReturn:
    """Run the program and end the process.

    At once when everything is written: Python takes a second to tear down torch's modules one by one, and
    would do so under the feet of a thread that is still loading a model.
    """
    _open_missing_streams()
    status = main()
    try:
        _finish_files()
    except KeyboardInterrupt:  # what is not written by now is given up
        status = 130
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    entry()
