"""Files of runs: joined from pieces, compared with earlier ones, refused with a sentence."""

import os
from dataclasses import replace

import pytest

from benchmarks.comparison import changes, regressions, told
from benchmarks.figures import Figure
from benchmarks.runs import Run, RunError

MACHINE = {"cpu": "a slow one", "cores": 2}
FULL, QUICK = {"quick": False, "load before": 0.1}, {"quick": True, "load before": 7.5}


def figure(ours, peer, measure="a line", part="demo", conditions=FULL, **more):
    samples = {"ours": ours, "diffusers": peer}
    return Figure(part, "128x128", measure, "s", samples, conditions=conditions, **more)


def run(*figures, notes=(), machine=MACHINE):
    return Run(machine, figures, notes)


def test_losing_more_than_the_tolerance_is_a_regression():
    before = [figure([1], [2.0]), figure([1], [3.0], "load"), figure([1], [5.0], "gone")]
    now = [figure([1], [1.8]), figure([1], [2.3], "load"), figure([1], [1.0], "new")]
    found = list(changes(now, before))
    assert [change.factor for change in found] == pytest.approx([0.9, 2.3 / 3])
    assert [change.what[2] for change in regressions(found, 0.15)] == ["load"]
    assert [change.what[2] for change in regressions(found, 0.05)] == ["a line", "load"]
    assert regressions(found, 0.5) == []
    text, status = told(run(*now), run(*before), 0.15)
    assert status == 1
    assert "WORSE demo, 128x128, load: ours against diffusers 3.00 x before, 2.30 x now" in text


def test_the_seconds_of_a_slower_machine_are_no_regression():
    text, status = told(run(figure([10], [20])), run(figure([1], [2])), 0.15)
    assert (status, "0 of 1 ratios fell" in text) == (0, True)


def test_a_quick_run_is_not_compared_with_a_full_one():
    text, status = told(run(figure([1], [1], conditions=QUICK)), run(figure([1], [9])), 0.15)
    assert status == 2
    assert "--quick" in text
    assert "nothing is compared" in text
    assert "WORSE" not in text
    both = run(figure([1], [4], conditions=QUICK))
    assert told(both, both, 0.15)[1] == 0


def test_pairs_are_compared_whatever_else_was_measured_beside_them():
    alone = figure([1], [2], part="full", group="ours | diffusers")
    samples = {"ours": [1], "diffusers": [2.1], "OpenVINO": [3]}
    beside = replace(alone, samples=samples, group="ours | diffusers | OpenVINO")
    assert [(one.before, one.now) for one in changes([alone], [beside])] == [(2.1, 2.0)]


def test_what_only_one_run_has_is_named():
    now = run(figure([1], [2]), figure([1], [2], part="start"))
    before = run(figure([1], [2]), figure([1], [2], part="full", group="ours | diffusers"))
    text, status = told(now, before, 0.15)
    assert status == 0
    assert "only in this run: start\n" in text
    assert "only in the earlier run: full (ours | diffusers)\n" in text


def test_another_machine_is_named():
    text, status = told(
        run(figure([1], [2])), run(figure([1], [2]), machine={"cpu": "a slow one", "cores": 8}), 0.15
    )
    assert status == 0
    assert "another machine, where ratios may differ: cores 8 and 2" in text


def test_a_run_comes_back_from_its_json(tmp_path):
    path = tmp_path / "run.json"
    more = {"missing": {"OpenVINO": "not installed"}, "group": "ours | diffusers"}
    whole = run(figure([1, 2], [3, 4], **more), notes=("cuda: no GPU",))
    path.write_text("what was there before")
    whole.write(path)
    assert Run.read(path) == whole
    assert os.listdir(tmp_path) == ["run.json"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"figures": [{"colour": 1}], "machine": {}, "notes": []}'])
def test_other_files_are_refused_with_a_sentence(tmp_path, text):
    path = tmp_path / "run.json"
    path.write_text(text)
    with pytest.raises(RunError, match=r"run\.json is no file of this bench"):
        Run.read(path)


def test_a_missing_file_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(RunError, match="cannot be read: No such file"):
        Run.read(tmp_path / "none.json")


def test_pieces_of_a_run_are_joined_and_keep_how_they_were_measured():
    before = run(
        figure([1], [2]), figure([1], [2], "load"), notes=("full (ours | OpenVINO): not here", "cuda: none")
    )
    now = run(
        figure([1], [4], conditions=QUICK),
        figure([1], [3], part="full", group="ours | OpenVINO"),
        notes=("late",),
    )
    joined = before.joined(now)
    assert {
        (one.part, one.measure): (one.ratios()["ours", "diffusers"], one.is_quick) for one in joined.figures
    } == {
        ("demo", "a line"): (4, True),
        ("demo", "load"): (2, False),
        ("full", "a line"): (3, False),
    }
    assert joined.notes == ("cuda: none", "late")


def test_the_same_measure_of_two_groups_stays_twice():
    one, other = (figure([1], [2], part="full", group=group) for group in ("ours | a", "ours | b"))
    assert run(one).joined(run(other)).figures == (one, other)


def test_pieces_of_two_machines_are_not_joined():
    with pytest.raises(RunError, match="two machines do not belong in one file: cores 2 and 8"):
        run(figure([1], [2])).joined(run(figure([1], [2]), machine={"cpu": "a slow one", "cores": 8}))
