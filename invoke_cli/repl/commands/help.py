"""`!help`, `-h`."""

from __future__ import annotations

from textwrap import fill

from invoke_cli.errors import InvokeError, LineError
from invoke_cli.language.guide import help_text
from invoke_cli.registry import nearest
from invoke_cli.repl.commands.registry import COMMANDS, Answer, Context, Page, Word, command
from invoke_cli.repl.commands.topics import TOPICS, command_entry, topic_text


@command("!help", takes=(Word("TOPIC", ("topic",), optional=True),))
def show_help(topic: str, context: Context) -> Answer:
    """Show every switch and command, or what is to be said about a topic, a switch or a command."""
    yield Page(_about(topic, context.width) if topic else _everything(context.width))


def _everything(width: int) -> str:
    own = topic_text(TOPICS["commands"], width)
    more = fill(f"!help TOPIC tells more about {', '.join(TOPICS)}, one switch or one command.", width)
    return f"{help_text('', width).rstrip()}\n\n{own}\n{more}"


def _about(topic: str, width: int) -> str:
    """Help for a topic, a switch, or a command; its `!` may be missing where nothing else has the name."""
    if topic.lower() in TOPICS:
        return topic_text(TOPICS[topic.lower()], width)
    if topic.startswith("!"):
        return command_entry(COMMANDS[topic], width)
    try:
        return help_text(topic, width)
    except InvokeError as error:
        if f"!{topic}" in COMMANDS:
            return command_entry(COMMANDS[f"!{topic}"], width)
        meant = nearest(topic, TOPICS)
        if meant is None:
            raise
        raise LineError(error.message, f"did you mean {meant}?") from None
