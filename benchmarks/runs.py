"""Runs of the bench and the files they are kept in, piece by piece if need be."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure


class RunError(Exception):
    """A file of a run cannot be used; its text says why."""


@dataclass(frozen=True)
class Run:
    """What a run, or several on one machine, has measured.

    machine: what all figures have in common. notes: "part: why it was left out".
    """

    machine: Mapping[str, Any]
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()

    def written(self) -> str:
        """As JSON; the ratios are in it for people, and are not read again."""
        figures = [
            {**asdict(figure), "ratios": {f"{a} : {b}": round(r, 3) for (a, b), r in figure.ratios().items()}}
            for figure in self.figures
        ]
        whole = {"machine": dict(self.machine), "notes": list(self.notes), "figures": figures}
        return json.dumps(whole, indent=1) + "\n"

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all: a run may be cut off at any time."""
        handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(self.written())
        os.chmod(unfinished, 0o644)
        os.replace(unfinished, path)

    @classmethod
    def read(cls, path: Path) -> Run:
        """A run from its JSON. Raises RunError with a sentence about the file."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            for figure in found["figures"]:
                figure.pop("ratios", None)
            figures = tuple(Figure(**figure) for figure in found["figures"])
            return cls(found["machine"], figures, tuple(found["notes"]))
        except OSError as error:
            raise RunError(f"{path} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RunError(f"{path} is no file of this bench") from error

    def joined(self, other: Run) -> Run:
        """Both runs' figures; of those that both have, the other's. Raises RunError for two machines.

        A note of this run is dropped where the other one has measured that part.
        """
        difference = differing(self.machine, other.machine)
        if difference:
            raise RunError(f"figures of two machines do not belong in one file: {difference}")
        replaced = {figure.key for figure in other.figures}
        kept = tuple(figure for figure in self.figures if figure.key not in replaced)
        measured = {figure.place for figure in other.figures}
        earlier = (note for note in self.notes if note.partition(":")[0] not in measured)
        notes = tuple(dict.fromkeys((*earlier, *other.notes)))
        return Run(self.machine, (*kept, *other.figures), notes)


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """In what two machines differ: "cores 2 and 8, torch 2.12 and 2.13"; nothing when they are alike."""
    names = (name for name in {**one, **other} if one.get(name) != other.get(name))
    return ", ".join(f"{name} {one.get(name)} and {other.get(name)}" for name in names)
