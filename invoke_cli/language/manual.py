"""Help for people, drawn from the declarations: for a terminal, and as Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import groupby

from invoke_cli.errors import LineError
from invoke_cli.language.declare import Switch
from invoke_cli.language.mistakes import example, plain
from invoke_cli.language.switches import by_flag, by_name, long_names, table
from invoke_cli.registry import nearest

_INTRO = (
    "Type what to draw, and switches anywhere in the line: a red barn -I sketch.png -f 0.6. "
    "Values may touch their switch (-s50) or follow = (--steps=50); long names may be cut short (--str 0.6). "
    "On/off switches have a twin that turns them off (--no-fit). "
    "[Words in brackets] are kept out of the picture; (words)1.3 and word++ weigh more, word- less. "
    "Text in double quotes holds no switches."
)
_LATER = "Not built yet."


def help_text(topic: str = "", width: int = 80) -> str:
    """Help on everything, on a group, or on one switch (any spelling), wrapped at `width` columns.

    Raises `LineError` for a topic that is neither.
    """
    if not topic:
        sections = [_section(group, switches, width) for group, switches in _groups()]
        return "\n\n".join([textwrap.fill(_INTRO, width), *sections])
    for group, switches in _groups():
        if topic.strip().lower() == group.lower():
            return _section(group, switches, width)
    return _details(_topic(topic.strip()), width)


def markdown_table() -> str:
    """All switches as one Markdown table, a bold row for each group."""
    rows = ["| Switch | Meaning | Default |", "| --- | --- | --- |"]
    for group, switches in _groups():
        rows.append(f"| **{group}** | | |")
        rows.extend(_row(switch) for switch in switches)
    return "\n".join(rows) + "\n"


def _groups() -> Iterator[tuple[str, list[Switch]]]:
    for group, switches in groupby(table(), key=lambda switch: switch.group):
        yield group, list(switches)


def _topic(name: str) -> Switch:
    """The switch that a topic names, with or without dashes. Raises `LineError`."""
    plain_name = name.lstrip("-").replace("-", "_")
    if name in by_flag():
        return by_flag()[name]
    if plain_name in long_names():
        return long_names()[plain_name][0]
    if f"-{name}" in by_flag():
        return by_flag()[f"-{name}"]
    meant = nearest(plain_name, by_name())
    hint = f"did you mean {meant}?" if meant else f"there are: {', '.join(group for group, _ in _groups())}"
    raise LineError(f"there is no help on {name}", hint)


def _section(group: str, switches: list[Switch], width: int) -> str:
    return "\n".join([group, *(_entry(switch, width) for switch in switches)])


def _entry(switch: Switch, width: int) -> str:
    """A switch in the overview: its spellings, and below them what it does."""
    spellings = f"  {', '.join(switch.flags)} {switch.codec.metavar}".rstrip()
    return f"{spellings}\n{_wrapped(_sentence(switch), width, 6)}"


def _details(switch: Switch, width: int) -> str:
    """Everything about one switch."""
    lines = [_entry(switch, width)]
    if switch.on_off:
        lines.append(_wrapped(f"--no-{switch.name} turns it off again.", width, 6))
    else:
        lines.append(_wrapped(f"For example {example(switch)}", width, 6))
    if switch.later:
        lines.append(_wrapped(switch.later, width, 6))
    return "\n".join(lines)


def _sentence(switch: Switch) -> str:
    """The help sentence with the default and, where it applies, that the switch does nothing yet."""
    default = "" if switch.on_off else plain(switch)
    parts = [switch.help, f"Default: {default}." if default else "", _LATER if switch.later else ""]
    return " ".join(part for part in parts if part)


def _wrapped(text: str, width: int, indent: int) -> str:
    blanks = " " * indent
    return textwrap.fill(
        text, max(width, 30), initial_indent=blanks, subsequent_indent=blanks, break_on_hyphens=False
    )


def _row(switch: Switch) -> str:
    spellings = ", ".join(f"`{flag}`" for flag in switch.flags)
    metavar = f" {_escaped(switch.codec.metavar)}" if switch.codec.metavar else ""
    meaning = f"{switch.help} *{_LATER}*" if switch.later else switch.help
    default = "" if switch.on_off else plain(switch)
    return f"| {spellings}{metavar} | {_escaped(meaning)} | {f'`{default}`' if default else ''} |"


def _escaped(text: str) -> str:
    """Text inside a Markdown table cell."""
    return text.replace("|", "\\|").replace("[", "\\[").replace("]", "\\]")
