"""How fast the program is, beside what people would run instead.

    python -m benchmarks [--only start,demo,full,cuda,loading] [--quick] [--json FILE] [--compare FILE]
    python -m benchmarks --only full --groups tuned --sizes 384 --keep DIR --json FILE --add

start    process start to prompt, to the end of --help, to the first picture of the demo model
demo     the demo model, warm: lines of 1, 4 and 8 pictures
full     the shapes of Stable Diffusion 1.5 with random weights, on the CPU, two contestants at a time:
         groups start, tuned, default, exact, openvino
cuda     the same on a GPU
loading  a checkpoint of 2.1 GB

Peers draw the same pictures from the same weights in processes beside ours, in turn. Only ratios mean
something, and only those of one group. Run it on a machine that does nothing else. What was measured is
in the file at once, so that a run that is cut off leaves what it had.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks import full, loading, peers, random_model, start, steady
from benchmarks.arguments import read_arguments
from benchmarks.comparison import told
from benchmarks.contestants import ContestantError
from benchmarks.figures import BATCHED, COMPILING, OURS, Figure
from benchmarks.machine import conditions, described, say, shortage
from benchmarks.report import markdown, plain
from benchmarks.runs import Run, RunError

ROOT = Path(__file__).parent.parent
SKETCH = ROOT / "test-pictures" / "tree-and-river-sketch.png"


class _SkippedError(Exception):
    """A part cannot be measured here; its text says why."""


@dataclass
class _Sheet:
    """What is measured by now, and the file that has it. before: what the file had already."""

    machine: dict[str, object]
    path: Path | None
    before: Run | None
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def run(self) -> Run:
        return Run(self.machine, tuple(self.figures), tuple(self.notes))

    def add(self, figure: Figure) -> None:
        """Take a figure, and write the file at once."""
        self.figures.append(figure)
        self._write()

    def note(self, place: str, reason: str) -> None:
        """Say that a part, or a group of it, is left out."""
        self.notes.append(f"{place}: not measured, {reason}")
        say(f"  {self.notes[-1]}")
        self._write()

    def _write(self) -> None:
        if self.path is not None:
            (self.run if self.before is None else self.before.joined(self.run)).write(self.path)


def main() -> int:
    """Measure, print, write. Of a comparison it returns what `comparison.told` does."""
    given, parser = read_arguments(__doc__ or "", PARTS)
    try:
        return _report(given) if given.report else _measure(given)
    except RunError as error:
        parser.error(str(error))


def _report(given: argparse.Namespace) -> int:
    run = Run.read(given.report)
    if given.compare is None:
        sys.stdout.write(markdown(run))
        return 0
    return _compared(run, Run.read(given.compare), given.tolerance)


def _measure(given: argparse.Namespace) -> int:
    """What was asked for. Files that cannot be used are refused before anything is measured."""
    earlier = Run.read(given.compare) if given.compare else None
    before = Run.read(given.json) if given.add and given.json.exists() else None
    sheet = _Sheet(described("cuda" if _has_cuda() else "cpu"), given.json, before)
    if before is not None:
        before.joined(sheet.run)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what is temporary goes away
    for name in given.only.split(","):
        _measure_part(name, given, sheet)
    say("\n" + plain(sheet.figures))
    for note in sheet.notes:
        say(note)
    return _compared(sheet.run, earlier, given.tolerance) if earlier is not None else 0


def _measure_part(name: str, given: argparse.Namespace, sheet: _Sheet) -> None:
    say(f"{name}:")
    how = {"quick": given.quick, **conditions()}
    with tempfile.TemporaryDirectory(prefix="bench-") as own:
        try:
            for figure in PARTS[name](given, Path(own), sheet):
                sheet.add(replace(figure, conditions=how))
        except _SkippedError as reason:
            sheet.note(name, str(reason))
        except ContestantError as error:
            sheet.note(name, f"broken off: {error}")


def _compared(run: Run, before: Run, tolerance: float) -> int:
    text, status = told(run, before, tolerance)
    say("\n" + text)
    return status


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


def _half() -> str:
    from invoke_cli.models.devices import cpu_has_bfloat16

    return "bfloat16" if cpu_has_bfloat16() else "float32"


def _rounds(given: argparse.Namespace, usual: int) -> int:
    return given.rounds if given.rounds else 1 if given.quick else usual


def _demo_directory() -> Path:
    return ROOT / "invoke_cli" / "data" / "demo"


def _start(given: argparse.Namespace, own: Path, _: _Sheet) -> Iterator[Figure]:
    yield from start.measure(_demo_directory(), SKETCH, own, 3 if given.quick else _rounds(given, 9))


def _demo(given: argparse.Namespace, own: Path, _: _Sheet) -> Iterator[Figure]:
    half = _half()
    case = steady.Case(
        part="demo",
        model="demo",
        peers_model=str(_demo_directory()),
        device="cpu",
        half=half,
        sides=_sizes(given, 128, 384),
        counts=_several(given),
        rounds=_rounds(given, 5),
        contestants=(OURS, BATCHED, peers.DEFAULT, peers.TUNED),
        dtypes={OURS: "float32", BATCHED: "float32", peers.DEFAULT: "float32", peers.TUNED: half},
        sketch=SKETCH,
        own=own,
    )
    yield from steady.measure(case)


def _full(given: argparse.Namespace, own: Path, sheet: _Sheet) -> Iterator[Figure]:
    model = Path(_model(given, own))
    yield from full.measure(
        full.Full(
            groups=given.groups.split(","),
            sides=_sizes(given, 384, 512),
            counts=given.counts or (1,),
            rounds=_rounds(given, 2),
            half=_half(),
            model=model,
            built=_built(given, own),
            own=own,
            sketch=SKETCH,
            openvino=given.openvino,
        ),
        sheet.note,
    )


def _several(given: argparse.Namespace) -> Sequence[int]:
    return given.counts or ((1, 4) if given.quick else (1, 4, 8))


def _sizes(given: argparse.Namespace, *usual: int) -> list[int]:
    sides = given.sizes if given.sizes is not None else list(usual)
    return sides[:1] if given.quick else sides


def _cuda(given: argparse.Namespace, own: Path, _: _Sheet) -> Iterator[Figure]:
    if not _has_cuda():
        raise _SkippedError("there is no GPU here")
    whoever = (OURS, BATCHED, COMPILING, peers.DEFAULT, peers.TUNED, peers.COMPILED)
    model = _model(given, own)
    case = steady.Case(
        part="cuda",
        model=model,
        peers_model=model,
        device="cuda",
        half="float16",
        sides=(512,) if given.quick else _sizes(given, 384, 512),
        counts=_several(given),
        rounds=_rounds(given, 5),
        contestants=whoever,
        dtypes=dict.fromkeys(whoever, "float16"),
        sketch=SKETCH,
        own=own,
    )
    yield from steady.measure(case)


def _model(given: argparse.Namespace, own: Path) -> str:
    """The full-size model: the one that was named, or random weights built on the spot."""
    if given.model:
        return str(given.model)
    directory = _built(given, own) / "model"
    reason = "" if directory.exists() else shortage(0, 2 * random_model.DISK)
    if reason:
        raise _SkippedError(reason)
    say("  building the model")
    return str(random_model.built(directory))


def _built(given: argparse.Namespace, own: Path) -> Path:
    """Where what takes a minute to build lies: for other runs, where a folder was named."""
    if given.keep is None:
        return own
    given.keep.mkdir(parents=True, exist_ok=True)
    return Path(given.keep).absolute()


def _loading(given: argparse.Namespace, own: Path, _: _Sheet) -> Iterator[Figure]:
    reason = shortage(loading.NEEDED_MEMORY, loading.NEEDED_DISK)
    if reason:
        raise _SkippedError(reason)
    yield from loading.figures(own, "cpu", 1 if given.quick else 3)


PARTS: dict[str, Callable[[argparse.Namespace, Path, _Sheet], Iterator[Figure]]] = {
    "start": _start,
    "demo": _demo,
    "full": _full,
    "cuda": _cuda,
    "loading": _loading,
}

if __name__ == "__main__":
    sys.exit(main())
