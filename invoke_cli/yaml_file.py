"""Reading our YAML files: safe, strict about repeated keys, and able to say where a key stands."""

from __future__ import annotations

from collections.abc import Hashable
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


def load_mapping(path: Path) -> dict[str, Any]:
    """The mapping in the YAML file at `path`; an empty file is an empty mapping.

    Raises SettingsError, with the line where the file is wrong, when it cannot be read.
    """
    try:
        loaded = yaml.load(path.read_text(encoding="utf-8-sig"), _StrictLoader)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 text") from error
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
