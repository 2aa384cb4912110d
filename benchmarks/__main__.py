"""How fast the program is, beside what people would run instead.

    python -m benchmarks [--only start,demo,full,cuda,loading] [--quick] [--json FILE] [--compare FILE]

start    process start to prompt, to the end of --help, to the first picture of the demo model
demo     the demo model, warm: lines of 1, 4 and 8 pictures
full     the shapes of Stable Diffusion 1.5 with random weights, on the CPU
cuda     the same on a GPU
loading  a checkpoint of 2.1 GB

Peers draw the same pictures from the same weights in processes beside ours, in turn. Only ratios mean
something, and only those of one run. Run it on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import loading, peers, random_model, start, steady
from benchmarks.figures import BATCHED, OURS, TOLERANCE, Figure, Run, changes, regressions
from benchmarks.machine import described, say, shortage
from benchmarks.report import compared, markdown, plain

ROOT = Path(__file__).parent.parent
SKETCH = ROOT / "test-pictures" / "tree-and-river-sketch.png"
FULL_MEMORY = 14.0
LEAST_MEMORY = 7.0
"""Gigabytes for everybody, and for those alone who compute in half precision."""
FP32 = "ours, fp32"


class _SkippedError(Exception):
    """A part cannot be measured here; its text says why."""


def main() -> int:
    """Measure, print, write; returns 1 when a comparison finds that something became slower."""
    given = _arguments()
    if given.report:
        sys.stdout.write(markdown(Run.read(given.report)))
        return 0
    run = _measured(given)
    say("\n" + plain(run.figures))
    for note in run.notes:
        say(note)
    if given.json:
        before = Run.read(given.json) if given.add and given.json.exists() else None
        whole = run if before is None else before.joined(run)
        given.json.write_text(whole.written(), encoding="utf-8")
    return _compared(run, given) if given.compare else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default=",".join(PARTS), metavar="PARTS", help="some of the parts above")
    parser.add_argument("--quick", action="store_true", help="one size, few rounds: to see that it works")
    parser.add_argument("--sizes", default="384,512", metavar="N,N", help="of full-size pictures")
    parser.add_argument("--rounds", type=int, help="how often each line is drawn")
    parser.add_argument("--model", type=Path, metavar="DIR", help="a diffusers directory for full and cuda")
    parser.add_argument("--openvino", default="", metavar="PYTHON", help="an interpreter with optimum-intel")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--add", action="store_true", help="with --json: keep other figures of FILE")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="with an earlier --json, by ratios")
    parser.add_argument("--tolerance", type=float, default=TOLERANCE, help="what a ratio may lose, 0..1")
    parser.add_argument("--report", type=Path, metavar="JSON", help="print the Markdown of a run and leave")
    given = parser.parse_args()
    unknown = set(given.only.split(",")) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {sorted(unknown)[0]!r}; there are: {', '.join(PARTS)}")
    return given


def _measured(given: argparse.Namespace) -> Run:
    figures: list[Figure] = []
    notes: list[str] = []
    device = "cuda" if _has_cuda() else "cpu"
    facts = {**described(device), "quick": given.quick}
    for name in given.only.split(","):
        say(f"{name}:")
        with tempfile.TemporaryDirectory(prefix="bench-") as own:
            try:
                figures.extend(PARTS[name](given, Path(own)))
            except _SkippedError as reason:
                notes.append(f"{name}: not measured, {reason}")
                say(f"  {notes[-1]}")
    return Run(facts, tuple(figures), tuple(notes))


def _compared(run: Run, given: argparse.Namespace) -> int:
    before = Run.read(given.compare)
    found = list(changes(run.figures, before.figures))
    lost = regressions(run.figures, before.figures, given.tolerance)
    say("\n" + compared(found, lost, given.tolerance))
    return int(bool(lost) or not found)


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


def _start(given: argparse.Namespace, own: Path) -> Iterator[Figure]:
    yield from start.measure(_demo_directory(), SKETCH, own, 3 if given.quick else _rounds(given, 9))


def _demo(given: argparse.Namespace, own: Path) -> Iterator[Figure]:
    half = _half()
    case = steady.Case(
        part="demo",
        model="demo",
        peers_model=str(_demo_directory()),
        device="cpu",
        half=half,
        sides=(128,) if given.quick else (128, 384),
        counts=(1, 4) if given.quick else (1, 4, 8),
        rounds=_rounds(given, 5),
        contestants=(OURS, BATCHED, peers.DEFAULT, peers.TUNED),
        dtypes={OURS: "float32", BATCHED: "float32", peers.DEFAULT: "float32", peers.TUNED: half},
        sketch=SKETCH,
        own=own,
    )
    yield from steady.measure(case)


def _full(given: argparse.Namespace, own: Path) -> Iterator[Figure]:
    reason = shortage(LEAST_MEMORY, 0 if given.model else 2 * random_model.DISK)
    if reason:
        raise _SkippedError(reason)
    model, half = _model(given, own), _half()
    sides = [int(side) for side in given.sizes.split(",")][: 1 if given.quick else None]
    everybody = {
        OURS: half,
        FP32: "float32",
        peers.DEFAULT: "float32",
        peers.TUNED: half,
        peers.OPENVINO: half,
    }
    if shortage(FULL_MEMORY, 0):
        everybody = {OURS: half, peers.TUNED: half}
        say(f"  only {', '.join(everybody)}: {shortage(FULL_MEMORY, 0)}")
    yield start.first_picture(
        "full", "full size", model, model, sides[0], half, SKETCH, own, 1 if given.quick else 2
    )
    case = steady.Case(
        part="full",
        model=model,
        peers_model=model,
        device="cpu",
        half=half,
        sides=sides,
        counts=(1,),
        rounds=_rounds(given, 2),
        contestants=tuple(everybody),
        dtypes=everybody,
        sketch=SKETCH,
        own=own,
        openvino=given.openvino,
    )
    yield from steady.measure(case)


def _cuda(given: argparse.Namespace, own: Path) -> Iterator[Figure]:
    if not _has_cuda():
        raise _SkippedError("there is no GPU here")
    whoever = (OURS, BATCHED, peers.DEFAULT, peers.TUNED, peers.COMPILED)
    model = _model(given, own)
    case = steady.Case(
        part="cuda",
        model=model,
        peers_model=model,
        device="cuda",
        half="float16",
        sides=(512,) if given.quick else [int(side) for side in given.sizes.split(",")],
        counts=(1, 4) if given.quick else (1, 4, 8),
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
    say("  building the model")
    random_model.write(own / "model")
    return str(own / "model")


def _loading(given: argparse.Namespace, own: Path) -> Iterator[Figure]:
    reason = shortage(loading.NEEDED_MEMORY, loading.NEEDED_DISK)
    if reason:
        raise _SkippedError(reason)
    yield from loading.figures(own, "cpu", 1 if given.quick else 3)


PARTS: dict[str, Callable[[argparse.Namespace, Path], Iterator[Figure]]] = {
    "start": _start,
    "demo": _demo,
    "full": _full,
    "cuda": _cuda,
    "loading": _loading,
}

if __name__ == "__main__":
    sys.exit(main())
