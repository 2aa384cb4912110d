"""NovelAI's comment, old and new."""

from __future__ import annotations

import json

from invoke_cli.imaging.exif import FOREIGN
from invoke_cli.session.dialects import Found, read

COMMENT = {"steps": 28, "sampler": "k_euler_ancestral", "seed": 7, "scale": 11, "uc": "lowres, {{bad}}"}


def found(**changes: object) -> Found:
    texts = {
        "Software": "NovelAI",
        "Description": "{cat} girl, [dim]",
        "Comment": json.dumps({**COMMENT, **changes}),
    }
    result = read(texts)
    assert result is not None
    return result


def test_a_usual_comment() -> None:
    picture = found(width=512, height=640)
    assert picture.line == (
        "(cat)1.05 girl, (dim)0.9524 [lowres, (bad)1.1025] -s 28 -S 7 -W 512 -H 640 -C 11 -A k_euler_a"
    )
    assert (picture.program, picture.lost) == ("NovelAI", ())


def test_newer_forms() -> None:
    picture = found(
        prompt="1.3::cat dog:: x, -1::evil::",
        noise_schedule="karras",
        sampler="k_dpmpp_2m",
        sm=True,
        cfg_rescale=0.2,
    )
    assert picture.request.prompt.startswith("(cat dog)1.3 x, (evil)0 ")
    assert (picture.request.sampler, picture.request.karras_max) == ("k_dpmpp_2", 1000)
    assert set(picture.lost) == {"emphasis below zero", "sm", "cfg_rescale 0.2"}


def test_nested_captions() -> None:
    characters = [{"char_caption": "a girl"}, {"char_caption": ""}]
    picture = found(v4_prompt={"caption": {"base_caption": "a park", "char_captions": characters}})
    assert picture.request.prompt.startswith("a park, a girl [")


def test_a_strength_means_a_picture_that_is_not_named() -> None:
    picture = found(strength=0.7, noise=0.2)
    assert picture.request.strength == 0.7
    assert picture.lost == (
        "the picture that it started from (-I), whose name is not stored",
        "noise 0.2",
    )


def test_one_comment_with_all_texts_in_it() -> None:
    texts = {"Software": "NovelAI", "Description": "a cat", "Comment": json.dumps(COMMENT)}
    picture = read({FOREIGN: json.dumps(texts)})
    assert picture is not None
    assert picture.program == "NovelAI"
