"""AUTOMATIC1111's `parameters`: the prompt, the negative prompt, and a line of `Name: value` pairs.

https://github.com/AUTOMATIC1111/stable-diffusion-webui, infotext: values that hold a comma, a colon or a line
end are written as JSON strings.
"""

from __future__ import annotations

import json
import re

from invoke_cli.imaging.exif import FOREIGN
from invoke_cli.session.dialects.emphasis import A1111, emphasised
from invoke_cli.session.dialects.found import Found, Gathering, Texts
from invoke_cli.session.dialects.samplers import take_sampler

PROGRAM = "AUTOMATIC1111"

_NEGATIVE = "Negative prompt:"
_FIELD = re.compile(r'\s*([A-Za-z][^:,"]{0,80}):\s*("(?:\\.|[^\\"])*"|[^,]*)(?:,|$)')
_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")
_EDITED = re.compile(r"\[([^\[\]:|]*):(?:([^\[\]:|]*):)?\s*[\d.]+\s*\]")
_ALTERNATING = re.compile(r"\[([^\[\]:|]*)\|[^\[\]]*\]")
_HYPERNET = re.compile(r"<(?:hypernet|lyco):[^<>]*>")
_LORA_OF_MORE = re.compile(r"(<lora:[^<>:]+:-?[\d.]+):[^<>]*>")
_SEPARATORS = re.compile(r"\b(?:BREAK|AND)\b")

# Said elsewhere in the line, or of no weight for the pixels.
# fmt: off
_KNOWN = frozenset({
    "Steps", "Sampler", "Schedule type", "CFG scale", "Seed", "Size", "Model", "Model hash", "Version",
    "Lora hashes", "TI hashes", "Hashes", "Denoising strength", "Hires upscale", "Hires resize",
    "Variation seed", "Variation seed strength", "Tiling", "Batch size", "Batch pos", "User", "Size-1",
    "Size-2",
})
# fmt: on


def read(texts: Texts) -> Found | None:
    """What a text of this kind says; None where there is none."""
    text = texts.get("parameters") or texts.get(FOREIGN, "")
    lines = text.strip().splitlines()
    at = _place_of_fields(lines)
    if at is None:
        return None
    gathering = Gathering(PROGRAM)
    _take_prompts(gathering, lines[:at])
    _take_fields(gathering, _fields(lines[at]))
    return gathering.found()


def _place_of_fields(lines: list[str]) -> int | None:
    """The last line that holds the fields; what stands behind it are templates of extensions."""
    places = [at for at, line in enumerate(lines) if line.startswith("Steps: ") and len(_fields(line)) > 2]
    return places[-1] if places else None


def _fields(line: str) -> dict[str, str]:
    return {found[1].strip(): _unquoted(found[2].strip()) for found in _FIELD.finditer(line)}


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        return value.strip('"')


def _take_prompts(gathering: Gathering, lines: list[str]) -> None:
    starts = [at for at, line in enumerate(lines) if line.startswith(_NEGATIVE)]
    start = starts[0] if starts else len(lines)
    positive = _prompt(gathering, "\n".join(lines[:start]))
    negative = _prompt(gathering, "\n".join(lines[start:]).removeprefix(_NEGATIVE))
    gathering.take(prompt=" ".join(part for part in (positive, f"[{negative}]" if negative else "") if part))


def _prompt(gathering: Gathering, text: str) -> str:
    """A prompt our way; of words that change while the picture is drawn, those that stand at the end."""
    for found in (*_EDITED.finditer(text), *_ALTERNATING.finditer(text)):
        gathering.lose(f"words that change while drawing {found[0]}")
    for found in _HYPERNET.finditer(text):
        gathering.lose(f"hypernetwork {found[0]}")
    if _SEPARATORS.search(text):
        gathering.lose("BREAK and AND between parts of the prompt")
    text = _HYPERNET.sub("", _LORA_OF_MORE.sub(r"\1>", text))
    text = _EDITED.sub(lambda found: found[2] if found[2] is not None else found[1], text)
    return emphasised(_SEPARATORS.sub(" ", _ALTERNATING.sub(r"\1", text)), A1111)


def _take_fields(gathering: Gathering, fields: dict[str, str]) -> None:
    gathering.take(steps=fields.get("Steps"), cfg_scale=fields.get("CFG scale"), seed=fields.get("Seed"))
    take_sampler(gathering, fields.get("Sampler"), fields.get("Schedule type"))
    _take_size(gathering, fields)
    _take_second_pass(gathering, fields)
    _take_variation(gathering, fields)
    if fields.get("Tiling") == "True":
        gathering.take(seamless=True)
    model, hash_ = fields.get("Model", ""), fields.get("Model hash", "")
    gathering.model = " ".join(part for part in (model, f"({hash_})" if hash_ else "") if part)
    gathering.lose_all(fields, _KNOWN)


def _take_size(gathering: Gathering, fields: dict[str, str]) -> None:
    """The size of the finished picture, which a second pass has enlarged."""
    size = _SIZE.fullmatch(fields.get("Hires resize", "")) or _SIZE.fullmatch(fields.get("Size", ""))
    if size is None:
        return
    scale = 1.0 if "Hires resize" in fields else _scale(fields.get("Hires upscale", ""))
    gathering.take(width=round(int(size[1]) * scale), height=round(int(size[2]) * scale))


def _scale(text: str) -> float:
    return min(float(text), 16.0) if re.fullmatch(r"\d{1,3}(\.\d{1,6})?", text) else 1.0


def _take_second_pass(gathering: Gathering, fields: dict[str, str]) -> None:
    """A strength without a second pass is that of a picture to start from, which the text does not name."""
    gathering.take(strength=fields.get("Denoising strength"))
    if "Hires upscale" in fields or "Hires resize" in fields:
        gathering.take(hires_fix=True)
    elif "Denoising strength" in fields:
        gathering.lose("the picture that it started from (-I), whose name is not stored")


def _take_variation(gathering: Gathering, fields: dict[str, str]) -> None:
    seed, amount = fields.get("Variation seed"), fields.get("Variation seed strength")
    if seed is not None and amount is not None:
        gathering.take(with_variations=f"{seed}:{amount}")
