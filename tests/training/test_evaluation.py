"""The evaluation's own arithmetic, and one run of its sampling loop on a tiny model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from training import prompts
from training.classifier import Judge, augmented, lessons, single_scenes
from training.evaluate import negatives_section, table
from training.measures import Row, edge_similarity, fitted, low_pass_distance
from training.renderer import SUBJECTS, render
from training.sampling import Painter, Request, lms_weights, schedule
from training.test_pictures import FOLDER


def test_the_schedule_is_the_one_k_diffusion_uses() -> None:
    sigmas, times = schedule(10)
    expected = [14.6146, 7.8399, 4.6092, 2.9183, 1.9502, 1.3449, 0.9324, 0.6250, 0.3687, 0.0292, 0]
    assert sigmas == pytest.approx(expected, abs=6e-5)
    assert times[:2] == pytest.approx([999, 888])


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_multistep_weights_integrate_polynomials_exactly(order: int) -> None:
    sigmas = schedule(10)[0][3:9]
    here, there = sigmas[-2:]
    weights = lms_weights(sigmas, order)
    knots = [here, *reversed(sigmas[:-2])][:order]
    for power in range(order):
        exact = (there ** (power + 1) - here ** (power + 1)) / (power + 1)
        assert sum(w * k**power for w, k in zip(weights, knots, strict=True)) == pytest.approx(exact)


def test_a_picture_is_most_like_itself() -> None:
    scene, other = (render(seed, subjects=["house"], style="photo").rgb for seed in (1, 2))
    assert edge_similarity(scene, scene) == pytest.approx(1)
    assert low_pass_distance(scene, scene) == 0
    assert edge_similarity(scene, other) < 0.95
    assert low_pass_distance(scene, other) > 0.01


def test_drawings_are_fitted_to_the_models_grid() -> None:
    for name, _, _ in prompts.SKETCHES:
        height, width, _ = fitted(FOLDER / name, 128).shape
        assert min(height, width) == 128
        assert height % 8 == 0
        assert width % 8 == 0


def test_prompts_are_as_many_as_the_report_promises_and_ask_for_known_subjects() -> None:
    assert len({prompt for prompt, _ in prompts.SINGLES}) == 24
    assert len({prompt for prompt, _, _ in prompts.PAIRS}) == 20
    wanted = {subject for _, *subjects in (*prompts.SINGLES, *prompts.PAIRS) for subject in subjects}
    assert wanted <= set(SUBJECTS)
    assert all(render(0, 96, 96, subjects=pair) for _, *pair in prompts.PAIRS)


def test_the_judge_answers_for_every_picture_and_subject() -> None:
    scenes = single_scenes(1, 5)
    data = lessons(scenes, single=True)
    assert data.main.tolist() == list(range(len(SUBJECTS)))
    assert data.shown.gather(1, data.main[:, None]).min() == 1
    verdict = Judge().judge(np.stack([scene.rgb for scene in scenes]))
    assert verdict.shown.shape == (len(SUBJECTS), len(SUBJECTS))
    assert len(verdict.main) == len(SUBJECTS)
    assert verdict.shows("moon").dtype == np.bool_


def test_augmentation_keeps_the_shape_and_follows_its_generator() -> None:
    pixels = torch.from_numpy(render(3).rgb.transpose(2, 0, 1)[None].copy()).repeat(4, 1, 1, 1)
    first, second = (augmented(pixels, torch.Generator().manual_seed(seed)) for seed in (1, 1))
    assert first.shape == (4, 3, 64, 64)
    assert torch.equal(first, second)
    assert not torch.equal(first[0], first[1])


def test_the_sampling_loop_runs_on_plain_parts(tiny_model: Path) -> None:
    painter = Painter.load(tiny_model)
    assert painter.native == 64
    pictures = painter.paint([Request("cat", 1), Request("cat", 2), Request("cat", 1)], steps=3)
    assert pictures.shape == (3, 64, 64, 3)
    assert np.abs(pictures[0].astype(int) - pictures[2]).max() <= 1
    drawing = np.asarray(Image.new("RGB", (64, 64), (250, 240, 20)))
    again = painter.paint([Request("cat", 1, "", drawing, 0.5)], steps=4)
    assert again.shape == (1, 64, 64, 3)


def test_tables_are_markdown(tmp_path: Path) -> None:
    assert table(("a", "b"), [(1, "x")]) == "| a | b |\n| --- | --- |\n| 1 | x |"
    pictures = np.zeros((2, 8, 8, 3), np.uint8)
    rows = (Row("moon", "moon", 1.0, pictures), Row("moon [moon]", "moon", 0.25, pictures))
    assert "| moon [moon] | moon | 100% | 25% |" in negatives_section([rows], tmp_path)
    assert (tmp_path / "negatives.jpg").exists()
