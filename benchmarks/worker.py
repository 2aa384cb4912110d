"""One contestant in a process of its own: it loads its model once, then draws what it is told to.

It reads one JSON object a line and answers each with another; `Contestant` in contestants.py writes them.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import machine, peers
from benchmarks.figures import BATCHED, COMPILING, FP32, is_ours
from benchmarks.probes import probed, split

if TYPE_CHECKING:
    from invoke_cli.session.events import PlannedPicture

Draw = Callable[[dict[str, Any]], None]
PRECISIONS = {FP32: "float32"}
EXTRAS = {BATCHED: " --batch auto"}
"""What settings of ours add to a line."""
KEPT_WEIGHTS = 20 * 2**30
"""Bytes."""


def main() -> None:
    """WHO MODEL DEVICE HALF: load, say how long it took, then obey."""
    who, model, device, half = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints does not get between the answers
    started = time.perf_counter()
    try:
        draw = _contestant(who, model, device, half)
    except ImportError as error:
        _answer(answers, {"missing": f"{error.name} is not installed" if error.name else str(error)})
        return
    _answer(answers, {"loaded": time.perf_counter() - started})
    for line in sys.stdin:
        asked = json.loads(line)
        _answer(answers, _memory(device) if asked["do"] == "memory" else _drawn(draw, asked, device))


def _answer(stream: Any, answer: dict[str, Any]) -> None:
    stream.write(json.dumps(answer) + "\n")
    stream.flush()


def _contestant(who: str, model: str, device: str, half: str) -> Draw:
    if is_ours(who):
        precision = PRECISIONS.get(who, "auto")
        return _ours(model, device, precision, EXTRAS.get(who, ""), compiles=who == COMPILING)
    pipe = peers.openvino(model) if who == peers.OPENVINO else peers.pipeline(model, who, device, half)

    def draw(asked: dict[str, Any]) -> None:
        if who == peers.OPENVINO:
            peers.fit(pipe, asked["side"], asked["count"])
        for number, picture in enumerate(peers.draw(pipe, asked)):
            picture.save(Path(asked["out"]) / f"peer-{os.getpid()}-{time.time_ns()}-{number}.png")

    return draw


def _ours(model: str, device: str, precision: str, extra: str, *, compiles: bool) -> Draw:
    """Through `Session.run`, as a typed line goes."""
    from invoke_cli.models.catalog import Catalog
    from invoke_cli.session.events import Failed, Planned
    from invoke_cli.session.session import Session
    from invoke_cli.settings import Settings, shipped_directory

    catalog = Catalog.read(shipped_directory() / "models.yaml", Path("no-models.yaml"))
    # weights in half precision are kept as the program keeps them
    settings = Settings(
        model=model, device=device, precision=precision, compile=compiles,
        kept_weights=KEPT_WEIGHTS, weights_directory=os.environ["XDG_CACHE_HOME"],
    )  # fmt: skip
    session = Session(settings, catalog)
    session.start_loading()
    session.models.lend()

    def draw(asked: dict[str, Any]) -> None:
        line = (
            f"{asked['prompt']} -I {asked['init']} --no-fit --keep_size "
            f"-s {asked['steps']} -f {asked['strength']} -n {asked['count']} -S {asked['seed']} "
            f"-o {asked['out']}{extra}"
        )
        for event in session.run(line):
            if isinstance(event, Failed):
                raise event.error
            if isinstance(event, Planned):
                _check_work(event.pictures[0], asked)

    return draw


def _check_work(planned: PlannedPicture, asked: dict[str, Any]) -> None:
    """Raise RuntimeError unless we do as much as the peers, who do what they are told to."""
    ours = (planned.width, planned.height, planned.evaluations)
    if ours != (asked["side"], asked["side"], asked["steps_run"]):
        raise RuntimeError(f"ours draws {ours[0]}x{ours[1]} in {ours[2]} steps where {asked} was wanted")


def _drawn(draw: Draw, asked: dict[str, Any], device: str) -> dict[str, Any]:
    """The seconds that a line took, from Enter to its last file, and where they went if that was asked."""
    calls: list[tuple[str, float, float]] = []
    wait = _waiting(device)
    with probed(wait) if asked["probed"] else nullcontext(calls) as calls:
        wait()
        started, busy = time.perf_counter(), time.process_time()
        draw(asked)
        wait()
        ended = time.perf_counter()
    answer = {"seconds": ended - started, "processor": time.process_time() - busy, "calls": len(calls)}
    return {**answer, **split(calls, started, ended, asked["steps_run"], asked["count"])}


def _waiting(device: str) -> Callable[[], None]:
    if device != "cuda":
        return lambda: None
    import torch

    def wait() -> None:
        if not torch.cuda.is_current_stream_capturing():  # a graph in the making must not be waited for
            torch.cuda.synchronize()

    return wait


def _memory(device: str) -> dict[str, float]:
    """What was taken, in gigabytes by measure: of main memory the most so far and what is now, and of a GPU.

    Files that are mapped count in the first two, although the system may take their memory back.
    """
    places = {
        "VmHWM": "peak",
        "VmRSS": "after the last line",
        "RssAnon": "after the last line, no mapped files",
    }
    found = machine.own_memory()
    answer = {
        f"main memory, {meaning}": found[name] / machine.GIGABYTE
        for name, meaning in places.items()
        if name in found
    }
    if device == "cuda":
        import torch

        # what was taken from the GPU, and what of it was in use; of the first, some is a reserve
        answer["gpu memory, peak"] = torch.cuda.max_memory_reserved() / machine.GIGABYTE
        answer["gpu memory, peak of what is used"] = torch.cuda.max_memory_allocated() / machine.GIGABYTE
    return answer


if __name__ == "__main__":
    main()
