"""Starts: from the first instruction of a process to what a person waits for."""

from __future__ import annotations

import fcntl
import os
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchmarks import peers
from benchmarks.contestants import environment, last_words
from benchmarks.figures import OURS, Figure
from benchmarks.machine import say
from benchmarks.steady import PROMPT, STEPS, STRENGTH, sketch

PROGRAM = [sys.executable, "-m", "invoke_cli"]
PATIENCE = 60.0
_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>78]|\x1b\][^\x07]*\x07")


def measure(demo: Path, source: Path, own: Path, rounds: int) -> Iterator[Figure]:
    """Prompt, help and first demo picture; a first start of each is not counted."""
    empty = "bare interpreter"
    bare: list[str] = [sys.executable, "-c", "pass"]
    helped, _ = _in_turn(
        {OURS: lambda: _to_end([*PROGRAM, "--help"], own), empty: lambda: _to_end(bare, own)}, rounds
    )
    yield Figure("start", "--help", "process start to its end", "s", helped)
    prompted, _ = _in_turn({OURS: lambda: _to_prompt(own), empty: lambda: _to_end(bare, own)}, rounds)
    yield Figure("start", "prompt", "process start to prompt", "s", prompted)
    yield first_picture(
        First("start", "demo", str(demo), "demo, 128x128", 128, "float32", source, own, max(2, rounds // 2))
    )


@dataclass(frozen=True)
class First:
    """The first picture of a process: of which model for us and for the peer, called what, how large.

    half: what the peer's script computes in; ours is left to choose.
    """

    part: str
    model: str
    peers_model: str
    name: str
    side: int
    half: str
    source: Path
    own: Path
    rounds: int
    group: str = ""

    @property
    def peer(self) -> str:
        """The setting of the peer that computes in `half`."""
        return peers.DEFAULT if self.half == "float32" else peers.TUNED


def first_picture(case: First, before: Callable[[], None] = lambda: None) -> Figure:
    """From the start of a process, with a cold interpreter and warm file caches, to a saved picture.

    before: done before each start of ours, and not timed.
    """
    own, init = case.own, sketch(case.source, case.side, case.own)
    line = f"{PROMPT} -I {init} -s {STEPS} -f {STRENGTH} -S 1 --no-fit --keep_size -o {own}"
    ours = [*PROGRAM, "--json", "--model", case.model, line]
    script = [sys.executable, str(Path(peers.__file__)), case.peers_model, case.peer, "cpu", case.half]
    theirs = [*script, str(init), str(STEPS), str(STRENGTH), PROMPT, str(own / "first.png")]

    def start() -> float:
        before()
        return _to_words(ours, b'"saved"', own)

    ways = {OURS: start, case.peer: lambda: _to_words(theirs, b"saved", own)}
    samples, missing = _in_turn(ways, case.rounds)
    return Figure(
        case.part, case.name, "process start to first picture", "s", samples, missing, group=case.group
    )


def first_and_later(case: First) -> Iterator[Figure]:
    """The first start of a model, whose weights are converted to half precision, and a later one's."""
    cache = case.own / "cache"  # see `contestants.environment`
    clear = partial(shutil.rmtree, cache, ignore_errors=True)
    yield first_picture(replace(case, name=f"{case.name}, first start of the model"), clear)
    yield first_picture(replace(case, name=f"{case.name}, later start"))


def _in_turn(
    ways: dict[str, Callable[[], float]], rounds: int
) -> tuple[dict[str, Sequence[float]], dict[str, str]]:
    """The seconds of every way but of its first start; and why some have none."""
    samples: dict[str, Sequence[float]] = {}
    missing: dict[str, str] = {}
    for who, way in ways.items():
        try:
            way()
        except RuntimeError as error:
            missing[who] = str(error)
    there = [who for who in ways if who not in missing]
    taken = [[ways[who]() for who in there] for _ in range(rounds)]
    samples = {who: [found[column] for found in taken] for column, who in enumerate(there)}
    say("  " + ", ".join(f"{who} {min(found):.2f} s" for who, found in samples.items()))
    return samples, missing


def _to_end(command: list[str], own: Path) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment(own), cwd=own)
    return time.perf_counter() - started


def _to_words(command: list[str], words: bytes, own: Path) -> float:
    """Until the words are on standard output."""
    started, seconds = time.perf_counter(), 0.0
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, env=environment(own), cwd=own
        )
        with process, process.stdout or nullcontext(()) as output:
            for line in output:
                if words in line and not seconds:
                    seconds = time.perf_counter() - started
        if seconds:
            return seconds
        errors.seek(0)
        raise RuntimeError(f"it failed: {last_words(errors.read().decode(errors='replace'))}")


def _to_prompt(own: Path) -> float:
    """Until the prompt stands on a terminal that does not answer questions."""
    terminal, side = os.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    named = {**environment(own), "TERM": "xterm-256color"}
    started = time.perf_counter()
    process = subprocess.Popen(
        PROGRAM, stdin=side, stdout=side, stderr=side, env=named, cwd=own, start_new_session=True
    )
    os.close(side)
    try:
        return _read_until(terminal, b"invoke>", started) - started
    finally:
        process.send_signal(signal.SIGKILL)  # its model is being loaded, which nobody waits for
        process.wait()
        os.close(terminal)


def _read_until(terminal: int, words: bytes, started: float) -> float:
    seen = b""
    while time.perf_counter() - started < PATIENCE:
        if select.select([terminal], [], [], 1.0)[0]:
            seen += os.read(terminal, 65536)
            if words in _ESCAPES.sub(b"", seen):
                return time.perf_counter()
    raise RuntimeError(f"no prompt after {PATIENCE:.0f} s; on the terminal: {seen[-200:]!r}")
