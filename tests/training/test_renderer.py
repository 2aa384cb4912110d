"""The scene renderer: deterministic, of the asked size, and truthful about what it shows."""

from __future__ import annotations

import numpy as np
import pytest

from training.renderer import STYLES, SUBJECTS, caption_corpus, compose, render, vocabulary, words
from training.renderer.captions import write_caption
from training.renderer.plan import Plan, sample_plan
from training.renderer.relations import COMPANIONS, compatible
from training.renderer.styles import PAPER

SIZES = ((128, 128), (192, 128), (96, 160))


def names_of(subject: str) -> set[str]:
    """The words by which a caption may name a subject: head nouns of all its names, one or many."""
    phrases = [*words.NOUNS.get(subject, ()), *words.PHRASES.get(subject, ())]
    for (name, _), options in (*words.SORT_NOUNS.items(), *words.SORT_PHRASES.items()):
        phrases += options if name == subject else ()
    if subject == "sun":
        phrases += [text for options in words.SUN_AT.values() for text in options]
    nouns = {word for phrase in phrases for word in phrase.split()}
    return nouns | {words.PLURALS[noun] for noun in nouns if noun in words.PLURALS}


def scene_plan(seed: int, *subjects: str, style: str | None = None) -> Plan:
    return sample_plan(np.random.default_rng(seed), subjects or None, style)


def visible_shares(plan: Plan, seed: int, width: int, height: int) -> dict[str, float]:
    """For each subject, the share of the picture in which one of its layers is the foremost one."""
    canvas = compose.draw(plan, width, height, np.random.default_rng(seed))
    clear = np.ones((height, width))
    shares: dict[str, float] = {}
    for layer in reversed(canvas.layers):
        shares[layer.subject] = shares.get(layer.subject, 0.0) + float((layer.mask * clear).mean())
        clear = clear * (1 - layer.mask)
    return shares


def test_same_arguments_give_the_same_scene() -> None:
    for seed in (0, 7, 123):
        first, second = render(seed, 96, 96), render(seed, 96, 96)
        assert np.array_equal(first.rgb, second.rgb)
        assert first.caption == second.caption


def test_rendering_leaves_the_global_random_state_alone() -> None:
    np.random.seed(3)
    expected = np.random.random()
    np.random.seed(3)
    render(11, 96, 96)
    assert np.random.random() == expected


def test_different_seeds_give_different_scenes() -> None:
    scenes = [render(seed, 96, 96) for seed in range(24)]
    assert len({scene.rgb.tobytes() for scene in scenes}) == len(scenes)
    assert len({scene.caption for scene in scenes}) > 20


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_subject_renders_at_every_shape(subject: str) -> None:
    for number, (width, height) in enumerate(SIZES):
        scene = render(number, width, height, subjects=[subject], style="photo")
        assert scene.rgb.shape == (height, width, 3)
        assert scene.rgb.dtype == np.uint8
        assert scene.main == subject
        assert scene.subjects[0] == subject
        assert scene.rgb.std() > 4


@pytest.mark.parametrize("style", STYLES)
def test_every_style_renders_at_every_shape(style: str) -> None:
    for number, (width, height) in enumerate(SIZES):
        scene = render(number, width, height, style=style)
        assert scene.rgb.shape == (height, width, 3)
        assert scene.style == style


def test_styles_of_one_seed_are_different_pictures() -> None:
    pictures = {render(5, 96, 96, subjects=["house"], style=style).rgb.tobytes() for style in STYLES}
    assert len(pictures) == len(STYLES)


def test_a_childs_drawing_is_mostly_paper_and_a_sketch_is_grey() -> None:
    drawings = [render(seed, 96, 96, subjects=["tree"], style="child").rgb / 255.0 for seed in range(12)]
    paper = [(np.abs(drawing - np.array(PAPER)).max(axis=-1) < 0.12).mean() for drawing in drawings]
    assert np.median(paper) > 0.3
    sketch = render(4, subjects=["cactus"], style="sketch").rgb.astype(int)
    assert (sketch.max(axis=-1) - sketch.min(axis=-1)).max() < 50


@pytest.mark.parametrize(
    ("first", "second"), [("boat", "lighthouse"), ("tree", "river"), ("candle", "fireplace")]
)
def test_asked_subjects_are_the_subjects(first: str, second: str) -> None:
    scene = render(2, 96, 96, subjects=[first, second])
    assert scene.main == first
    assert set(scene.subjects) >= {first, second}


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="unicorn"):
        render(0, subjects=["unicorn"])
    with pytest.raises(ValueError, match="cubist"):
        render(0, style="cubist")


def test_everything_claimed_is_visible() -> None:
    hidden = []
    for seed in range(160):
        width, height = ((96, 96), (144, 96), (96, 144))[seed % 3]
        plan = scene_plan(seed)
        shares = visible_shares(plan, seed, width, height)
        hidden += [(seed, name) for name in plan.subjects if shares.get(name, 0.0) < 0.002]
    assert not hidden


@pytest.mark.parametrize(
    "subject", ["boat", "house", "cactus", "bridge", "flower", "candle", "tree", "castle"]
)
def test_a_single_small_thing_is_drawn_large(subject: str) -> None:
    shares = [visible_shares(scene_plan(seed, subject), seed, 96, 96)[subject] for seed in range(6)]
    assert np.mean(shares) > 0.05


def test_fire_glows_and_nights_are_dark() -> None:
    fire = render(1, subjects=["fire"], style="photo").rgb.astype(float)
    red, blue = fire[..., 0].mean(), fire[..., 2].mean()
    assert red > 1.6 * blue
    night = render(1, subjects=["stars"], style="photo").rgb
    assert np.median(night) < 70


def test_captions_name_the_main_subject() -> None:
    for seed in range(600):
        plan = scene_plan(seed)
        caption = write_caption(plan, np.random.default_rng(seed))
        spoken = set(caption.replace(",", " ").split())
        assert spoken & names_of(plan.main), (plan.main, caption)


def test_counts_and_colours_are_true() -> None:
    numbers = {"two": 2, "three": 3, "five": 5}
    for seed in range(1200):
        plan = scene_plan(seed)
        spoken = write_caption(plan, np.random.default_rng(seed)).replace(",", " ").split()
        counted = {plan.detail(name).count for name in plan.subjects}
        assert all(number in counted for word, number in numbers.items() if word in spoken)
        colours = {plan.detail(name).colour for name in plan.subjects}
        for word in ("yellow", "blue", "pink", "purple"):
            assert word not in spoken or word in colours or "sky" in spoken


def test_captions_keep_to_the_vocabulary() -> None:
    known = vocabulary()
    spoken = {word for caption in caption_corpus(3000) for word in caption.replace(",", " ").split()}
    assert spoken <= known
    assert not [word for word in known if "{" in word]


def test_caption_corpus_is_a_function_of_its_seed() -> None:
    first = list(caption_corpus(50, seed=1))
    assert first == list(caption_corpus(50, seed=1))
    assert first != list(caption_corpus(50, seed=2))


def test_short_captions_and_the_guides_idiom_are_common() -> None:
    captions = list(caption_corpus(4000))
    short = [caption for caption in captions if len(caption.split()) <= 3]
    assert 0.12 < len(short) / len(captions) < 0.35
    assert "fire" in captions
    plans = [scene_plan(seed, "tree", "hill", "river", style="photo") for seed in range(80)]
    written = [write_caption(plan, np.random.default_rng(n)) for n, plan in enumerate(plans)]
    assert written.count("tree on a hill with a river, nature photograph, national geographic") > 8


def test_half_the_scenes_have_one_subject_and_every_subject_is_common() -> None:
    plans = [scene_plan(seed) for seed in range(3000)]
    assert 0.45 < np.mean([len(plan.free) == 1 for plan in plans]) < 0.6
    counts = {name: sum(plan.main == name for plan in plans) for name in SUBJECTS}
    assert min(counts.values()) > 3000 / len(SUBJECTS) / 2


def test_companions_are_mutual_and_known() -> None:
    for name, others in COMPANIONS.items():
        assert name in SUBJECTS
        assert all(name in COMPANIONS[other] and compatible(other, name) for other in others)
