"""InvokeAI 1.x and 2.x, against samples built after the releases' own code for writing them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from invoke_cli.language.grammar import parse
from invoke_cli.language.request import Request
from invoke_cli.session.dialects import Found, read

FIRE = "fire -s 30 -S 1592514025 -W 384 -H 384 -C 7.5"


def found(line: str = "", about: dict[str, Any] | None = None) -> Found:
    texts = {"Dream": line} if line else {}
    result = read(texts if about is None else {**texts, "sd-metadata": json.dumps(about)})
    assert result is not None
    return result


def image(**changes: object) -> dict[str, Any]:
    """An `image` as 2.x stored it."""
    usual = {
        "prompt": [{"prompt": "a cat", "weight": 1.0}],
        "steps": 50,
        "cfg_scale": 7.5,
        "threshold": 0,
        "perlin": 0,
        "width": 512,
        "height": 448,
        "seed": 42,
        "seamless": False,
        "hires_fix": False,
        "type": "txt2img",
        "postprocessing": None,
        "sampler": "k_lms",
        "variations": [],
    }
    return {**usual, **changes}


def about(version: str = "2.2.5", **changes: object) -> dict[str, Any]:
    return {
        "model": "stable diffusion",
        "model_id": "stable-diffusion-1.5",
        "model_hash": "cc6cb27103417325ff94f52b7a5d2dde45a7515b",
        "app_id": "invoke-ai/InvokeAI",
        "app_version": version,
        "image": image(**changes),
    }


@pytest.mark.parametrize(
    ("stored", "line"),
    [
        # 2.0: the prompt in quotes
        (
            '"a cat" -s 50 -S 42 -W 512 -H 512 -C 7.5 -A k_lms',
            "a cat -s 50 -S 42 -W 512 -H 512 -C 7.5 -A k_lms",
        ),
        # 2.1 and later: no quotes, --karras_max
        (
            "a cat, it's 50% off -s 50 -S 42 -W 512 -H 512 -C 7.5 --karras_max 30 -A k_euler_a",
            "a cat, it's 50% off -s 50 -S 42 -W 512 -H 512 -C 7.5 -A k_euler_a --karras_max 30",
        ),
    ],
)
def test_plain_lines(stored: str, line: str) -> None:
    assert found(stored).line == line


@pytest.mark.edge(31)
def test_an_img2img_line_keeps_its_picture_strength_fit_and_mask() -> None:
    both = found(
        f"{FIRE} -I fire.png -A k_lms --fit -M mask.png -f 0.7",
        about("2.0.2", type="img2img", strength_steps=0.7, sampler="ddim"),
    )
    request = both.request
    assert (request.init_img, request.init_mask) == ("fire.png", "mask.png")
    assert (request.strength, request.fit) == (0.7, True)
    assert both.lost == ()


@pytest.mark.edge(33)
def test_the_sampler_of_the_line_is_believed_and_not_the_one_that_was_always_stored() -> None:
    both = found(f"{FIRE} -I fire.png -A k_lms -f 0.7", about("2.0.2", type="img2img", sampler="ddim"))
    assert both.request.sampler == "k_lms"
    assert found(about=about("2.0.2", sampler="ddim")).request.sampler == "ddim"


@pytest.mark.edge(32)
def test_what_old_lines_did_not_quote_is_told_apart_all_the_same() -> None:
    line = (
        'the "Mona -x Lisa" - again -s 30 -S 5 -W 384 -H 384 -C 7.5 -I my pictures/fire -1.png -A k_lms '
        "-f 0.7 --inpaint_replace"
    )
    read_back = found(line)
    assert read_back.request.prompt == 'the "Mona -x Lisa" - again'
    assert read_back.request.init_img == "my pictures/fire -1.png"
    assert read_back.lost == ("the value of -r, which is not stored",)
    assert parse(read_back.line) == read_back.request


@pytest.mark.edge(35)
def test_a_sheet_gives_the_line_of_its_first_picture_and_names_all_seeds() -> None:
    from_line = found(f"{FIRE} --grid -A k_lms # [1592514025, 7, 9]")
    stored = about()
    stored["images"] = [stored.pop("image"), image(seed=7), image(seed=9)]
    from_json = found(about=stored)
    for sheet, prompt, first in ((from_line, "fire", 1592514025), (from_json, "a cat", 42)):
        assert (sheet.request.prompt, sheet.request.seed) == (prompt, first)
        assert sheet.lost == (f"that it is a sheet of 3 pictures, with the seeds {first}, 7, 9",)


def test_the_model_is_named_from_either_place() -> None:
    assert found(f"{FIRE} -A k_lms # model_id=my model-1.5").model == "my model-1.5"
    assert found(about=about()).model == "stable-diffusion-1.5 (cc6cb27103)"


@pytest.mark.edge(34)
def test_a_file_that_lost_its_line_to_fix_is_read_from_the_json() -> None:
    steps = [{"tool": "gfpgan", "dream_command": "!fix 000001.42.png -G 0.8"}]
    fixed = found(about=about(postprocessing=steps))
    assert fixed.line == "a cat -s 50 -S 42 -W 512 -H 448 -C 7.5 -A k_lms"
    assert fixed.lost == ("a change of the finished picture by !fix 000001.42.png -G 0.8",)


def test_a_picture_of_fix_alone_says_only_that() -> None:
    fixed = found("!fix outputs/000001.42.png -U 2 0.75")
    assert fixed.request == Request()
    assert fixed.lost == ("a change of the finished picture by !fix outputs/000001.42.png -U 2 0.75",)


def test_the_json_knows_the_prompt_better_than_the_line() -> None:
    prompt = 'a -s 5 cat "here'
    stored = about(prompt=[{"prompt": prompt, "weight": 1}])
    assert found(f"{prompt} -s 50 -S 42 -W 512 -H 448 -C 7.5 -A k_lms", stored).request.prompt == prompt


def test_prompts_that_were_weighed_against_each_other() -> None:
    parts = [{"prompt": "a cat", "weight": 0.25}, {"prompt": "a dog", "weight": 0.75}]
    assert found(about=about(prompt=parts)).request.prompt == "a cat:0.25 a dog:0.75"
    assert found(about=about(prompt="a cat")).request.prompt == "a cat"


def test_braces_and_names_between_underscores_were_text() -> None:
    prompt = "a {red|blue} __house__"
    assert found(about=about(prompt=prompt)).request.prompt == "a \\{red|blue\\} \\__house\\__"
    assert found(f"{prompt} -s 5 -S 1 -W 64 -H 64 -C 7.5 -A k_lms").request.prompt.startswith("a \\{red")


def test_variations_and_what_is_rarely_set() -> None:
    variations = [{"seed": 3, "weight": 0.2}, {"seed": 4, "weight": 0.1}]
    request = found(about=about(variations=variations, perlin=0.1)).request
    assert request.with_variations == ((3, 0.2), (4, 0.1))
    assert (request.perlin, request.threshold) == (0.1, None)


def test_a_picture_drawn_in_the_web_interface() -> None:
    request = found(
        about=about(type="img2img", init_image_path="outputs/a b.png", strength=0.6, fit=True)
    ).request
    assert (request.init_img, request.strength, request.fit) == ("outputs/a b.png", 0.6, True)


def test_the_json_alone_cannot_name_the_init_picture() -> None:
    alone = found(about=about(type="img2img", strength_steps=0.7, orig_hash="ab12"))
    assert "picture that it started from" in alone.lost[0]
    assert alone.sha256 == {"init_img": "ab12"}


def test_the_version_is_named() -> None:
    assert found(about=about("v2.3.5")).program == "InvokeAI 2.3.5"
    assert found(about=about("2; rm")).program == "InvokeAI"


def test_what_does_nothing_here_yet_is_told_with_its_value() -> None:
    fixed = found(f"{FIRE} -A k_lms -G 0.8 -ft gfpgan -U 2 0.75 -D left 128")
    told = {"-G 0.8": "facetool_strength", "-U 2 0.75": "upscale", "-D left 128": "out_direction"}
    for phrase, switch in told.items():
        assert (phrase in fixed.lost) == (getattr(fixed.request, switch) is None)


def test_values_that_make_no_sense_are_told_one_by_one() -> None:
    odd = found(about=about(steps="many", width=-5, cfg_scale="x", seed=2**40, colour="red"))
    assert odd.request.height == 448
    assert set(odd.lost) == {"steps many", "width -5", "cfg_scale x", f"seed {2**40}", "colour red"}
