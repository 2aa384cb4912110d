"""`!help`, `-h`."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill, indent, wrap

from invoke_cli.errors import InvokeError
from invoke_cli.language.guide import help_text
from invoke_cli.repl.commands.registry import COMMANDS, Answer, Command, Context, Page, Word, command

_LABEL_WIDTH = 18


@command("!help", takes=(Word("TOPIC", ("topic",), optional=True),))
def show_help(topic: str, context: Context) -> Answer:
    """Show every switch and command, or what is to be said about one of them."""
    if topic:
        yield Page(_about(topic, context.width))
    else:
        yield Page(help_text("", context.width).rstrip() + "\n\n" + _overview(context.width))


def _about(topic: str, width: int) -> str:
    """Help for a switch; for a command, with or without its `!`, where no switch has that name."""
    if topic.startswith("!"):
        return _entry(COMMANDS[topic], width)
    try:
        return help_text(topic, width)
    except InvokeError:
        if f"!{topic}" not in COMMANDS:
            raise
        return _entry(COMMANDS[f"!{topic}"], width)


def _overview(width: int) -> str:
    ready = [_entry(entry, width - 2) for _, entry in COMMANDS.items() if entry.ready]
    later = ", ".join(name for name, entry in COMMANDS.items() if not entry.ready)
    leave = "\n".join(_entry_lines("q, Ctrl-D", "Leave.", width - 2))
    parts = ["Commands", *(indent(text, "  ") for text in (*ready, leave))]
    return "\n".join([*parts, fill(f"Coming in a later version: {later}.", width)])


def _entry(entry: Command, width: int) -> str:
    text = entry.help if entry.ready else f"{entry.help} (Comes in a later version.)"
    return "\n".join(_entry_lines(f"{entry.name} {entry.usage}".rstrip(), text, width))


def _entry_lines(label: str, text: str, width: int) -> Iterator[str]:
    """The label, and its text in a column beside it, or below it when the label is long."""
    first, *rest = wrap(" ".join(text.split()), max(width - _LABEL_WIDTH, 20))
    if len(label) < _LABEL_WIDTH:
        yield label.ljust(_LABEL_WIDTH) + first
    else:
        yield label
        yield " " * _LABEL_WIDTH + first
    yield from (" " * _LABEL_WIDTH + line for line in rest)
