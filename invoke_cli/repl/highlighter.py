"""Colours for the line while it is typed, from the tokens that the parser will read."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer

from invoke_cli.language.lexer import Kind, Problem, lex
from invoke_cli.repl.commands import is_command

STYLE = {
    "line.switch": "ansicyan",
    "line.value": "ansigreen",
    "line.mistake": "ansired underline",
    "line.comment": "ansibrightblack",
    "line.command": "ansimagenta",
}
_CLASSES = {
    Kind.TEXT: "",
    Kind.SWITCH: "class:line.switch",
    Kind.VALUE: "class:line.value",
    Kind.MISTAKE: "class:line.mistake",
    Kind.COMMENT: "class:line.comment",
}
_UNFINISHED: dict[Problem | None, Kind] = {  # at the end of the line: no mistake, but still being typed
    Problem.MISSING: Kind.SWITCH,
    Problem.UNCLOSED: Kind.VALUE,
}


class LineHighlighter(Lexer):
    """Says what is prompt and what is a switch, its value, or neither."""

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """A function from a row's number to its coloured pieces."""
        return lambda row: list(coloured(document.lines[row]))


def coloured(line: str) -> Iterator[tuple[str, str]]:
    """The pieces of a line with their styles; together they are the line."""
    if is_command(line):
        yield "class:line.command", line
        return
    at = 0
    for token in lex(line):
        is_last = not line[token.end :].strip()
        kind = _UNFINISHED.get(token.problem, token.kind) if is_last else token.kind
        yield "", line[at : token.start]
        yield _CLASSES[kind], line[token.start : token.end]
        at = token.end
    yield "", line[at:]
