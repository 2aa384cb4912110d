"""Drawing in turn: what is warmed up before it counts, and who is left out when it cannot draw."""

from pathlib import Path

import pytest

from benchmarks import peers, steady
from benchmarks.contestants import ContestantError
from benchmarks.figures import OURS


class Drawing:
    """A contestant that takes a second for every line, or dies of one."""

    missing, loaded = "", 2.0
    asked: list[tuple[str, int]]

    def __init__(self, who, *_):
        self.who = who

    def ask(self, **request):
        if request["do"] == "memory":
            return {"gpu memory, peak": 3.0}
        if self.who == peers.COMPILED:
            raise ContestantError("RuntimeError: no compiler")
        self.asked.append((self.who, request["seed"]))
        return {"seconds": float(request["seed"]), "processor": 1.0}

    def leave(self):
        pass


def drawn(monkeypatch, tmp_path, device):
    monkeypatch.setattr(Drawing, "asked", [], raising=False)
    monkeypatch.setattr(steady, "Contestant", Drawing)
    monkeypatch.setattr(steady, "sketch", lambda *_: Path("init.png"))
    monkeypatch.setattr(steady.machine, "work", lambda *_: {"unet": 1.0, "decode": 1.0})
    monkeypatch.setattr(steady.machine, "product_rate", lambda *_: 1.0)
    who = (OURS, peers.DEFAULT, peers.COMPILED)
    case = steady.Case(
        part="cuda", model="m", peers_model="m", device=device, half="float16", sides=(512,), counts=(1, 4),
        rounds=2, contestants=who, dtypes=dict.fromkeys(who, "float16"), sketch=Path("s.png"), own=tmp_path,
    )  # fmt: skip
    return list(steady.measure(case))


@pytest.mark.parametrize(("device", "warm_ups"), [("cpu", 1), ("cuda", 2)])
def test_rounds_that_warm_up_do_not_count(monkeypatch, tmp_path, device, warm_ups):
    figures = drawn(monkeypatch, tmp_path, device)
    lines = [one for one in figures if one.measure == "a line"]
    assert [one.samples[OURS] for one in lines] == [[100.0, 101.0]] * 2
    before = [seed for who, seed in Drawing.asked if who == OURS and seed < 100]
    assert len(before) == 2 * warm_ups


def test_a_peer_that_cannot_draw_is_left_out_with_its_reason(monkeypatch, tmp_path):
    figures = drawn(monkeypatch, tmp_path, "cuda")
    lines = [one for one in figures if one.measure == "a line"]
    assert all(set(one.samples) == {OURS, peers.DEFAULT} for one in lines)
    assert all(one.missing == {peers.COMPILED: "RuntimeError: no compiler"} for one in lines)
