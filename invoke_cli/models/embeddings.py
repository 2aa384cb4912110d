"""Textual inversion files: which words they teach, and the vectors behind them.

Layouts: `{token: vectors}` of diffusers, `string_to_param` of the first trainers, `emb_params`, and SDXL's
`clip_l` with `clip_g`. Vectors go to the text encoder of their width.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.conditioning import CHUNK
from invoke_cli.diffusion.learned import LearnedEncoder, LearnedTokenizer
from invoke_cli.errors import ModelError
from invoke_cli.models.pickles import load_tensors

BASES = {
    (768,): "Stable Diffusion 1.x",
    (1024,): "Stable Diffusion 2.x",
    (768, 1280): "SDXL",
    (1280,): "the SDXL refiner",
}
"""Widths of the vectors, rising -> who has text encoders of these widths."""


def read_vectors(path: Path, trigger: str) -> tuple[Tensor, ...]:
    """The vectors of a trigger, each (n, D) float32: one tensor for each text encoder it was made for.

    Raises ModelError for a file that holds no such vectors, or several without saying which.
    """
    tensors = {
        name.removeprefix("string_to_param."): _table(tensor, path)
        for name, tensor in load_tensors(path).items()
    }
    if f"<{trigger}>" in tensors:
        return (tensors[f"<{trigger}>"],)
    if tensors.keys() <= {"clip_l", "clip_g"} or len(tensors) == 1:
        return tuple(tensors.values())
    known = ", ".join(list(tensors)[:8])
    raise ModelError(f"{path.name} is not an embedding of {trigger!r} alone", f"it holds {known}")


def _table(tensor: Tensor, path: Path) -> Tensor:
    table = (tensor[None] if tensor.ndim == 1 else tensor).float()
    if table.ndim != 2 or not 1 <= len(table) <= CHUNK or not bool(table.isfinite().all()):
        raise ModelError(
            f"{path.name} is not an embedding: it should hold 1 to {CHUNK} vectors",
            f"not {tuple(tensor.shape)}",
        )
    return table


def teach(bundle: Bundle, words: Mapping[str, Path]) -> Bundle:
    """A bundle that knows the words besides; the one given stays as it is. words: trigger -> file.

    Raises ModelError when vectors do not fit the text encoders.
    """
    if not words:
        return bundle
    learned = {trigger: _fitting(bundle, trigger, path) for trigger, path in words.items()}
    counts = {trigger: len(tables[0]) for trigger, tables in learned.items()}
    changes: dict[str, Any] = {}
    for place, (tokenizer, encoder) in enumerate(bundle.readers):
        end = "" if place == 0 else f"_{place + 1}"
        vectors = torch.cat([tables[place] for tables in learned.values()]).to(bundle.device)
        changes[f"tokenizer{end}"] = LearnedTokenizer(tokenizer, counts)
        changes[f"text_encoder{end}"] = LearnedEncoder(encoder, vectors)
    return replace(bundle, **changes)


def _fitting(bundle: Bundle, trigger: str, path: Path) -> list[Tensor]:
    """The trigger's vectors for each of the model's text encoders, in their order."""
    tables = {table.shape[1]: table for table in read_vectors(path, trigger)}
    wanted = [encoder.config.hidden_size for _, encoder in bundle.readers]
    if sorted(tables) != sorted(wanted) or len({len(table) for table in tables.values()}) > 1:
        base = BASES.get(tuple(sorted(tables)), "")
        widths = " and ".join(map(str, sorted(tables)))
        raise ModelError(
            f"<{trigger}> does not fit the model {bundle.name}: its vectors have width {widths}, "
            f"and the model reads {' and '.join(map(str, wanted))}",
            f"it was made for {base}" if base else "",
        )
    return [tables[width] for width in wanted]
