r"""Wildcards: `a {red|blue} house`, and `__animal__`, a line of a file; the picture's seed decides.

- Choices nest and may be empty; `{3::red|blue}` draws red three times as often as blue.
- A line of a file may hold choices and names of other files.
- `\{`, `\|` and `\__` are plain. Braces without a bar are text.

What is expanded never holds a wildcard any more, so a stored prompt is drawn as it stands.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from invoke_cli.errors import InvokeError, PromptError, Span

Lines = Callable[[str], Sequence[str]]
"""The lines of the file of a name. Raises InvokeError where there is none."""

MOST_EXPANSIONS = 10_000
DEEPEST = 40

_MARK = re.compile(
    r"\\.|[{}|]|(?<![\w\\])__(?P<name>[^\s|{}_](?:[^\s|{}]{0,98}?[^\s|{}_])?)__(?!\w)", re.DOTALL
)
_NAME = re.compile(r"[\w-]+(?:[./][\w-]+)*")
_OPENED = re.compile(r"(?<![\w\\])__([\w./-]*)\Z")
_WEIGHT = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?|\.[0-9]+)::", re.ASCII)
_PLAIN = re.compile(r"\\.|[{}]|__", re.DOTALL)


@dataclass(frozen=True)
class _Named:
    """The name of a file, and where it stands."""

    name: str
    span: Span


@dataclass
class _Choice:
    """What stands between braces, alternative by alternative. number: choices are counted by their `{`."""

    start: int
    number: int
    alternatives: list[list[_Part]] = field(default_factory=lambda: [[]])
    weights: list[float] = field(default_factory=list)


_Part = Span | _Named | _Choice
"""Text that stays, or something to be replaced."""


@dataclass(frozen=True)
class Expansion:
    """A prompt without wildcards.

    pieces: where it comes from, as (place in it, place in what was typed, whether letter by letter).
    """

    text: str
    pieces: tuple[tuple[int, Span, bool], ...] = ()

    def place(self, span: Span) -> Span:
        """A place in the text as a place in what it was expanded from."""
        if not self.pieces:
            return span
        first, last = self._origin(span.start), self._origin(max(span.end - 1, span.start))
        return Span(first.start, max(last.end, first.end))

    def _origin(self, at: int) -> Span:
        """Of one character: itself where it was typed, else what was replaced."""
        found = self.pieces[0]
        for piece in self.pieces:
            if piece[0] > at:
                break
            found = piece
        start, span, is_typed = found
        place = min(span.start + at - start, max(span.end - 1, span.start))
        return Span(place, place + 1) if is_typed else span


def has_wildcards(prompt: str) -> bool:
    """Whether expanding would change the prompt. Raises `PromptError`."""
    return any(not isinstance(part, Span) for part in _parsed(prompt))


def expand(prompt: str, seed: int, lines: Lines) -> Expansion:
    """The prompt with its wildcards replaced; the same for the same seed, prompt and files.

    Raises `PromptError` with a place in the prompt.
    """
    parts = _parsed(prompt)
    if all(isinstance(part, Span) for part in parts):
        return Expansion(prompt)
    writer = _Writer(prompt, seed, lines)
    writer.write(parts, "", None)
    text = "".join(writer.out)
    if has_wildcards(text):  # pieces that were text by themselves have met
        plain = _PLAIN.sub(lambda mark: mark[0] if mark[0][0] == "\\" else "\\" + mark[0], text)
        return Expansion(plain, ((0, Span(0, len(prompt)), False),))
    return Expansion(text, tuple(writer.pieces))


def fitting(typed: str, names: Sequence[str]) -> list[str]:
    """What a word that ends in `__ani` may become."""
    opened = _OPENED.search(typed)
    if not opened:
        return []
    before, begun = typed[: opened.start()], opened[1].lower()
    return [f"{before}__{name}__" for name in names if name.lower().startswith(begun)]


class _Writer:
    """Writes what parts become. The drawing of each is a pure function of the seed and of where it stands."""

    def __init__(self, text: str, seed: int, lines: Lines) -> None:
        self._text, self._seed, self._lines = text, seed, lines
        self._count = 0
        self.out: list[str] = []
        self.pieces: list[tuple[int, Span, bool]] = []
        self._length = 0
        self._ends_blank = True
        self._was_replaced = False

    def write(
        self, parts: Sequence[_Part], key: str, origin: Span | None, opened: tuple[str, ...] = ()
    ) -> None:
        """key: what tells this place from others. origin: of parts from a file. opened: the files around."""
        named = 0
        for part in parts:
            if isinstance(part, Span):
                self._put(self._text[part.start : part.end], origin or part, typed=origin is None)
            elif isinstance(part, _Named):
                named += 1
                self._line(part, f"{key}_{named}", origin or part.span, opened)
            else:
                own = f"{key}/{part.number}"
                chosen = self._drawn(own, part.weights)
                self.write(part.alternatives[chosen], f"{own}.{chosen}", origin, opened)
                self._was_replaced = True

    def _line(self, part: _Named, key: str, origin: Span, opened: tuple[str, ...]) -> None:
        """A line of the named file, and what it names in turn."""
        self._count += 1
        if part.name in opened:
            circle = " -> ".join([*opened[opened.index(part.name) :], part.name])
            raise PromptError(f"these wildcards go in a circle: {circle}", span=origin)
        if self._count > MOST_EXPANSIONS:
            raise PromptError("these wildcards lead to too much text", span=origin)
        try:
            lines = self._lines(part.name)
            found = [_weighted(line) for line in lines]
            chosen = found[self._drawn(key, [weight for weight, _ in found])][1]
            parts = _parsed(chosen)
        except InvokeError as error:
            about = f"{part.name}: " if isinstance(error, PromptError) else ""
            raise PromptError(f"{about}{error.message}", error.hint, span=origin) from error
        outer, self._text = self._text, chosen
        self.write(parts, key, origin, (*opened, part.name))
        self._text = outer
        self._was_replaced = True

    def _put(self, text: str, origin: Span, *, typed: bool) -> None:
        """A blank behind something that became nothing would be one too many."""
        if self._was_replaced and self._ends_blank and text.startswith(" "):
            text, origin = text[1:], Span(origin.start + 1, origin.end) if typed else origin
        if text:
            self.pieces.append((self._length, origin, typed))
            self.out.append(text)
            self._length += len(text)
            self._ends_blank = text.endswith(" ")
        self._was_replaced = False

    def _drawn(self, key: str, weights: Sequence[float]) -> int:
        digest = hashlib.sha256(f"{self._seed}{key}".encode()).digest()
        left = int.from_bytes(digest[:8]) / 2**64 * sum(weights)
        for index, weight in enumerate(weights):
            left -= weight
            if left < 0:
                return index
        return max(index for index, weight in enumerate(weights) if weight > 0)


def _weighted(text: str) -> tuple[float, str]:
    """`3::red` as its weight and what is drawn by it."""
    found = _WEIGHT.match(text)
    return (float(found[1]), text[found.end() :].strip()) if found else (1.0, text.strip())


def _parsed(text: str) -> list[_Part]:
    """The text as parts, in one pass. Raises `PromptError`."""
    return _Parser(text).parts()


class _Parser:
    """Reads braces and names; what turns out to be text is joined again."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._open: list[_Choice] = []
        self._top: list[_Part] = []
        self._count = 0

    def parts(self) -> list[_Part]:
        at = 0
        for mark in _MARK.finditer(self._text):
            if mark[0][0] == "\\" or (mark[0] in "}|" and not self._open):
                continue
            self._add(Span(at, mark.start()))
            at = mark.end()
            self._take(mark)
        self._add(Span(at, len(self._text)))
        while self._open:
            self._leave(self._open[-1])
        return self._top

    def _take(self, mark: re.Match[str]) -> None:
        span = Span(*mark.span())
        if mark["name"] is not None:
            if not _NAME.fullmatch(mark["name"]):
                raise PromptError(
                    "a wildcard is named with letters, digits, - and _, and / for folders",
                    "plain underscores are \\__",
                    span=span,
                )
            self._add(_Named(mark["name"], span))
        elif mark[0] == "{":
            if len(self._open) >= DEEPEST:
                raise PromptError("braces nest too deeply", "a plain brace is \\{", span=span)
            self._count += 1
            self._open.append(_Choice(span.start, self._count))
        elif mark[0] == "|":
            self._open[-1].alternatives.append([])
        else:
            self._close(span)

    def _add(self, part: _Part) -> None:
        if not isinstance(part, Span) or part.start < part.end:
            (self._open[-1].alternatives[-1] if self._open else self._top).append(part)

    def _close(self, span: Span) -> None:
        choice = self._open[-1]
        if len(choice.alternatives) == 1:
            self._leave(choice)
            self._add(span)
            return
        self._open.pop()
        for alternative in choice.alternatives:
            choice.weights.append(self._weigh(alternative))
        if sum(choice.weights) == 0:
            raise PromptError("all alternatives weigh 0", span=Span(choice.start, span.end))
        self._add(choice)

    def _leave(self, choice: _Choice) -> None:
        """Braces around no choice are text."""
        if len(choice.alternatives) > 1:
            raise PromptError(
                "this { is never closed", "a plain brace is \\{", span=Span(choice.start, choice.start + 1)
            )
        self._open.pop()
        self._add(Span(choice.start, choice.start + 1))
        for part in choice.alternatives[0]:
            self._add(part)

    def _weigh(self, alternative: list[_Part]) -> float:
        """Takes the weight, and the blanks at its ends, off an alternative."""
        weight = 1.0
        first = alternative[0] if alternative else None
        if isinstance(first, Span):
            found = _WEIGHT.match(self._text, first.start, first.end)
            weight = float(found[1]) if found else 1.0
            text = self._text[(found.end() if found else first.start) : first.end]
            alternative[0] = Span(first.end - len(text.lstrip()), first.end)
        last = alternative[-1] if alternative else None
        if isinstance(last, Span):
            text = self._text[last.start : last.end]
            alternative[-1] = Span(last.start, last.start + len(text.rstrip()))
        return weight
