"""The tensors of a weight file, whatever it calls itself, with none of its code.

A file's content decides how it is read, not its suffix: safetensors hold no code, and torch's files are
pickles, which may ask for anything to be run. Those go through torch's own reader for weights alone, which
refuses. Old training checkpoints keep a trainer's notes beside the weights; for them a `Husk` stands in
for each class that is asked for, so that nothing of it is imported or run.
"""

from __future__ import annotations

import pickle
import struct
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from invoke_cli.errors import ModelError
from invoke_cli.models.headers import is_safetensors, no_weights
from invoke_cli.models.mapped import mapped_tensors

# What checkpoints from training are known to hold besides weights. A file that asks for anything else is
# refused although a husk would be harmless: it is not what it claims to be.
TRAINERS = ("pytorch_lightning", "lightning", "lightning_fabric", "omegaconf", "numpy", "collections")
HARMLESS = {
    *(f"builtins.{name}" for name in ("bool", "dict", "float", "int", "list", "set", "str", "tuple")),
    *(f"__builtin__.{name}" for name in ("bool", "dict", "float", "int", "list", "set", "str", "tuple")),
    "torch.nn.modules.container.ParameterDict",
    "typing.Any",
}
ZIP = b"PK\x03\x04"
DAMAGE = (
    *(pickle.UnpicklingError, RuntimeError, EOFError),  # as torch words it
    *(
        AssertionError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
        struct.error,
    ),  # as bytes without sense come out
)
CONVERT = (
    "if you trust it, convert it elsewhere: safetensors.torch.save_file(tensors, 'name.safetensors'), "
    "and use that file"
)


class Husk:
    """Stands in a pickle for an object of a class that is not wanted: it keeps its fields, does nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Whatever the class would have been given."""

    def __setstate__(self, state: Any) -> None:
        """Keep the fields, for weights may be among them."""
        if isinstance(state, dict):
            self.__dict__.update(state)


def load_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a weight file by name, on the CPU and memory-mapped where its format allows.

    What lies under "state_dict" is taken out of it; tensors further inside get names with dots.
    Raises ModelError for a file that is damaged, holds no tensors, or asks for code to be run.
    """
    try:
        check_weights(path)
        content = _safetensors(path) if is_safetensors(path) else _pickle(path)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}") from error
    inner = content.get("state_dict", content) if isinstance(content, Mapping) else content
    found = dict(_named(inner, ""))
    if not found:
        raise ModelError(f"{path} holds no weights")
    return found


def check_weights(path: Path) -> None:
    """Raise ModelError for a file that is plainly no weights: empty, a web page, a pointer."""
    wrong = no_weights(path)
    if wrong is not None:
        raise ModelError(f"{path} {wrong[0]}", wrong[1])


def _safetensors(path: Path) -> Mapping[str, Tensor]:
    try:
        return mapped_tensors(path)
    except ValueError as error:
        raise ModelError(f"{path} is damaged or was cut short", "fetch it again") from error


def _pickle(path: Path) -> Any:
    """What torch reads of the file, with husks for a trainer's classes."""
    with path.open("rb") as stream:
        is_zip = stream.read(len(ZIP)) == ZIP
        stream.seek(0)
        strangers = _strangers(path) if is_zip else []
        # Only zip files can be mapped, by path; and of a path, torch believes the suffix.
        mapped = is_zip and path.suffix != ".safetensors"
        try:
            husks = torch.serialization.safe_globals([(Husk, name) for name in strangers])
            with husks, warnings.catch_warnings(action="ignore"):
                return torch.load(
                    path if mapped else stream, map_location="cpu", weights_only=True, mmap=mapped
                )
        except DAMAGE as error:
            raise ModelError(f"{path} is no file of weights that can be opened safely", CONVERT) from error


def _strangers(path: Path) -> list[str]:
    """The names that the pickle asks for and torch does not vouch for. Raises ModelError for unfit ones."""
    try:
        names: list[str] = torch.serialization.get_unsafe_globals_in_checkpoint(str(path))
    except DAMAGE as error:
        raise ModelError(f"{path} is damaged or was cut short", "fetch it again") from error
    for name in names:
        if name not in HARMLESS and name.split(".")[0] not in TRAINERS:
            raise ModelError(f"{path} asks to run {name}, and nothing in it is run", CONVERT)
    return names


def _named(value: Any, name: str) -> Iterator[tuple[str, Tensor]]:
    """The tensors in a value, under their keys joined by dots."""
    if isinstance(value, Tensor):
        yield name, value.detach()
    inside = getattr(value, "_parameters", None) if isinstance(value, Husk) else value
    if isinstance(inside, Mapping):
        for key, item in inside.items():
            yield from _named(item, f"{name}.{key}" if name else str(key))
