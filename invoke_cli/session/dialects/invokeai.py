"""InvokeAI 1.x and 2.x: the JSON under `sd-metadata`, and the line under `Dream`.

Neither is whole. The JSON has the exact prompt but neither the init picture nor its mask, and up to 2.0 says
`ddim` for every picture drawn from another; the line has those, but its prompt and its paths are not quoted.
So the line is read first, and then the JSON where it knows better.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from invoke_cli.imaging.metadata import LINE, from_json
from invoke_cli.session.dialects.dream import is_dream, take_dream, take_seeds
from invoke_cli.session.dialects.emphasis import without_wildcards
from invoke_cli.session.dialects.found import Found, Gathering, Texts, is_switch, mapping, plain

JSON = "sd-metadata"
PROGRAM = "InvokeAI"

# Name in `image` -> switch; the others have the switch's own name.
_NAMES = {"strength_steps": "strength", "init_image_path": "init_img", "mask_image_path": "init_mask"}
# Taken apart by hand, or of no weight for the pixels.
# fmt: off
_KNOWN = frozenset({
    "prompt", "seed", "type", "variations", "postprocessing", "orig_hash", "grid", "sampler", "extra",
    "initial_image", "model", "facetool_strength", "facetool", "codeformer_fidelity", "upscale",
    "progress_images", "progress_latents", "save_intermediates", "generation_mode", "iterations",
    "threshold", "perlin", "intermediates",
})
# fmt: on
_OFF: tuple[object, ...] = (None, "", False, 0, [], "0")


def read(texts: Texts) -> Found | None:
    """What texts of these kinds say; None where there are none."""
    about = mapping(from_json(texts.get(JSON, "")))
    line = texts.get(LINE, "")
    images = [about["image"]] if "image" in about else about.get("images")
    image = mapping(images[0]) if isinstance(images, list) and images else {}
    if not image and not is_dream(line):
        return None
    version = str(about.get("app_version", "")).lstrip("v")
    gathering = Gathering(f"{PROGRAM} {version}" if re.fullmatch(r"[\w.+-]{1,20}", version) else PROGRAM)
    if line:
        # 2.0 still called itself 1.15.
        take_dream(gathering, line, is_quoted=version.startswith(("1.", "2.0")))
    _take_image(gathering, image)
    if isinstance(image.get("orig_hash"), str):
        gathering.sha256["init_img"] = image["orig_hash"]
    if isinstance(images, list) and len(images) > 1:
        take_seeds(
            gathering, [one["seed"] for one in map(mapping, images) if isinstance(one.get("seed"), int)]
        )
    _take_model(gathering, about)
    return gathering.found()


def _take_image(gathering: Gathering, image: Mapping[str, Any]) -> None:
    prompt = _prompt(image.get("prompt"))
    if prompt:
        gathering.take(prompt=without_wildcards(prompt))
    gathering.take(seed=image.get("seed"), with_variations=_variations(image.get("variations")))
    if not gathering.holds("sampler"):  # the line knows better
        gathering.take(sampler=image.get("sampler"))
    for name in ("threshold", "perlin", "facetool_strength", "upscale"):
        if image.get(name) not in _OFF:
            gathering.take(**{name: image[name]})
    if image.get("facetool_strength") not in _OFF:
        gathering.take(facetool=image.get("facetool"), codeformer_fidelity=image.get("codeformer_fidelity"))
    for name, value in image.items():
        if name not in _KNOWN and value not in _OFF:
            _take_value(gathering, _NAMES.get(name, name), value)
    if image.get("type") == "img2img" and not gathering.holds("init_img"):
        gathering.lose("the picture that it started from (-I), whose name is not stored")
    _lose_postprocessing(gathering, image.get("postprocessing"))


def _take_value(gathering: Gathering, name: str, value: object) -> None:
    if is_switch(name):
        gathering.take(**{name: value})
    else:
        gathering.lose(f"{name} {value}" if plain(value) else name)


def _prompt(stored: object) -> str:
    """The prompt of a list of parts, which were weighed against each other where they are several."""
    if isinstance(stored, str):
        return stored
    parts = [mapping(part) for part in stored] if isinstance(stored, list) else []
    texts = [(part["prompt"], part.get("weight")) for part in parts if isinstance(part.get("prompt"), str)]
    if len(texts) == 1:
        return str(texts[0][0])
    return " ".join(f"{text.strip()}:{weight}" if plain(weight) else text for text, weight in texts)


def _variations(stored: object) -> str | None:
    """Seeds and weights as -V takes them; the web interface stored them as one text."""
    if isinstance(stored, str) and stored:
        return stored
    pairs = [mapping(pair) for pair in stored] if isinstance(stored, list) else []
    return ",".join(f"{pair.get('seed')}:{pair.get('weight')}" for pair in pairs) or None


def _lose_postprocessing(gathering: Gathering, stored: object) -> None:
    for step in stored if isinstance(stored, list) else ():
        told = mapping(step)
        what = told.get("dream_command") or told.get("tool") or told.get("type")
        gathering.lose(f"a change of the finished picture by {what if plain(what) else 'a tool'}")


def _take_model(gathering: Gathering, about: Mapping[str, Any]) -> None:
    """The name of the model, or its file; the JSON's "model" is always the same word."""
    model, digest = about.get("model_id") or about.get("model_weights"), about.get("model_hash")
    if isinstance(model, str) and model:
        gathering.model = f"{model} ({digest[:10]})" if isinstance(digest, str) and digest else model
