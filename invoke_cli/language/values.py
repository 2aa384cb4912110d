"""Values behind a switch: one word, a quoted one, or several."""

from __future__ import annotations

from invoke_cli.language.declare import Switch
from invoke_cli.language.quoting import closing, like_switch, unquoted
from invoke_cli.language.tokens import Kind, Problem, Token, end_of_word, ends_word, mistake, skip_blanks


def with_values(line: str, head: Token, switch: Switch, start: int) -> list[Token]:
    """A switch, its value at `start`, and the words that follow as long as they belong to it."""
    tokens = [head, read_value(line, start, switch)]
    while len(tokens) <= switch.codec.most:
        start = skip_blanks(line, tokens[-1].end)
        end = end_of_word(line, start)
        if start == end or not switch.codec.more.match(line[start:end]):
            break
        tokens.append(Token(Kind.VALUE, line[start:end], start, end, switch))
    return tokens


def read_value(line: str, at: int, switch: Switch | None) -> Token:
    """A value: in quotes, or up to the next blank, where a backslash keeps a blank."""
    if line[at] in "\"'":
        end = closing(line, at) + 1
        if not end or not ends_word(line, end):
            return mistake(line, at, end or len(line), Problem.UNCLOSED, switch)
        return Token(Kind.VALUE, unquoted(line[at + 1 : end - 1], line[at]), at, end, switch)
    end = end_of_word(line, at)
    while line[end - 1] == "\\" and _goes_on(line, end):
        end = end_of_word(line, skip_blanks(line, end))
    return Token(Kind.VALUE, line[at:end].replace("\\ ", " "), at, end, switch)


def _goes_on(line: str, end: int) -> bool:
    r"""Whether a blank behind a backslash belongs to the name, as in `my\ picture.png`."""
    following = end + 1
    return line.startswith(" ", end) and not ends_word(line, following) and not like_switch(line, following)


def split_words(text: str) -> tuple[str, ...]:
    """Blank-separated words, some perhaps in quotes, as a switch with several values takes them."""
    words = []
    at = skip_blanks(text, 0)
    while at < len(text):
        token = read_value(text, at, None)
        words.append(token.text)
        at = skip_blanks(text, token.end)
    return tuple(words)
