"""What is told of a line, with its mistakes as events."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from invoke_cli.errors import InvokeError, PromptError
from invoke_cli.language.grammar import Reading, read
from invoke_cli.session.events import Event, Failed


def told(line: str, line_number: int, tell: Callable[[Reading], Iterator[Event]]) -> Iterator[Event]:
    """What is told of a line; mistakes come as a `Failed` event, with their place in the line."""
    reading: Reading | None = None
    try:
        reading = read(line)
        yield from tell(reading)
    except InvokeError as error:
        yield Failed(line_number, line, _placed(error, reading))


def _placed(error: InvokeError, reading: Reading | None) -> InvokeError:
    """The error with its place in the line, where only the switch was known."""
    if reading is None:
        return error
    error.span = reading.locate(error)
    if isinstance(error, PromptError) and "prompt" not in reading.spans and reading.request.init_img:
        from_picture = f"the prompt comes from {reading.request.init_img}; type one to use another"
        error.hint = "; ".join(hint for hint in (error.hint, from_picture) if hint)
    return error
