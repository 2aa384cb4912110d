"""The command: what it refuses before it measures, who is measured beside whom, what a broken part leaves."""

import json
import sys
from types import SimpleNamespace

import pytest

from benchmarks import __main__ as bench
from benchmarks import full, peers, probes, random_model
from benchmarks.contestants import Contestant, ContestantError
from benchmarks.figures import Figure
from benchmarks.machine import own_memory


def told(monkeypatch, capsys, *arguments):
    """The exit status of the command, and what it printed."""
    monkeypatch.setattr(sys, "argv", ["bench", *arguments])
    try:
        status = bench.main()
    except SystemExit as end:
        status = end.code
    printed = capsys.readouterr()
    return status, printed.out + printed.err


@pytest.fixture
def _machine(monkeypatch):
    monkeypatch.setattr(bench, "described", lambda _: {"cpu": "a slow one"})
    monkeypatch.setattr(bench, "conditions", lambda: {"load before": 0.5})


def figure(peer):
    return Figure("demo", "128x128", "a line", "s", {"ours": [1.0], "diffusers": [peer]})


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--only", "demo,lunch"), "there is no part 'lunch'; there are: start, demo"),
        (
            ("--groups", "tuned,fast"),
            "there is no group 'fast'; there are: start, tuned, default, exact, openvino",
        ),
        (("--sizes", "384,huge"), "--sizes: wanted are multiples of 64"),
        (("--sizes", "100"), "--sizes: wanted are multiples of 64"),
        (("--counts", "4,0"), "--counts: wanted are numbers of pictures"),
        (("--rounds", "0"), "--rounds wants at least 1"),
        (("--add",), "--add needs --json FILE"),
        (("--json", "nowhere/run.json"), "there is no folder"),
        (("--report", "none.json"), "none.json cannot be read"),
        (("--compare", "none.json"), "none.json cannot be read"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(monkeypatch, capsys, tmp_path, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        bench, "PARTS", dict.fromkeys(bench.PARTS, lambda *_: pytest.fail("it began to measure"))
    )
    status, text = told(monkeypatch, capsys, *arguments)
    assert status == 2
    assert sentence in text
    assert "Traceback" not in text


@pytest.mark.usefixtures("_machine")
def test_a_part_that_breaks_leaves_what_it_had_in_the_file(monkeypatch, capsys, tmp_path):
    path = tmp_path / "run.json"

    def breaks(given, own, sheet):
        yield figure(2.0)
        assert len(json.loads(path.read_text())["figures"]) == 1
        raise ContestantError("diffusers: it failed: killed")

    monkeypatch.setitem(bench.PARTS, "demo", breaks)
    status, text = told(monkeypatch, capsys, "--only", "demo", "--json", str(path))
    found = json.loads(path.read_text())
    assert status == 0
    assert "demo: not measured, broken off: diffusers: it failed: killed" in text
    assert [one["conditions"] for one in found["figures"]] == [{"quick": False, "load before": 0.5}]


@pytest.mark.usefixtures("_machine")
def test_pieces_are_added_and_the_whole_is_compared_without_measuring(monkeypatch, capsys, tmp_path):
    whole, before = str(tmp_path / "whole.json"), str(tmp_path / "before.json")
    for peer, path in ((4.0, before), (2.0, whole)):
        monkeypatch.setitem(bench.PARTS, "demo", lambda *_, peer=peer: iter([figure(peer)]))
        assert told(monkeypatch, capsys, "--only", "demo", "--json", path)[0] == 0
    monkeypatch.setitem(
        bench.PARTS, "start", lambda *_: iter([Figure("start", "x", "y", "s", {"ours": [1.0]})])
    )
    assert told(monkeypatch, capsys, "--only", "start", "--quick", "--json", whole, "--add")[0] == 0
    quick = {
        one["part"]: one["conditions"]["quick"]
        for one in json.loads((tmp_path / "whole.json").read_text())["figures"]
    }
    assert quick == {"demo": False, "start": True}
    status, text = told(monkeypatch, capsys, "--report", whole, "--compare", before)
    assert status == 1
    assert "WORSE demo, 128x128, a line: ours against diffusers 4.00 x before, 2.00 x now" in text
    monkeypatch.setattr(bench, "described", lambda _: {"cpu": "another"})
    status, text = told(monkeypatch, capsys, "--only", "start", "--json", whole, "--add")
    assert status == 2
    assert "cpu a slow one and another" in text


def wanted(tmp_path, **given):
    usual = {"groups": full.GROUPS, "sides": (384,), "counts": (1,), "rounds": 1, "half": "bfloat16"}
    places = dict.fromkeys(("sketch", "model", "built", "own"), tmp_path)
    return full.Full(**{**usual, **places, **given})


def measured(monkeypatch, asked, free):
    """The groups that were measured, with their dtypes, and the notes of those that were not."""
    monkeypatch.setattr(full.machine, "weights", lambda _: 1_000_000_000)
    monkeypatch.setattr(full.machine, "free_memory", lambda: free * 1e9)
    monkeypatch.setattr(full, "_keep_weights", lambda _: None)
    monkeypatch.setattr(full.start, "first_and_later", lambda case: iter([(case.group, case.half)]))
    monkeypatch.setattr(full.steady, "measure", lambda case: iter([(case.group, *case.dtypes.values())]))
    notes = {}
    return list(full.measure(asked, notes.__setitem__)), notes


def test_full_size_is_measured_in_pairs(monkeypatch, tmp_path):
    (tmp_path / "openvino").mkdir()
    groups, notes = measured(monkeypatch, wanted(tmp_path, openvino="python"), free=40)
    assert groups == [
        ("ours | diffusers, tuned", "bfloat16"),
        ("ours | diffusers, tuned", "bfloat16", "bfloat16"),
        ("ours | diffusers", "bfloat16", "float32"),
        ("ours, fp32 | diffusers", "float32", "float32"),
        ("ours | OpenVINO", "bfloat16", "bfloat16"),
    ]
    assert notes == {}


def test_pairs_that_would_fill_the_memory_are_left_out_with_a_reason(monkeypatch, tmp_path):
    # by weights of 4 and 2 bytes, a quarter of them twice, and 1 GB each: 3.5 + 6, and 6 + 6
    groups, notes = measured(monkeypatch, wanted(tmp_path, groups=("default", "exact", "openvino")), free=16)
    assert groups == [("ours | diffusers", "bfloat16", "float32")]
    assert notes == {
        "full (ours, fp32 | diffusers)": "both take about 12.0 GB, more than 60% of the 16.0 GB that are "
        "free",
        "full (ours | OpenVINO)": "--openvino names no interpreter that has optimum-intel",
    }


def test_without_half_precision_nothing_is_measured_twice(monkeypatch, tmp_path):
    asked = wanted(tmp_path, groups=("tuned", "exact"), half="float32")
    groups, notes = measured(monkeypatch, asked, free=40)
    assert groups == [("ours | diffusers, tuned", "float32", "float32")]
    assert "exact anyway" in notes["full (ours, fp32 | diffusers)"]


def test_a_group_that_breaks_does_not_take_the_others_along(monkeypatch, tmp_path):
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\necho 'ImportError: no optimum' >&2; exit 1\n")
    script.chmod(0o755)
    asked = wanted(tmp_path, groups=("openvino", "tuned"), openvino=str(script))
    groups, notes = measured(monkeypatch, asked, free=40)
    assert [group for group, *_ in groups] == ["ours | diffusers, tuned"]
    assert notes == {"full (ours | OpenVINO)": "broken off: OpenVINO: ImportError: no optimum"}


def test_weights_are_kept_once_before_the_steady_state(monkeypatch, tmp_path):
    begun = []

    class Kept:
        def __init__(self, who, *_):
            begun.append(who)

        def leave(self):
            (tmp_path / "cache" / "kept.safetensors").touch()

    monkeypatch.setattr(full, "Contestant", Kept)
    within = tmp_path / "cache" / "invoke-cli"
    within.mkdir(parents=True)
    (within / "of-the-program.safetensors").touch()
    for _ in range(2):
        full._keep_weights(wanted(tmp_path))
    full._keep_weights(wanted(tmp_path, half="float32"))
    assert begun == ["ours"]


def test_a_missing_scipy_is_one_sentence(monkeypatch, capsys):
    monkeypatch.setattr(peers, "find_spec", lambda _: None)
    with pytest.raises(ImportError, match=r"needs scipy, which is not installed: pip install '\.\[bench\]'"):
        peers.pipeline("model", peers.DEFAULT, "cpu", "float32")
    script = ["peers", "model", peers.DEFAULT, "cpu", "float32", "i", "1", "1", "p", "o"]
    monkeypatch.setattr(sys, "argv", script)
    with pytest.raises(SystemExit) as end:
        peers.main()
    assert str(end.value).startswith("diffusers' LMS needs scipy")


def test_a_contestant_that_cannot_begin_says_why(tmp_path):
    one = Contestant(peers.OPENVINO, "no-model", "cpu", "float32", tmp_path)
    assert one.missing == "optimum is not installed"
    with pytest.raises(ContestantError, match="OpenVINO: it failed"):
        one.ask(do="memory")
    one.leave()


def test_openvino_is_compiled_once_for_each_size():
    calls = []
    pipe = SimpleNamespace(
        reshape=lambda *shape: calls.append(shape), compile=lambda: calls.append("compiled")
    )
    for side in (384, 384, 512):
        peers.fit(pipe, side, 1)
    assert calls == [(1, 384, 384, 1), "compiled", (1, 512, 512, 1), "compiled"]


def test_clocks_import_nothing(monkeypatch):
    monkeypatch.setattr(probes, "POINTS", (("wave", "Wave_read", "close", "unet"),))
    monkeypatch.delitem(sys.modules, "wave", raising=False)
    with probes.probed(lambda: None) as calls:
        pass
    assert (calls, "wave" in sys.modules) == ([], False)


def test_the_random_model_is_written_once_and_never_left_half_done(monkeypatch, tmp_path):
    written = []

    def write(directory):
        written.append(directory.name)
        directory.mkdir()
        if len(written) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(random_model, "write", write)
    with pytest.raises(KeyboardInterrupt):
        random_model.built(tmp_path / "model")
    assert not (tmp_path / "model").exists()
    for _ in range(2):
        assert random_model.built(tmp_path / "model").is_dir()
    assert written == ["model-unfinished"] * 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells memory apart")
def test_memory_of_mapped_files_is_told_apart():
    found = own_memory()
    assert 0 < found["RssAnon"] < found["VmRSS"] <= found["VmHWM"]
