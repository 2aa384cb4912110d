"""InvokeAI 3 and later."""

from __future__ import annotations

import json

from invoke_cli.session.dialects import Found, read

ABOUT = {
    "app_version": "3.4.0",
    "generation_mode": "txt2img",
    "positive_prompt": "a (red)1.3 cat++ in [brackets]",
    "negative_prompt": "blurry",
    "width": 512,
    "height": 768,
    "seed": 42,
    "rand_device": "cpu",
    "cfg_scale": 7.5,
    "steps": 30,
    "scheduler": "dpmpp_2m_k",
    "model": {"model_name": "dreamshaper", "base_model": "sd-1", "model_type": "main"},
    "loras": [{"lora": {"model_name": "film grain"}, "weight": 0.75}],
}


def found(**changes: object) -> Found:
    result = read({"invokeai_metadata": json.dumps({**ABOUT, **changes})})
    assert result is not None
    return result


def test_a_usual_picture() -> None:
    picture = found()
    assert picture.line == (
        "a (red)1.3 cat++ in \\[brackets\\] withLora(filmgrain,0.75) [blurry] "
        "-s 30 -S 42 -W 512 -H 768 -C 7.5 -A k_dpmpp_2 --karras_max 1000"
    )
    assert (picture.program, picture.model, picture.lost) == ("InvokeAI 3.4.0", "dreamshaper", ())


def test_from_a_picture() -> None:
    request = found(generation_mode="img2img", strength=0.6, init_image="ab12.png").request
    assert (request.init_img, request.strength) == ("ab12.png", 0.6)
    assert "picture that it started from" in found(strength=0.6).lost[0]


def test_tiling_and_what_has_no_word_here() -> None:
    picture = found(seamless_x=True, clip_skip=2, controlnets=[{}], scheduler="unipc", vae={"name": "x"})
    assert (picture.request.seamless, picture.request.seamless_axes) == (True, ("x",))
    assert set(picture.lost) == {"clip_skip 2", "controlnets", "sampler unipc", "vae"}
