"""Contestants: each a process that waits while the others draw."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


def environment(own: Path) -> dict[str, str]:
    """The environment of everybody who takes part; the user's own settings do not count.

    own: an empty directory, for what the program keeps between its starts.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INVOKE_CLI_")}
    places = {f"XDG_{kind}_HOME": str(own / kind.lower()) for kind in ("CONFIG", "STATE", "DATA", "CACHE")}
    quiet = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error", "PYTHONWARNINGS": "ignore"}
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return {**kept, **places, **quiet, "PYTHONPATH": path}


class ContestantError(RuntimeError):
    """A contestant cannot go on; the text has its last words."""


class Contestant:
    """A worker process. missing: why it cannot take part, or ""."""

    def __init__(self, who: str, model: str, device: str, half: str, own: Path, python: str = "") -> None:
        self.who = who
        self._errors = (own / f"{who}.log").open("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [python or sys.executable, "-m", "benchmarks.worker", who, model, device, half],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment(own),
            cwd=own,
        )
        first = self._read()
        self.missing = str(first.get("missing", ""))
        self.loaded = float(first.get("loaded", 0))

    def ask(self, **request: Any) -> dict[str, Any]:
        """What the worker answers. Raises ContestantError when it has died."""
        if self._process.stdin is None:
            raise RuntimeError(f"{self.who} has no input")
        with suppress(BrokenPipeError):  # it has died, and its log says of what
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        answer = self._read()
        if "missing" in answer:
            raise ContestantError(f"{self.who}: {answer['missing']}")
        return answer

    def _read(self) -> dict[str, Any]:
        if self._process.stdout is None:
            raise RuntimeError(f"{self.who} has no output")
        line = self._process.stdout.readline()
        if line:
            found: dict[str, Any] = json.loads(line)
            return found
        self._process.wait()
        self._errors.seek(0)
        return {"missing": f"it failed: {last_words(self._errors.read())}"}

    def leave(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process.wait()
        self._errors.close()


def last_words(text: str) -> str:
    """The line that says what went wrong: the one that names an error, or else the last."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["without a word"]
    named = [number for number, line in enumerate(lines) if re.match(r"[\w.]*Error\b", line)]
    if not named:
        return lines[-1]
    return " ".join(lines[named[-1] : named[-1] + 2]) if lines[named[-1]].endswith(":") else lines[named[-1]]
