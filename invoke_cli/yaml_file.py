"""Reading our YAML files: safe, strict about repeated keys, and able to say where a key stands."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from invoke_cli.errors import SettingsError


class _StrictLoader(yaml.SafeLoader):
    """SafeLoader that refuses repeated keys, which YAML libraries silently let the last one win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                line = key_node.start_mark.line + 1
                raise yaml.constructor.ConstructorError(problem=f"line {line}: {key!r} stands here twice")
            seen.add(key)
        return super().construct_mapping(node, deep)


@dataclass(frozen=True)
class Placed:
    """A value of a YAML file and its line, from 1. lines: those of its keys, where it is a mapping."""

    value: Any
    line: int
    lines: Mapping[str, int]


def load_mapping(path: Path) -> dict[str, Any]:
    """The mapping in the YAML file at `path`; an empty file is an empty mapping.

    Raises SettingsError, with the line where the file is wrong, when it cannot be read.
    """
    return mapping_of(read_text(path), path)


def load_placed(path: Path) -> dict[str, Placed]:
    """The same mapping, each value with its place in the file."""
    return placed_in(read_text(path), path)


def placed_in(text: str, path: Path) -> dict[str, Placed]:
    """The mapping in `text`, which is or will be that of the file at `path`, each value with its place."""
    mapping_of(text, path)
    loader = _StrictLoader(text)
    root = loader.get_single_node()
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    return {
        key.value: Placed(loader.construct_object(value, deep=True), _line(key), _lines(value))
        for key, value in pairs
    }


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _lines(node: yaml.Node) -> dict[str, int]:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return {key.value: _line(key) for key, _ in pairs if isinstance(key, yaml.ScalarNode)}


def read_text(path: Path) -> str:
    """The text of the file, its line ends and byte order mark as they are. Raises SettingsError."""
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 text") from error


def write_text(path: Path, text: str) -> None:
    """Put `text` in the place of the file, whole or not at all; a link keeps pointing to it.

    Raises SettingsError when it cannot be written.
    """
    target = Path(os.path.realpath(path))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(text.encode("utf-8"))
            os.chmod(temporary, _mode(target))
            os.replace(temporary, target)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from error


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777 if path.is_file() else 0o644


def value_of(text: str, name: str) -> Any:
    """One value as YAML would read it. Raises SettingsError, which calls it `name`."""
    try:
        return yaml.load(text, _StrictLoader)
    except yaml.YAMLError as error:
        raise SettingsError(f"{name} is not valid YAML: {_reason(error)}") from error


def mapping_of(text: str, path: Path) -> dict[str, Any]:
    """The mapping in `text`. Raises SettingsError, which names `path`, when it holds something else."""
    try:
        loaded = yaml.load(text, _StrictLoader)
    except yaml.YAMLError as error:
        raise SettingsError(f"{path} is not valid YAML: {_reason(error)}") from error
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise SettingsError(f"{path} should hold names and values, such as 'steps: 30'")
    return {str(key): value for key, value in loaded.items()}


def _reason(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"line {mark.line + 1}: {problem}" if mark else str(problem)
