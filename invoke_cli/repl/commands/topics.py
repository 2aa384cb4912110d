"""What `!help` can be asked about: TOPICS, each drawn from the declarations of switches and commands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import fill, wrap

from invoke_cli.language.declare import DRAWING, ENLARGING, FILES, IMG2IMG, INPAINTING, VARYING
from invoke_cli.language.guide import help_text
from invoke_cli.language.switches import table
from invoke_cli.language.syntax import FORMS, LISTS, Form
from invoke_cli.repl.commands.registry import COMMANDS, Command

_LABEL_WIDTH = 18


@dataclass(frozen=True)
class Topic:
    """groups: of switches. commands: the modules of commands. forms: of the language, under the title."""

    groups: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    title: str = ""
    forms: tuple[Form, ...] = ()


TOPICS = {
    "switches": Topic(tuple(dict.fromkeys(switch.group for switch in table()))),
    "commands": Topic(
        commands=("pictures", "compare", "schedule", "settings", "history", "models", "help", "later")
    ),
    "prompts": Topic(title="Prompts", forms=FORMS),
    "sweeps": Topic(commands=("compare",), title="Lists of values", forms=LISTS),
    "drawing": Topic((DRAWING,)),
    "img2img": Topic((IMG2IMG,), ("schedule", "compare")),
    "inpainting": Topic((INPAINTING,)),
    "variations": Topic((VARYING,), ("compare",)),
    "enlarging": Topic((ENLARGING,)),
    "files": Topic((FILES,), ("pictures",)),
    "models": Topic(commands=("models",)),
    "settings": Topic(commands=("settings",)),
    "history": Topic(commands=("history",)),
}


def topic_text(topic: Topic, width: int) -> str:
    """Everything that belongs to the topic, wrapped at `width` columns."""
    parts = ["\n".join(_forms(topic, width))] if topic.forms else []
    parts += [help_text(group, width) for group in topic.groups]
    if topic.commands:
        parts.append("\n".join(_commands(topic.commands, width)))
    return "\n\n".join(parts)


def command_entry(command: Command, width: int) -> str:
    """A command's usage and help; the text in a column beside the usage, or below a long one."""
    text = command.help if command.ready else f"{command.help} (Comes in a later version.)"
    return "\n".join(_entry(f"{command.name} {command.usage}".rstrip(), text, width))


def _commands(modules: tuple[str, ...], width: int) -> Iterator[str]:
    yield "Commands"
    chosen = [command for _, command in COMMANDS.items() if command.topic in modules]
    for command in chosen:
        if command.ready:
            yield from (f"  {line}" for line in command_entry(command, width - 2).splitlines())
    if "help" in modules:
        yield from (f"  {line}" for line in _entry("q, Ctrl-D", "Leave.", width - 2))
    later = ", ".join(command.name for command in chosen if not command.ready)
    if later:
        yield fill(f"Coming in a later version: {later}.", width)


def _forms(topic: Topic, width: int) -> Iterator[str]:
    yield topic.title
    column = max(len(form.example) for form in topic.forms) + 4
    for form in topic.forms:
        first, *rest = wrap(form.meaning, max(width - column, 20))
        yield f"  {form.example}".ljust(column) + first
        yield from (" " * column + line for line in rest)


def _entry(label: str, text: str, width: int) -> Iterator[str]:
    first, *rest = wrap(" ".join(text.split()), max(width - _LABEL_WIDTH, 20))
    if len(label) < _LABEL_WIDTH:
        yield label.ljust(_LABEL_WIDTH) + first
    else:
        yield from wrap(label, width, subsequent_indent="    ")
        yield " " * _LABEL_WIDTH + first
    yield from (" " * _LABEL_WIDTH + line for line in rest)
