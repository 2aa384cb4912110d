"""What a user can cause and mend. Everything else that is raised is a bug."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """A half-open range of character positions in a prompt line."""

    start: int
    end: int


class InvokeError(Exception):
    """One plain sentence for the user, perhaps a hint, perhaps a place in the line.

    `span` is known where the text was at hand; code that has only the parsed request names the
    `switch` (a field of Request) instead, and the session looks up where it stood.
    """

    def __init__(
        self, message: str, hint: str = "", *, span: Span | None = None, switch: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.span = span
        self.switch = switch


class LineError(InvokeError):
    """The line cannot be read, or a value in it makes no sense."""


class PromptError(InvokeError):
    """The prompt's own syntax (weights, negative words) is broken."""


class PictureError(InvokeError):
    """A picture file is missing, unreadable or unfit."""


class ModelError(InvokeError):
    """A model is unknown, incomplete or cannot be loaded."""


class MetadataError(InvokeError):
    """A picture carries no metadata, or metadata that cannot be understood."""


class SettingsError(InvokeError):
    """A configuration file, environment variable or shell switch is wrong."""


class BatchError(InvokeError):
    """A file of prompt lines cannot be read."""


class OutputError(InvokeError):
    """A result cannot be written where it should go."""


class UnavailableError(ModelError):
    """A model cannot be had now, through no fault of its files: no network, no memory, no vocabulary."""
