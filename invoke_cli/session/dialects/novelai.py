"""NovelAI's comment: JSON with the settings, beside a description that is the prompt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from invoke_cli.imaging.exif import FOREIGN
from invoke_cli.imaging.metadata import from_json
from invoke_cli.session.dialects.emphasis import NOVELAI, emphasised
from invoke_cli.session.dialects.found import Found, Gathering, Texts, mapping
from invoke_cli.session.dialects.samplers import take_sampler

PROGRAM = "NovelAI"

_NEGATIVE_WEIGHT = re.compile(r"-\d*\.?\d+::")
# Said elsewhere in the line, or of no weight for the pixels.
# fmt: off
_KNOWN = frozenset({
    "prompt", "uc", "steps", "scale", "seed", "width", "height", "sampler", "strength", "noise_schedule",
    "v4_prompt", "v4_negative_prompt", "signed_hash", "request_type", "n_samples", "params_version",
    "version", "legacy", "legacy_uc", "stream", "image_format", "uncond_scale",
    "deliberate_euler_ancestral_bug", "prefer_brownian",
})
# fmt: on


def read(texts: Texts) -> Found | None:
    """What a comment of this kind says; None where there is none."""
    comment = mapping(from_json(texts.get("Comment") or texts.get(FOREIGN, "")))
    is_theirs = texts.get("Software") == PROGRAM or "uc" in comment
    if not is_theirs or "steps" not in comment:
        return None
    gathering = Gathering(PROGRAM)
    gathering.model = texts.get("Source", "")
    positive = _caption(comment.get("v4_prompt")) or comment.get("prompt") or texts.get("Description")
    negative = _caption(comment.get("v4_negative_prompt")) or comment.get("uc")
    prompts = [_prompt(gathering, positive), _prompt(gathering, negative)]
    gathering.take(
        prompt=" ".join(part for part in (prompts[0], f"[{prompts[1]}]" if prompts[1] else "") if part)
    )
    gathering.take(steps=comment.get("steps"), cfg_scale=comment.get("scale"), seed=comment.get("seed"))
    gathering.take(width=comment.get("width"), height=comment.get("height"))
    take_sampler(gathering, comment.get("sampler"), comment.get("noise_schedule"))
    _take_strength(gathering, comment)
    gathering.lose_all(comment, _KNOWN)
    return gathering.found()


def _prompt(gathering: Gathering, text: object) -> str:
    if not isinstance(text, str):
        return ""
    if _NEGATIVE_WEIGHT.search(text):
        gathering.lose("emphasis below zero")
    return emphasised(text, NOVELAI)


def _caption(prompt: object) -> str:
    """The text of a prompt in the nested form of newer models: the scene, then each character."""
    caption = mapping(mapping(prompt).get("caption"))
    characters = caption.get("char_captions")
    texts = [caption.get("base_caption")]
    if isinstance(characters, list):
        texts += [mapping(character).get("char_caption") for character in characters]
    return ", ".join(text for text in texts if isinstance(text, str) and text)


def _take_strength(gathering: Gathering, comment: Mapping[str, Any]) -> None:
    """A strength belongs to a picture to start from, which the comment does not name."""
    if comment.get("strength") is not None:
        gathering.take(strength=comment["strength"])
        gathering.lose("the picture that it started from (-I), whose name is not stored")
