"""What -t shows."""

from __future__ import annotations

from invoke_cli.repl.objects import as_object
from invoke_cli.repl.token_view import token_lines
from invoke_cli.session.events import ReadText, ReadToken, Tokens


def text(part: str, *tokens: tuple[str, float, int]) -> ReadText:
    return ReadText(
        part, max((chunk for _, _, chunk in tokens), default=1), tuple(ReadToken(*t) for t in tokens)
    )


def test_words_are_whole_and_weights_stand_behind_them() -> None:
    event = Tokens(
        0, (text("prompt", ("a ", 1.0, 1), ("camp", 1.21, 1), ("fire ", 1.21, 1)), text("negative"))
    )
    assert list(token_lines(event)) == ["prompt: 3 tokens in 1 chunk", "  [a] [camp]1.21[fire]1.21"]


def test_chunks_are_told_and_lines_wrap_between_words() -> None:
    long = [("word ", 1.0, 1)] * 8 + [("last ", 0.5, 2)]
    event = Tokens(2, (text("prompt", *long), text("negative", ("dull ", 1.0, 1))))
    assert list(token_lines(event, columns=40)) == [
        "picture 3:",
        "prompt: 9 tokens in 2 chunks",
        "  chunk 1: [word] [word] [word] [word]",
        "           [word] [word] [word] [word]",
        "  chunk 2: [last]0.5",
        "negative: 1 token in 1 chunk",
        "  [dull]",
    ]


def test_programs_get_every_token() -> None:
    assert as_object(Tokens(0, (text("prompt", ("a ", 1.5, 1)),))) == {
        "event": "tokens",
        "picture": 1,
        "texts": [{"part": "prompt", "chunks": 1, "tokens": ({"text": "a ", "weight": 1.5, "chunk": 1},)}],
    }
