"""AUTOMATIC1111's text, against samples built after its documented form."""

from __future__ import annotations

import pytest

from invoke_cli.imaging.exif import FOREIGN
from invoke_cli.session.dialects import Found, read

PARAMETERS = """masterpiece, (red:1.3) hair, ((big)) [small] eyes, smile \\(happy\\)
on two lines <lora:grain:0.8>
Negative prompt: ugly, (bad hands)
blurry
Steps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 123, Size: 512x768, Model hash: 6ce0161689, \
Model: v1-5, Clip skip: 2, Lora hashes: "grain: 4a, other: 5b", Version: v1.6.0"""


def found(**texts: str) -> Found:
    result = read(texts)
    assert result is not None
    return result


def parameters(fields: str) -> Found:
    return found(parameters=f"a cat\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1{fields}")


def test_a_usual_text() -> None:
    picture = found(parameters=PARAMETERS)
    assert picture.program == "AUTOMATIC1111"
    assert picture.model == "v1-5 (6ce0161689)"
    assert picture.request.prompt == (
        "masterpiece, (red)1.3 hair, (big)1.21 (small)0.9091 eyes, smile \\(happy\\) on two lines "
        "<lora:grain:0.8> [ugly, (bad hands)1.1 blurry]"
    )
    assert picture.line.endswith("-s 20 -S 123 -W 512 -H 768 -C 7 -A k_dpmpp_2 --karras_max 1000")
    assert picture.lost == ("Clip skip 2",)


def test_the_comment_of_another_format() -> None:
    assert found(**{FOREIGN: PARAMETERS}).line == found(parameters=PARAMETERS).line


def test_quoted_values_hold_commas_colons_and_quotes() -> None:
    picture = parameters(', Wildcard prompt: "a, b: \\"c\\"\\nd", Size: 64x64')
    assert picture.lost == ('Wildcard prompt a, b: "c" d',)
    assert (picture.request.width, picture.request.height) == (64, 64)


def test_a_second_pass_is_hires_fix_at_its_own_size() -> None:
    hires = "Denoising strength: 0.7, Hires upscale: 1.5, Hires steps: 10, Hires upscaler: Latent"
    picture = parameters(f", Size: 512x768, {hires}")
    request = picture.request
    assert (request.width, request.height, request.strength) == (768, 1152, 0.7)
    assert request.hires_fix or "--hires_fix" in picture.lost
    assert {"Hires steps 10", "Hires upscaler Latent"} <= set(picture.lost)
    assert parameters(", Size: 512x512, Hires resize: 640x896").request.width == 640


def test_a_strength_alone_means_a_picture_that_is_not_named() -> None:
    picture = parameters(", Size: 512x512, Denoising strength: 0.4, Mask blur: 4")
    assert picture.request.strength == 0.4
    assert picture.lost == (
        "the picture that it started from (-I), whose name is not stored",
        "Mask blur 4",
    )


def test_variation_seeds_and_tiling() -> None:
    request = parameters(", Variation seed: 9, Variation seed strength: 0.2, Tiling: True").request
    assert request.with_variations == ((9, 0.2),)
    assert request.seamless is True


@pytest.mark.parametrize(
    ("name", "ours", "karras"),
    [
        ("Euler", "k_euler", None),
        ("LMS Karras", "k_lms", 1000),
        ("DPM2 a", "k_dpm_2_a", None),
        ("DPM++ 2S a", "k_dpmpp_2_a", None),
        ("DDIM", "ddim", None),
        ("PLMS", "plms", None),
        ("Heun, Schedule type: Karras", "k_heun", 1000),
        ("LCM", "lcm", None),
    ],
)
def test_samplers(name: str, ours: str, karras: int | None) -> None:
    request = found(parameters=f"a\nSteps: 20, Sampler: {name}, CFG scale: 7, Seed: 1").request
    assert (request.sampler, request.karras_max) == (ours, karras)


def test_what_has_no_word_here_is_told() -> None:
    picture = found(
        parameters="a [cat:dog:0.5], [red|blue] BREAK b <hypernet:x:1>\n"
        "Steps: 20, Sampler: UniPC, CFG scale: 7, Seed: 99999999999, Schedule type: Exponential"
    )
    assert picture.request.prompt == "a dog, red b"
    assert {"sampler UniPC", "seed 99999999999", "hypernetwork <hypernet:x:1>"} <= set(picture.lost)
    assert "words that change while drawing [cat:dog:0.5]" in picture.lost
    assert any("BREAK" in phrase for phrase in picture.lost)


def test_text_that_only_looks_a_little_like_it_is_none() -> None:
    assert read({"parameters": "a cat"}) is None
    assert read({"parameters": "Steps: 20"}) is None
    assert read({}) is None
