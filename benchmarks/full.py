"""Full size on the CPU, in pairs: four of those who take part would fill the memory and disturb each other.

Every ratio is that of one pair, measured in turn; what is ours is measured anew in each.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine, peers, start, steady
from benchmarks.contestants import Contestant, ContestantError, environment, last_words
from benchmarks.figures import FP32, OURS, Figure, group_of
from benchmarks.machine import say

PAIRS = {
    "tuned": (OURS, peers.TUNED),
    "default": (OURS, peers.DEFAULT),
    "exact": (FP32, peers.DEFAULT),
    "openvino": (OURS, peers.OPENVINO),
}
STARTS = "start"
GROUPS = (STARTS, *PAIRS)
SHARE = 0.6
"""Of the free memory, for a pair."""
BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
EXACT = (FP32, peers.DEFAULT)


@dataclass(frozen=True, kw_only=True)
class Full:
    """What is measured: groups of `GROUPS`, square pictures of these sides, and how often.

    counts: of the pictures in a line. half: the half precision of this CPU, or "float32". model: a diffusers
    directory. built: a directory for OpenVINO's form of it. own: one for files that nobody needs afterwards.
    """

    groups: Sequence[str]
    sides: Sequence[int]
    counts: Sequence[int]
    rounds: int
    half: str
    model: Path
    built: Path
    own: Path
    sketch: Path
    openvino: str = ""


def measure(full: Full, note: Callable[[str, str], None]) -> Iterator[Figure]:
    """The figures of each group, as soon as they are known.

    note: is told the group that is left out, and why.
    """
    for name in full.groups:
        contestants = _members(name, full.half)
        reason = _reason(name, contestants, full)
        if reason:
            note(f"full ({group_of(contestants)})", reason)
            continue
        say(f"  {name}:")
        try:
            yield from _group(name, contestants, full)
        except ContestantError as error:
            note(f"full ({group_of(contestants)})", f"broken off: {error}")


def _group(name: str, contestants: Sequence[str], full: Full) -> Iterator[Figure]:
    if name == STARTS:
        yield from _starts(full, group_of(contestants))
        return
    if OURS in contestants:
        _keep_weights(full)
    yield from steady.measure(_case(full, contestants))


def _keep_weights(full: Full) -> None:
    """Let ours convert its weights, as the first start of a model does; the steady state comes after it."""
    # a worker keeps them in the folder itself, the program that `start` runs in one of its own within
    if full.half != "float32" and not any((full.own / "cache").glob("*.safetensors")):
        say("  keeping weights in half precision")
        Contestant(OURS, str(full.model), "cpu", full.half, full.own).leave()


def _members(name: str, half: str) -> tuple[str, ...]:
    if name != STARTS:
        return PAIRS[name]
    return OURS, peers.DEFAULT if half == "float32" else peers.TUNED


def _reason(name: str, contestants: Sequence[str], full: Full) -> str:
    """Why a group is not measured, or ""."""
    if name == "exact" and full.half == "float32":
        return "this CPU has no bfloat16, so that ours is exact anyway"
    if peers.OPENVINO in contestants and not full.openvino:
        return "--openvino names no interpreter that has optimum-intel"
    together = sum(needed(machine.weights(full.model), _dtype(who, full.half)) for who in contestants)
    return too_large(together, machine.free_memory())


def needed(weights: int, dtype: str) -> float:
    """About how many bytes a process takes with so many weights: a quarter of them twice, and the rest."""
    return 1.25 * weights * BYTES[dtype] + machine.GIGABYTE


def too_large(together: float, free: float) -> str:
    """Why processes do not fit into the free memory well enough to be measured, or ""."""
    if together <= SHARE * free:
        return ""
    need, have = together / machine.GIGABYTE, free / machine.GIGABYTE
    return f"both take about {need:.1f} GB, more than {SHARE:.0%} of the {have:.1f} GB that are free"


def _dtype(who: str, half: str) -> str:
    return "float32" if who in EXACT else half


def dtypes(contestants: Sequence[str], half: str) -> Mapping[str, str]:
    """What each of them computes in."""
    return {who: _dtype(who, half) for who in contestants}


def _starts(full: Full, group: str) -> Iterator[Figure]:
    side, model = full.sides[0], str(full.model)
    case = start.First(
        "full", model, model, f"{side}x{side}", side, full.half, full.sketch, full.own, full.rounds, group
    )
    if full.half == "float32":
        yield start.first_picture(case)
    else:
        yield from start.first_and_later(case)


def _case(full: Full, contestants: Sequence[str]) -> steady.Case:
    model = str(full.model)
    return steady.Case(
        part="full",
        model=model,
        peers_model=model,
        device="cpu",
        half=full.half,
        sides=full.sides,
        counts=full.counts,
        rounds=full.rounds,
        contestants=contestants,
        dtypes=dict(dtypes(contestants, full.half)),
        sketch=full.sketch,
        own=full.own,
        openvino=full.openvino,
        openvino_model=_converted(full) if peers.OPENVINO in contestants else "",
        group=group_of(contestants),
    )


def _converted(full: Full) -> str:
    """The directory of OpenVINO's form of the model. Raises ContestantError."""
    directory = full.built / "openvino"
    if not directory.exists():
        say("  converting the model for OpenVINO")
        script = [full.openvino, str(Path(peers.__file__)), "convert", str(full.model), str(directory)]
        done = subprocess.run(
            script, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env=environment(full.own), cwd=full.own, check=False,
        )  # fmt: skip
        if done.returncode:
            raise ContestantError(f"{peers.OPENVINO}: {last_words(done.stderr)}")
    return str(directory)
