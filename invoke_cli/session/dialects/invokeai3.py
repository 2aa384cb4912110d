"""InvokeAI 3 and later: one JSON object under `invokeai_metadata`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from invoke_cli.imaging.metadata import from_json
from invoke_cli.session.dialects.emphasis import lora, without_wildcards
from invoke_cli.session.dialects.found import Found, Gathering, Texts, mapping, plain
from invoke_cli.session.dialects.samplers import take_sampler

JSON = "invokeai_metadata"
PROGRAM = "InvokeAI 3"

# fmt: off
_KNOWN = frozenset({
    "app_version", "generation_mode", "positive_prompt", "negative_prompt", "width", "height", "seed",
    "rand_device", "cfg_scale", "steps", "scheduler", "model", "strength", "init_image", "loras",
    "seamless_x", "seamless_y", "positive_style_prompt", "negative_style_prompt", "clip_skip",
})
# fmt: on


def read(texts: Texts) -> Found | None:
    """What JSON of this kind says; None where there is none."""
    about = mapping(from_json(texts.get(JSON, "")))
    if "positive_prompt" not in about and "generation_mode" not in about:
        return None
    version = str(about.get("app_version", ""))
    gathering = Gathering(f"InvokeAI {version}" if re.fullmatch(r"[\w.+-]{1,20}", version) else PROGRAM)
    negative = _prompt(about.get("negative_prompt"))
    parts = [_prompt(about.get("positive_prompt")), *_loras(about), f"[{negative}]" if negative else ""]
    gathering.take(prompt=" ".join(filter(None, parts)))
    gathering.take(**{name: about.get(name) for name in ("width", "height", "seed", "cfg_scale", "steps")})
    scheduler = str(about.get("scheduler", ""))
    take_sampler(gathering, scheduler.removesuffix("_k"), "karras" if scheduler.endswith("_k") else None)
    axes = [axis for axis in ("x", "y") if about.get(f"seamless_{axis}") is True]
    gathering.take(seamless=True if axes else None, seamless_axes=",".join(axes) or None)
    _take_start(gathering, about)
    _take_model(gathering, about)
    if about.get("clip_skip"):
        gathering.lose(f"clip_skip {about['clip_skip']}")
    gathering.lose_all(about, _KNOWN)
    return gathering.found()


def _prompt(text: object) -> str:
    """A prompt, whose weights are written as ours are; brackets have no meaning in it."""
    if not isinstance(text, str):
        return ""
    return re.sub(r"(?<!\\)[\[\]]", r"\\\g<0>", without_wildcards(" ".join(text.split())))


def _loras(about: Mapping[str, Any]) -> Iterator[str]:
    stored = about.get("loras")
    for entry in map(mapping, stored if isinstance(stored, list) else ()):
        stored_lora = mapping(entry.get("lora") or entry.get("model"))
        name = stored_lora.get("model_name") or stored_lora.get("name")
        if isinstance(name, str):
            yield lora(name, entry.get("weight", 1))


def _take_start(gathering: Gathering, about: Mapping[str, Any]) -> None:
    if about.get("strength") is None:
        return
    gathering.take(strength=about["strength"], init_img=about.get("init_image"))
    if not gathering.holds("init_img"):
        gathering.lose("the picture that it started from (-I), whose name is not stored")


def _take_model(gathering: Gathering, about: Mapping[str, Any]) -> None:
    model = mapping(about.get("model"))
    name = model.get("model_name") or model.get("name")
    gathering.model = str(name) if plain(name) else ""
