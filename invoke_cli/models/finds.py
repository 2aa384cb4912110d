"""What a text, a file or a folder offers to be imported, found without opening any model."""

from __future__ import annotations

import re
from collections.abc import Container
from pathlib import Path

from invoke_cli.errors import ModelError
from invoke_cli.models.entries import ModelEntry
from invoke_cli.paths import expanded
from invoke_cli.registry import nearest

CHECKPOINTS = (".safetensors", ".ckpt")
HUB_PAGE = "https://huggingface.co/"
_HUB_ID = re.compile(r"[\w][\w.-]*/[\w][\w.-]*(@[\w./-]+)?")


def sources_in(text: str) -> tuple[str, ...]:
    """The sources that `text` names: a file, a diffusers directory, those in a folder, or a hub id.

    Raises ModelError when it names none.
    """
    path = expanded(text)
    if path.is_file() or _is_model(path):
        return (str(path.resolve()),)
    if path.is_dir():
        found = tuple(str(inside) for inside in _inside(path.resolve()))
        if found:
            return found
        raise ModelError(f"there is no model in {path}: no checkpoint file, and no diffusers directory")
    hub_id = text.removeprefix(HUB_PAGE).rstrip("/")
    if _HUB_ID.fullmatch(hub_id) and text[0] not in "./~":
        return (hub_id,)
    raise ModelError(f"there is no file, folder or hub id {text!r}", _hint(path))


def _is_model(path: Path) -> bool:
    return (path / "model_index.json").is_file() or (path / "unet").is_dir()


def _inside(folder: Path) -> list[Path]:
    """The models directly in the folder."""
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    return [path for path in paths if _is_model(path) or (path.is_file() and path.suffix in CHECKPOINTS)]


def _hint(path: Path) -> str:
    if not path.parent.is_dir():
        return ""
    meant = nearest(path.name, [item.name for item in path.parent.iterdir()])
    return f"did you mean {path.parent / meant}?" if meant else ""


def free_name(source: str, taken: Container[str]) -> str:
    """A name for a model after its file or id that no other has, and that needs no quotes."""
    plain = source.partition("@")[0].rstrip("/")
    last = Path(plain).stem if Path(plain).suffix in CHECKPOINTS else Path(plain).name
    name = re.sub(r"[^\w.+-]+", "-", last).strip("-.") or "model"
    number, free = 2, name
    while free in taken:
        number, free = number + 1, f"{name}-{number}"
    return free


def same_source(entry: ModelEntry, source: str) -> bool:
    """Whether the entry's model comes from this source, however its path is written."""
    if entry.source == source:
        return True
    path = expanded(entry.source)
    return path.exists() and path.resolve() == Path(source)
