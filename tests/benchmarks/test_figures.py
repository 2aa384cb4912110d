"""The bench's arithmetic, on figures worked out by hand, and what its clocks see. Nothing is timed here."""

import pytest
import torch

from benchmarks.contestants import last_words
from benchmarks.figures import Figure, is_ours, ratio_of
from benchmarks.machine import floor
from benchmarks.probes import UNET, probed, split
from benchmarks.report import markdown, number, plain, rows
from benchmarks.runs import Run
from invoke_cli.diffusion.kernels import Plain
from invoke_cli.diffusion.walk import Walk
from tests.tiny import make_unet


def figure(ours, peer, measure="a line", **more):
    return Figure("demo", "128x128", measure, "s", {"ours": ours, "diffusers": peer}, **more)


def run(*figures, notes=()):
    return Run({"cpu": "a slow one"}, figures, notes)


def test_ratios_are_taken_round_by_round():
    # the second round ran under load, for both; of the medians it would be 4 / 2 as well, of the means 3.3
    assert figure([1, 10, 2], [2, 30, 4]).ratios() == {("ours", "diffusers"): 2}
    assert figure([1, 10, 2], [3, 30, 4]).ratios() == {("ours", "diffusers"): 3}


def test_ratios_of_unequal_rounds_are_those_of_the_medians():
    assert ratio_of([4, 6, 100], [1, 2]) == 6 / 1.5


@pytest.mark.parametrize(("above", "below"), [([], [1]), ([1], []), ([1], [0]), ([1, 2], [1, 0])])
def test_what_was_not_measured_has_no_ratio(above, below):
    assert ratio_of(above, below) is None


def test_a_contestant_without_samples_has_no_value_and_no_ratio():
    one = figure([], [1, 2], missing={"OpenVINO": "not installed"})
    assert one.value("ours") is None
    assert one.value("diffusers") == 1.5
    assert one.ratios() == {}


def test_settings_of_ours_are_compared_with_peers_and_not_with_each_other():
    samples = {"ours": [1.0], "ours, fp32": [2.0], "diffusers": [6.0]}
    found = Figure("full", "512x512", "a line", "s", samples).ratios()
    assert found == {("ours", "diffusers"): 6, ("ours, fp32", "diffusers"): 3}
    assert not is_ours("oursin")


def test_the_share_of_the_floor():
    found = figure([2, 4, 8], [10], floor={"ours": 1.0})
    assert found.share("ours") == 0.25
    assert found.share("diffusers") is None


def test_the_floor_is_the_work_of_the_steps_that_run_and_of_one_decoding():
    work = {"unet": 10.0, "decode": 4.0, "encode": 1000.0, "text": 1000.0}
    assert floor(work, steps=7, rate=2.0) == 37


def test_where_the_time_of_a_line_went():
    calls = [
        ("text", 1.0, 2.0),
        ("unet", 3.0, 4.0),
        ("unet", 4.5, 5.5),
        ("unet", 6.5, 7.0),
        ("decode", 8.0, 9.0),
    ]
    found = split(calls, started=0.0, ended=10.0, steps=3, pictures=1)
    assert found == {"first": 3.0, "outside": 10 - 4.5, "step": (0.5 + 1.0) / 2}
    assert split([("text", 1.0, 2.0)], 0.0, 10.0, 3, 1) == {}


def test_what_is_done_between_two_pictures_belongs_to_no_step():
    one = [("unet", 0.0, 1.0), ("unet", 1.25, 2.0), ("decode", 5.0, 6.0)]
    other = [(what, start + 100, end + 100) for what, start, end in one]
    found = split([*one, *other], started=0.0, ended=106.0, steps=2, pictures=2)
    assert found["step"] == 0.25
    # both drawn at once take their steps together, and are decoded one after the other
    found = split([*one, ("decode", 6.0, 7.0)], started=0.0, ended=7.0, steps=2, pictures=2)
    assert found["step"] == 0.25 / 2


def test_tables_say_who_is_missing_and_why():
    whole = run(figure([1.234], [2.5], floor={"ours": 0.617}, missing={"OpenVINO": "not installed"}))
    text = plain(whole.figures)
    assert "1.23 s" in text
    assert "50%" in text
    assert "2.03 x" in text
    assert "not measured: not installed" in text
    assert "| 128x128 | a line | diffusers | 2.5 s | 2.03 x |  |" in markdown(whole)


def test_tables_say_beside_whom_and_how_something_was_measured():
    pair = figure([1.0], [2.0], group="ours | diffusers", conditions={"quick": False, "load before": 0.3})
    other = figure([3.0], [9.0], group="ours | OpenVINO", conditions={"quick": True})
    text = markdown(run(other, pair))
    assert text.index("#### ours | OpenVINO") < text.index("#### ours | diffusers")
    assert text.count("### The demo model") == 1
    assert "How: quick False, load before 0.3." in text.split("#### ours | diffusers")[1]
    assert "How: quick True." in text.split("#### ours | diffusers")[0]
    assert "demo (ours | diffusers)\n" in plain([pair, other])


def test_tables_hold_peers_against_each_setting_of_ours_whoever_drew_first():
    samples = {"diffusers": [6.0], "ours, --batch auto": [2.0], "ours": [3.0]}
    found = list(rows(Figure("demo", "128x128 -n4", "a line", "s", samples)))
    assert [(row[2], row[4]) for row in found] == [
        ("ours", ""),
        ("ours, --batch auto", ""),
        ("diffusers", "2.00 x, --batch auto: 3.00 x"),
    ]


def test_a_walk_through_a_network_counts_as_the_network_does():
    unet = make_unet()
    walk = Walk(unet, Plain())
    z, embeddings = torch.zeros(1, 4, 8, 8), torch.zeros(2, 77, 16)
    with probed(lambda: None) as calls, torch.inference_mode():
        unet(z.repeat(2, 1, 1, 1), 5.0, embeddings)
        called = len(calls)
        texts = walk.texts(embeddings, {})
        times = walk.times(5.0, torch.float32, None, None)
        walk(z, times, texts)
    walk(z, times, texts)
    assert called == 1
    assert [what for what, _, _ in calls] == [UNET] * 4


@pytest.mark.parametrize(("value", "shown"), [(1234.5, "1234"), (12.345, "12.3"), (0.01234, "0.0123")])
def test_three_digits_are_enough(value, shown):
    assert number(value) == shown


def test_the_last_words_of_a_process_name_its_error():
    told = "Traceback\n  File x\nImportError: \nscipy is missing\nhttps://example.org\n"
    assert last_words(told) == "ImportError: scipy is missing"
    assert last_words("one\ntwo\n\n") == "two"
    assert last_words("") == "without a word"
