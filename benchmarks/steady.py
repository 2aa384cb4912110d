"""The steady state: everybody loaded and warm, drawing in turn, with the same weights and the same work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import machine
from benchmarks.contestants import Contestant, ContestantError
from benchmarks.figures import BATCHED, COMPILING, Figure, is_ours
from benchmarks.machine import say
from benchmarks.peers import COMPILED, OPENVINO

PROMPT = "a tree on a hill near a river"
STEPS, STRENGTH = 10, 0.7
STEPS_RUN = 7
"""floor(10 * 0.7): what both programs run of ten steps."""
WARM_UPS = {"cpu": 1, "cuda": 2}
"""Rounds before the first that counts: graphs are captured when something comes a second time."""
NO_FLOOR: Mapping[str, float] = {}


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is drawn, by whom, and how often.

    part: "demo", "full" or "cuda". model: a directory, or a name of models.yaml for us alone (`peers_model`
    is for the others). sides: of the square pictures. counts: of -n. half: see `peers.pipeline`.
    dtypes: what each contestant computes in, for its floor. openvino, openvino_model: the interpreter of that
    peer, and the directory of its conversion. group: of the figures, where a part has several.
    """

    part: str
    model: str
    peers_model: str
    device: str
    half: str
    sides: Sequence[int]
    counts: Sequence[int]
    rounds: int
    contestants: Sequence[str]
    dtypes: dict[str, str]
    sketch: Path
    own: Path
    openvino: str = ""
    openvino_model: str = ""
    group: str = ""

    def model_of(self, who: str) -> str:
        """Where a contestant finds its weights."""
        if who == OPENVINO:
            return self.openvino_model
        return self.model if is_ours(who) else self.peers_model


@dataclass
class _Taken:
    """Samples by measure and contestant."""

    samples: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, measure: str, who: str, value: float) -> None:
        self.samples.setdefault(measure, {}).setdefault(who, []).append(value)


def measure(case: Case) -> Iterator[Figure]:
    """Load everybody, warm them up, let them draw in turn; the figures of each size and of memory."""
    taking_part, missing = _gathered(case)
    try:
        loaded = {one.who: [one.loaded] for one in taking_part}
        yield _figure(case, "process with libraries imported", "load", "s", loaded, missing)
        for side in case.sides:
            yield from _of_size(case, side, taking_part, missing)
        yield from _memory(case, taking_part, missing)
    finally:
        for one in taking_part:
            one.leave()


def _gathered(case: Case) -> tuple[list[Contestant], dict[str, str]]:
    taking_part, missing = [], {}
    for who in case.contestants:
        python = case.openvino if who == OPENVINO else ""
        one = Contestant(who, case.model_of(who), case.device, case.half, case.own, python)
        if one.missing:
            missing[who] = one.missing
            say(f"  {who}: left out, {one.missing}")
            one.leave()
        else:
            say(f"  {who}: loaded in {one.loaded:.1f} s")
            taking_part.append(one)
    return taking_part, missing


def _of_size(
    case: Case, side: int, taking_part: list[Contestant], missing: dict[str, str]
) -> Iterator[Figure]:
    work = machine.work(Path(case.peers_model), side)
    name = f"{side}x{side}, -s{STEPS} -f{STRENGTH}"
    for count in case.counts:
        taken, rates = _Taken(), dict.fromkeys(case.dtypes.values(), 0.0)
        for number in range(-WARM_UPS[case.device], case.rounds):
            # whoever drew first draws last the next time, so that no one always follows the same
            there = [one for one in taking_part if count > 1 or one.who != BATCHED]
            for one in there if number % 2 else there[::-1]:
                if number < 0 and not is_ours(one.who):
                    _warmed(case, side, count, number, one, taking_part, missing)
                else:
                    _round(case, side, count, number, one, taken)
            for dtype in rates:
                rates[dtype] = max(rates[dtype], machine.product_rate(dtype, case.device, 0.5))
            say(f"  {name} -n{count}: {'warm' if number < 0 else f'round {number + 1} of {case.rounds}'}")
        floors = {
            who: count * machine.floor(work, STEPS_RUN, rates[dtype])
            for who, dtype in case.dtypes.items()
            if rates[dtype] > 0
        }
        yield from _figures(case, f"{name} -n{count}", taken, missing, floors)


def _warmed(
    case: Case, side: int, count: int, number: int, one: Contestant,
    taking_part: list[Contestant], missing: dict[str, str],
) -> None:  # fmt: skip
    """A peer's first lines. One that cannot draw, as where there is no compiler, takes no part any more."""
    try:
        _round(case, side, count, number, one, _Taken())
    except ContestantError as error:
        missing[one.who] = str(error)
        say(f"  {one.who}: left out, {error}")
        taking_part.remove(one)
        one.leave()


def _round(case: Case, side: int, count: int, number: int, one: Contestant, taken: _Taken) -> None:
    """One line of a contestant; on a GPU once more with clocks, for waiting on every call costs time."""
    init = sketch(case.sketch, side, case.own)
    asked = {
        "do": "draw",
        "prompt": PROMPT,
        "init": str(init),
        "side": side,
        "steps": STEPS,
        "strength": STRENGTH,
        "steps_run": STEPS_RUN,
        "count": count,
        "seed": 100 + number,
        "out": str(case.own),
    }
    answer = one.ask(**asked, probed=case.device == "cpu")
    if number < 0:
        return
    taken.add("a line", one.who, answer["seconds"])
    if case.device == "cpu":
        taken.add("a line, processor time", one.who, answer["processor"])
    if case.device != "cpu" and one.who not in (COMPILED, COMPILING):
        answer = one.ask(**asked, probed=True)
    if "first" not in answer:
        return
    taken.add("line to first UNet call", one.who, answer["first"] * 1000)
    taken.add("outside the networks, a picture", one.who, answer["outside"] * 1000 / count)
    taken.add("outside the networks, a step", one.who, answer["step"] * 1000)


def _figures(
    case: Case, name: str, taken: _Taken, missing: dict[str, str], floors: dict[str, float]
) -> Iterator[Figure]:
    for measure, samples in taken.samples.items():
        unit = "s" if measure.startswith("a line") else "ms"
        floor = floors if measure == "a line" else {}
        yield _figure(case, name, measure, unit, samples, missing, floor)


def _memory(case: Case, taking_part: Sequence[Contestant], missing: dict[str, str]) -> Iterator[Figure]:
    name = f"up to {max(case.sides)}x{max(case.sides)}"
    answers = {one.who: one.ask(do="memory") for one in taking_part}
    for measure in dict.fromkeys(measure for answer in answers.values() for measure in answer):
        samples = {who: [answer[measure]] for who, answer in answers.items() if measure in answer}
        yield _figure(case, name, measure, "GB", samples, missing)


def _figure(
    case: Case, name: str, measure: str, unit: str, samples: Mapping[str, Sequence[float]],
    missing: dict[str, str], floor: Mapping[str, float] = NO_FLOOR,
) -> Figure:  # fmt: skip
    return Figure(case.part, name, measure, unit, samples, missing, floor, case.group)


def sketch(source: Path, side: int, directory: Path) -> Path:
    """The init picture at the size of the result, so that nobody has to scale it."""
    path = directory / f"init-{side}.png"
    if not path.exists():
        from PIL import Image

        Image.open(source).convert("RGB").resize((side, side)).save(path)
    return path
