"""Changing one entry of a YAML file as text: everything else in it, comments included, stays as it is.

The parser's marks say where a key and its value stand; what is written there is YAML again. Every result is
read once more and compared with what it should mean, so a file in a style that is not foreseen here (an
alias, a document that is one pair of braces) is refused instead of damaged.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from invoke_cli.errors import SettingsError
from invoke_cli.yaml_file import placed_in


def put(text: str, name: str, changes: Mapping[str, object], path: Path) -> str:
    """`text` with these keys of the entry `name` set, or taken away where the value is None.

    An entry that is not there is added at the end. path: the file, for messages. Raises SettingsError.
    """
    before = _values(text, path)
    entry = before.get(name)
    merged = {**(entry if isinstance(entry, dict) else {}), **changes}
    after = {key: value for key, value in merged.items() if value is not None}
    if name in before:
        for key, value in changes.items():
            text = _put_key(text, name, key, value)
    else:
        text = _appended(text, name, after)
    return _verified(text, before | {name: after}, path)


def drop(text: str, name: str, path: Path) -> str:
    """`text` without the entry; comments above it stay. Raises SettingsError."""
    wanted = {key: value for key, value in _values(text, path).items() if key != name}
    key, value = _pair(_root(text), name)
    return _verified(_without_lines(text, key, value), wanted, path)


def _values(text: str, path: Path) -> dict[str, object]:
    return {name: placed.value for name, placed in placed_in(text, path).items()}


def _verified(text: str, wanted: Mapping[str, object], path: Path) -> str:
    try:
        if _values(text, path) == wanted:
            return text
    except SettingsError:
        pass
    raise SettingsError(f"{path} is written in a way that only a person can edit", "change it in an editor")


def _put_key(text: str, name: str, key: str, value: object) -> str:
    _, entry = _pair(_root(text), name)
    if not isinstance(entry, yaml.MappingNode) or entry.flow_style:
        return _put_flow(text, entry, key, value)
    pair = _find(entry, key)
    if pair is None:
        return text if value is None else _inserted(text, entry, f"{written(key)}: {written(value)}")
    if value is None:
        return _without_lines(text, *pair)
    return f"{text[: pair[0].end_mark.index]}: {written(value)}{text[_end(text, pair[1]) :]}"


def _put_flow(text: str, entry: yaml.Node, key: str, value: object) -> str:
    """An entry in braces is short: it is written anew."""
    start, end = entry.start_mark.index, entry.end_mark.index
    values = yaml.safe_load(text[start:end])
    values = {**(values if isinstance(values, dict) else {}), key: value}
    return (
        text[:start] + written({key: item for key, item in values.items() if item is not None}) + text[end:]
    )


def _inserted(text: str, entry: yaml.MappingNode, line: str) -> str:
    """`line` as the last key of a block mapping, behind a comment that may follow the key before."""
    indent = " " * int(entry.value[0][0].start_mark.column)
    at = _line_end(text, _end(text, entry))
    return text[:at] + _line_break(text) + indent + line + text[at:]


def _appended(text: str, name: str, values: Mapping[str, object]) -> str:
    end = _line_break(text)
    if text and not text.endswith("\n"):
        text += end
    gap = end if text.strip() and not text.endswith(end * 2) else ""
    lines = (f"  {written(key)}: {written(value)}{end}" for key, value in values.items())
    return f"{text}{gap}{written(name)}:{end}{''.join(lines)}"


def _without_lines(text: str, key: yaml.Node, value: yaml.Node) -> str:
    start = key.start_mark.index - key.start_mark.column
    rest = text[_line_end(text, _end(text, value)) :]
    return text[:start] + rest.removeprefix("\r").removeprefix("\n")


def _root(text: str) -> yaml.Node | None:
    return yaml.compose(text, yaml.SafeLoader)


def _find(node: yaml.Node | None, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next(((name, value) for name, value in pairs if name.value == key), None)


def _pair(node: yaml.Node | None, key: str) -> tuple[yaml.Node, yaml.Node]:
    found = _find(node, key)
    if found is None:
        raise KeyError(key)
    return found


def _end(text: str, node: yaml.Node) -> int:
    """Where the node's own text ends. A block's end mark stands before whatever comes next, far below."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    return len(text[: node.end_mark.index].rstrip())


def _line_end(text: str, index: int) -> int:
    found = text.find("\n", index)
    if found < 0:
        return len(text)
    return found - 1 if text[found - 1] == "\r" else found


def _line_break(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def written(value: object) -> str:
    """The value as YAML on one line."""
    text = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=float("inf")
    )
    return str(text).removesuffix("...\n").strip()
