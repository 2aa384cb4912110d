"""Lines through the whole program, on a tiny model: what must be equal is, and what must differ does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from invoke_cli.imaging.metadata import read_texts, unpack
from invoke_cli.models.catalog import Catalog
from invoke_cli.session.events import Failed, Planned, Progress, Saved, Tokens
from invoke_cli.session.session import Session
from tests.session.conftest import Make, failure, notices, pixels, planned, saved

SHORT = "a cat -s3 -W64 -H64"


def test_a_line_gives_a_picture_of_the_size_asked_for(session: Session) -> None:
    (picture,) = saved(session.run("a cat -s3 -W72 -H64 -S42"))
    assert pixels(picture.path).shape == (64, 72, 3)
    assert picture.path == Path("outputs/img-samples/000001.42.png")


def test_the_same_line_gives_the_same_bytes(make_session: Make, session: Session) -> None:
    first, second = (saved(session.run(f"{SHORT} -S7"))[0].path for _ in range(2))
    fresh = saved(make_session().run(f"{SHORT} -S7"))[0].path
    assert first.read_bytes() == second.read_bytes() == fresh.read_bytes()


def test_pictures_of_n_equal_their_single_runs(session: Session) -> None:
    together = saved(session.run(f"{SHORT} -S42 -n3 -Ak_euler_a"))
    assert [one.seed for one in together] == [42, 2746317213, 3929441273]
    for one in reversed(together):
        (alone,) = saved(session.run(f"{SHORT} -S{one.seed} -Ak_euler_a"))
        assert np.array_equal(pixels(alone.path), pixels(one.path))
    assert not np.array_equal(pixels(together[0].path), pixels(together[1].path))


@pytest.mark.parametrize(
    "switches",
    [
        "",
        "-f0.7 -I sketch.png",
        "-f0.5 -I sketch.png --fit -W64 -H64",
        "-I sketch.png --keep_size -Ak_dpm_2_a",
        "-v0.2 -n2",
        "-V 5:0.3,6:0.1",
        "--seamless_axes x --perlin 0.2 --threshold 2",
        "--karras_max 30 -Ak_dpmpp_2 -C1",
        "-f0.53 -I sketch.png --exact_strength",
    ],
)
def test_a_picture_remakes_itself_from_its_metadata(session: Session, sketch: Path, switches: str) -> None:
    for first in saved(session.run(f'a "quoted" cat, it\'s - nice [blurry] -s4 -S11 {switches}')):
        stored = unpack(read_texts(first.path)).line
        assert stored == first.line
        assert np.array_equal(pixels(saved(session.run(stored))[0].path), pixels(first.path))


def test_strength_zero_gives_back_the_init_picture(session: Session, sketch: Path) -> None:
    events = list(session.run("a cat -I sketch.png -f0"))
    assert np.array_equal(pixels(saved(events)[0].path), pixels(sketch))
    assert not [event for event in events if isinstance(event, Progress)]


def test_strength_one_ignores_the_init_picture(session: Session, sketch: Path) -> None:
    (drawn,) = saved(session.run("a cat -s3 -S5 -I sketch.png -f1"))
    (plain,) = saved(session.run("a cat -s3 -S5 -W96 -H64"))
    assert np.array_equal(pixels(drawn.path), pixels(plain.path))


@pytest.mark.edge(17)
@pytest.mark.parametrize(
    ("steps", "strength", "run"), [(10, 0.7, 7), (10, 0.4, 4), (50, 0.4, 20), (30, 0.7, 21), (50, 0.58, 29)]
)
def test_steps_that_run(make_session: Make, sketch: Path, steps: int, strength: float, run: int) -> None:
    (picture,) = planned(make_session(dry_run=True).run(f"a cat -I sketch.png -s{steps} -f{strength}"))
    assert (picture.steps, picture.steps_run) == (steps, run)


def test_progress_counts_the_steps_that_run(session: Session, sketch: Path) -> None:
    steps = [event.step for event in session.run("a -I sketch.png -s5 -f0.6") if isinstance(event, Progress)]
    assert [(step.index, step.total) for step in steps] == [(0, 3), (1, 3), (2, 3)]


def test_outside_a_transparent_region_nothing_changes(session: Session, sketch: Path) -> None:
    picture = pixels(sketch)
    alpha = np.full((64, 96, 1), 255, np.uint8)
    alpha[16:40, 24:64] = 0
    Image.fromarray(np.concatenate([picture, alpha], axis=2)).save("hole.png")
    (result,) = saved(session.run("a cat -I hole.png -s4 -f0.8"))
    changed = (pixels(result.path) != picture).any(axis=2)
    assert changed[16:40, 24:64].mean() > 0.5
    assert not changed[alpha[..., 0] == 255].any()


def test_a_mask_file_is_black_where_to_draw(session: Session, sketch: Path) -> None:
    mask = np.full((64, 96), 255, np.uint8)
    mask[:, :48] = 0
    Image.fromarray(mask).save("mask.png")
    (result,) = saved(session.run("a cat -I sketch.png -M mask.png -s4"))
    (inverse,) = saved(session.run("a cat -I sketch.png -M mask.png --invert_mask -s4"))
    left, right = np.s_[:, :48], np.s_[:, 48:]
    assert np.array_equal(pixels(result.path)[right], pixels(sketch)[right])
    assert not np.array_equal(pixels(result.path)[left], pixels(sketch)[left])
    assert np.array_equal(pixels(inverse.path)[left], pixels(sketch)[left])


def test_variation_grows_with_its_amount(session: Session) -> None:
    plain = pixels(saved(session.run(f"{SHORT} -S3"))[0].path).astype(float)
    far = [
        np.abs(pixels(saved(session.run(f"{SHORT} -S3 -v{amount}"))[0].path) - plain).mean()
        for amount in (0.05, 0.3, 1)
    ]
    assert 0 < far[0] < far[1] < far[2]


def test_variations_of_a_picture_go_on_from_the_first_result(session: Session, sketch: Path) -> None:
    first, second, third = saved(session.run("a cat -I sketch.png -s4 -f0.6 -S9 -v0.2 -n3"))
    assert f"-I {first.path}" in second.line
    assert f"-I {first.path}" in third.line
    assert second.seed == third.seed != first.seed == 9
    assert not np.array_equal(pixels(second.path), pixels(third.path))


def test_intermediates_are_files_and_a_strip(session: Session, sketch: Path) -> None:
    events = list(session.run("a cat -I sketch.png -s10 -f0.5 -S4 --save_intermediates 2"))
    (strip,) = saved(events, "strip")
    assert strip.path.parent == Path("outputs/img-samples/intermediates/000001.4")
    names = sorted(path.name for path in strip.path.parent.iterdir())
    assert names == ["0000.png", "0002.png", "0004.png", "0005.png", "strip.png"]
    assert pixels(strip.path).shape[1] >= 5 * 96


def test_a_grid_keeps_the_single_pictures(session: Session) -> None:
    events = list(session.run(f"{SHORT} -n3 -g"))
    assert [one.path.exists() for one in saved(events)] == [True] * 3
    (grid,) = saved(events, "grid")
    assert pixels(grid.path).shape == (64, 192, 3)


def test_references_to_the_command_before(session: Session) -> None:
    made = saved(session.run(f"{SHORT} -n2"))
    (again,) = saved(session.run(f"{SHORT} -S-2"))
    assert again.seed == made[0].seed
    events = list(session.run("a cat -I-1 -f0"))
    assert np.array_equal(pixels(saved(events)[0].path), pixels(again.path))


def test_a_failed_line_does_not_forget_the_one_before(session: Session) -> None:
    made = saved(session.run(SHORT))
    failure(session.run("a cat -I missing.png"))
    assert saved(session.run(f"{SHORT} -S-1"))[0].seed == made[0].seed


def test_a_reference_too_far_back_says_how_far_is_possible(session: Session) -> None:
    assert "nothing has been drawn" in failure(session.run("a cat -S-1")).error.message
    saved(session.run(SHORT))
    failed = failure(session.run("a cat -S-2"))
    assert "too far back" in failed.error.message
    assert failed.error.hint == "use -1"
    assert failed.error.span is not None
    assert failed.line[failed.error.span.start : failed.error.span.end] == "-S-2"


def test_a_stopped_line_keeps_what_was_finished(session: Session) -> None:
    events = session.run(f"{SHORT} -n3")
    for event in events:
        if isinstance(event, Saved):
            break
    events.close()  # type: ignore[attr-defined]
    assert len(list(Path("outputs/img-samples").glob("*.png"))) == 1
    assert len(saved(session.run(f"{SHORT} -S-1"))) == 1


def test_dry_run_says_everything_and_makes_nothing(make_session: Make, sketch: Path) -> None:
    (picture,) = planned(make_session(dry_run=True).run("a cat -I sketch.png -s10 -f0.4 -S1"))
    assert (picture.width, picture.height) == (96, 64)
    # From the definition of k-diffusion's schedule: ten steps, the fourth from the end.
    assert picture.first_sigma == pytest.approx(0.9324, abs=1e-4)
    assert not Path("outputs").exists()


def test_a_planned_line_is_the_line_that_is_stored(make_session: Make, sketch: Path) -> None:
    line = "a cat -I sketch.png -s4 -S1 -n2"
    promised = [picture.line for picture in planned(make_session(dry_run=True).run(line))]
    assert [one.line for one in saved(make_session().run(line))] == promised


def test_switches_that_come_later_fail_but_are_understood(make_session: Make) -> None:
    events = list(make_session(dry_run=True).run("a cat -U 2 0.6"))
    assert [type(event) for event in events] == [Planned, Failed]
    events = list(make_session().run("a cat -U 2 0.6"))
    assert [type(event) for event in events] == [Failed]
    assert failure(events).error.span is not None


def test_files_say_what_they_are_made_of(session: Session, sketch: Path) -> None:
    (picture,) = saved(session.run("a cat -I sketch.png --fit -W64 -H64 -s4 -f0.5"))
    texts = read_texts(picture.path)
    assert texts["Dream"] == picture.line
    facts = unpack(texts).facts
    assert (facts["width"], facts["height"], facts["steps_run"]) == (64, 40, 2)
    assert facts["init"]["name"] == "sketch.png"
    assert len(facts["init"]["sha256"]) == 64
    assert facts["model"]["name"] == "tiny"
    json.dumps(facts)


def test_logs_stand_beside_the_pictures(session: Session) -> None:
    made = saved(session.run(f"{SHORT} -n2 -o elsewhere"))
    log = Path("elsewhere/invoke_log.txt").read_text()
    assert log.splitlines() == [f"{one.path}: {one.line}" for one in made]
    assert made[0].path.name in Path("elsewhere/invoke_log.md").read_text()


def test_a_picture_in_the_output_folder_is_found_by_its_name(session: Session) -> None:
    (made,) = saved(session.run(SHORT))
    assert saved(session.run(f"a dog -s3 -I {made.path.name}"))


def test_a_line_without_a_prompt_takes_the_one_in_the_picture(session: Session) -> None:
    (made,) = saved(session.run("a cat, asleep -s3 -W64 -H64"))
    events = list(session.run(f"-I {made.path} -s3"))
    assert saved(events)[0].line.startswith("a cat, asleep ")
    assert "a cat, asleep" in notices(events)


def test_a_missing_picture_is_suggested(session: Session, sketch: Path) -> None:
    failed = failure(session.run("a cat -I skech.png"))
    assert "sketch.png" in failed.error.hint
    assert failed.error.span is not None


@pytest.mark.edge(23)
def test_sizes_that_do_not_fit_are_said(make_session: Make, sketch: Path) -> None:
    session = make_session(dry_run=True)
    assert "multiples of 8" in notices(session.run("a cat -W100"))
    assert "--fit" in notices(session.run("a cat -I sketch.png -W32"))
    assert "-f has no effect" in notices(session.run("a cat -f0.3"))
    assert "native" in notices(session.run("a cat -W32 -H32"))


def test_an_unknown_sampler_is_suggested(session: Session) -> None:
    failed = failure(session.run("a cat -Ak_eular"))
    assert "k_euler" in failed.error.hint
    assert failed.error.span is not None


def test_tokens_are_shown_on_request(session: Session) -> None:
    (shown,) = [event for event in session.run(f"{SHORT} [dull] -t") if isinstance(event, Tokens)]
    assert [text.part for text in shown.texts] == ["prompt", "negative"]
    assert [token.text for token in shown.texts[0].tokens] == ["a ", "cat "]


def test_results_of_a_name_that_is_taken_are_numbered(session: Session) -> None:
    names = [saved(session.run(f"{SHORT} --fnformat same.png"))[0].path.name for _ in range(2)]
    assert names == ["same.png", "same-01.png"]


@pytest.mark.parametrize(
    "error", [RuntimeError("CUDA out of memory. Tried to allocate"), MemoryError(), RuntimeError("a bug")]
)
def test_too_little_memory_is_a_mistake_and_a_bug_is_a_bug(
    session: Session, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> object:
        raise error

    monkeypatch.setattr("invoke_cli.diffusion.bundle.Bundle.decode", fail)
    if "bug" in str(error):
        with pytest.raises(RuntimeError, match="a bug"):
            list(session.run(SHORT))
    else:
        failed = failure(session.run(SHORT))
        assert "64x64" in failed.error.message
        assert "-W" in failed.error.hint


def test_a_default_that_is_not_built_yet_is_refused_too(make_session: Make) -> None:
    failed = failure(make_session(inpaint_replace=0.5).run(SHORT))
    assert "not built yet" in failed.error.message
    assert not Path("outputs").exists()


def test_an_output_folder_that_cannot_be_is_said_before_drawing(session: Session) -> None:
    Path("blocker").touch()
    events = list(session.run(f"{SHORT} -o blocker/below"))
    assert not [event for event in events if isinstance(event, Progress)]
    assert "blocker" in failure(events).error.message


def test_long_names_that_are_taken_are_numbered_too(session: Session) -> None:
    words = "word " * 80
    for _ in range(2):
        (made,) = saved(session.run(f"{words} -s2 -W64 -H64 --fnformat {{prompt}}"))
        assert len(made.path.name.encode()) <= 255
    assert made.path.name.endswith("-01.png")


@pytest.mark.parametrize("path", ["~nosuchuser/x.png", "x" * 300 + ".png", "a\udcff.png"])
def test_paths_that_cannot_be_are_not_found(session: Session, path: str) -> None:
    assert "there is no picture" in failure(session.run(f"a cat -I {path}")).error.message


def test_an_undecodable_file_name_draws_and_logs(session: Session, sketch: Path) -> None:
    odd = sketch.rename(sketch.with_name("a\udcff.png"))
    (made,) = saved(session.run(f"a cat -I {odd.name} -s2 -f0.5"))
    assert made.path.is_file()


def test_opaque_transparency_does_not_change_what_variations_are(session: Session, sketch: Path) -> None:
    Image.open(sketch).convert("RGBA").save("opaque.png")
    plain, opaque = (
        [one.seed for one in planned(session.run(f"a -I {name} -s2 -S1 -n2 -v0.2"))]
        for name in ("sketch.png", "opaque.png")
    )
    assert plain == opaque


def test_a_log_that_cannot_be_written_costs_a_notice(session: Session) -> None:
    Path("outputs/img-samples/invoke_log.txt").mkdir(parents=True)
    events = list(session.run(SHORT))
    assert saved(events)[0].path.is_file()
    assert "invoke_log.txt" in notices(events)


def test_variations_and_a_default_of_several_pictures(make_session: Make) -> None:
    failed = failure(make_session(dry_run=True, iterations=2).run("x -S5 -V 12:0.3"))
    assert "-V names one picture" in failed.error.message


@pytest.mark.parametrize(
    ("switches", "said"),
    [
        ("-s10 -f0.7", True),
        ("-s10 -f0.7 -C4", False),
        ("-s50", False),
        ("-s10 -Ak_dpmpp_2", False),
        ("-f0", False),
    ],
)
def test_few_steps_at_a_high_scale_are_advised_against(
    make_session: Make, sketch: Path, switches: str, said: bool
) -> None:
    told = notices(make_session(dry_run=True).run(f"a cat -I sketch.png {switches}"))
    assert ("burn" in told) is said


@pytest.mark.parametrize(("scale", "advice"), [(7.5, None), (12, "-C 8")])
def test_milder_guidance_is_advised_against_later(
    make_session: Make, sketch: Path, scale: float, advice: str | None
) -> None:
    typical = make_session(dry_run=True)
    mild = replace(typical.models.active, name="mild", guidance_share=0.5)
    session = Session(replace(typical.settings, model="mild"), Catalog({"mild": mild}))
    told = notices(session.run(f"a cat -I sketch.png -s 10 -f 0.7 -C {scale}"))
    assert ("burn" in told) is (advice is not None)
    assert advice is None or advice in told


def test_a_dry_run_knows_what_earlier_lines_would_have_made(make_session: Make) -> None:
    session = make_session(dry_run=True)
    first, second = planned(list(session.run("a tree -s2 -W72 -H64 -n2")))
    (again,) = planned(list(session.run("fire -I-1 -S-2 -s2")))
    assert (again.width, again.height, again.seed) == (72, 64, first.seed)
    assert second.seed != first.seed
    assert len(planned(list(session.run("fire -I-1 -s4 -n2 -v0.2 --fit -W64 -H64")))) == 2
    assert "too far back" in failure(session.run("fire -I-3")).error.message
