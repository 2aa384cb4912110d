"""Changes to an entry as a person types them: `vae=soft`, `defaults.steps=30`, `loras=`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from invoke_cli.errors import SettingsError
from invoke_cli.models.entries import KEYS, MAPPINGS, ModelEntry, check_key, kinds, read_value
from invoke_cli.yaml_edit import written
from invoke_cli.yaml_file import value_of

# What is not plain text is written as in the file.
AS_YAML = (*MAPPINGS, "native_size", "zero_snr", "default")


def changed_keys(entry: ModelEntry, changes: Iterable[tuple[str, str]]) -> dict[str, object]:
    """The keys of models.yaml that change, with their new values; None takes one away.

    Raises SettingsError for unknown keys and for values that no entry may hold.
    """
    values: dict[str, object] = {}
    for key, text in changes:
        whole, _, part = key.partition(".")
        check_key(whole, f"{entry.name}:")
        if part:
            values[whole] = _with_part(values.get(whole, as_mapping(entry, whole)), whole, part, text)
        else:
            values[whole] = _value(whole, text)
    for key, value in values.items():
        if value is not None:
            read_value(key, value, f"{entry.name}:")
        if key == "kind" and value is not None and value not in kinds():
            raise SettingsError(
                f"{entry.name}: there is no kind {value!r}", f"there are: {', '.join(kinds())}"
            )
    return values


def as_mapping(entry: ModelEntry, key: str) -> dict[str, Any]:
    """The value of one of MAPPINGS. Raises SettingsError for other keys."""
    if key not in MAPPINGS:
        raise SettingsError(f"{entry.name}: {key} has no parts", f"write {key}=VALUE")
    return dict(getattr(entry, key))


def as_changes(entry: ModelEntry) -> tuple[tuple[str, str], ...]:
    """What the entry says as `changed_keys` reads it, without what it leaves open."""
    found: list[tuple[str, str]] = []
    for key in KEYS:
        value = as_mapping(entry, key) if key in MAPPINGS else getattr(entry, key)
        if value is None or value == "" or value == {} or (key == "default" and not value):
            continue
        if key in MAPPINGS and not any("=" in part for part in value):
            found.extend((f"{key}.{part}", written(item)) for part, item in value.items())
        else:
            found.append((key, written(value) if key in AS_YAML else str(value)))
    return tuple(found)


def _value(key: str, text: str) -> object:
    if not text.strip():
        return None
    return value_of(text, key) if key in AS_YAML else text


def _with_part(whole: object, key: str, part: str, text: str) -> object:
    parts = {**whole} if isinstance(whole, dict) else {}
    value = value_of(text, f"{key}.{part}") if text.strip() else None
    merged = {**parts, part: value}
    return {name: item for name, item in merged.items() if item is not None} or None
