"""A line becomes a `Request`, and a `Request` becomes a line: `parse(write(r)) == r`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from invoke_cli.errors import InvokeError, LineError, PromptError, Span
from invoke_cli.language.codecs import UnfitError
from invoke_cli.language.declare import Switch
from invoke_cli.language.lexer import Kind, Token, lex
from invoke_cli.language.mistakes import explain, refused, unknown_name
from invoke_cli.language.quoting import one_line, quoted, value_text
from invoke_cli.language.request import Request
from invoke_cli.language.sweeps import MOST, Axis, Item, UnfitItemError, combinations, is_list, read_list
from invoke_cli.language.switches import table
from invoke_cli.language.world import World

_SPECIAL_STARTS = ("#", "//", "!", "'")


@dataclass(frozen=True)
class Reading:
    """A line that was understood. spans: field of the request -> where its switch and value stood.

    axes: the switches with lists of values, in the order of the line; the request leaves them unset.
    swept: of one combination of lists, each switch's name, its flag and its value as typed.
    words: those of the prompt, where they were typed without its switch.
    """

    line: str
    request: Request
    spans: Mapping[str, Span]
    axes: tuple[Axis, ...] = ()
    swept: tuple[tuple[str, str, str], ...] = ()
    words: tuple[Token, ...] = ()

    def singles(self) -> Iterator[Reading]:
        """A reading without lists for each combination of their values; of a line without lists, itself."""
        for indexes in combinations(self.axes):
            chosen = list(zip(self.axes, indexes, strict=True))
            values = {axis.switch.name: axis.values[index] for axis, index in chosen}
            places = {axis.switch.name: axis.spans[index] for axis, index in chosen}
            swept = tuple(axis.said(index) for axis, index in chosen)
            spans = {**self.spans, **places}
            yield replace(self, request=replace(self.request, **values), spans=spans, axes=(), swept=swept)

    def locate(self, error: InvokeError) -> Span | None:
        """The place in the line that an error is about; a `PromptError` counts from the prompt's start."""
        prompt = self.spans.get("prompt")
        if isinstance(error, PromptError):
            return _shifted(self, prompt, error.span) if prompt else None
        return error.span or self.spans.get(error.switch or "")


def read(line: str, world: World | None = None) -> Reading:
    """Read a prompt line. Raises `LineError` for the first mistake, with its place and a hint."""
    reader = _Reader(line, world)
    for head, values in _groups(lex(line)):
        reader.take(head, values)
    return reader.reading()


def parse(line: str, world: World | None = None) -> Request:
    """The request of a line that means one. Raises `LineError`, also for a line with lists of values."""
    reading = read(line, world)
    for axis in reading.axes:
        flag = axis.switch.flags[0]
        raise LineError(f"{flag} should have one value here", span=reading.spans[axis.switch.name])
    return reading.request


def write(request: Request, full: bool = False) -> str:
    """The shortest line that reads back as `request`.

    With `full`, the line that decides the pixels: every switch with `pixels` that is set, and no other.
    """
    pieces = [_prompt_text(request.prompt)] if request.prompt else []
    for switch in table():
        value = getattr(request, switch.name)
        if switch.name == "prompt" or value is None or (full and not switch.pixels):
            continue
        pieces.extend(_spelled(switch, value))
    return " ".join(pieces)


def check(request: Request) -> None:
    """The rules between switches that need neither model nor picture. Raises `LineError`."""
    if request.with_variations is not None and request.seed is None:
        raise LineError("-V needs the seed that it varies", "add -S and the seed", switch="with_variations")
    several = request.iterations is not None and request.iterations > 1
    strays = request.variation_amount is not None and request.variation_amount > 0
    if request.with_variations is not None and several and not strays:
        raise LineError(
            "-V names one picture, and -n asks for several",
            "add -v 0.1, or leave -n out",
            switch="iterations",
        )
    if request.steps_run is not None and request.steps is not None:
        raise LineError(
            "-s and --steps_run both set the number of steps", "leave one of them out", switch="steps_run"
        )
    if request.init_mask is not None and request.init_img is None:
        raise LineError("-M needs the picture that it masks", "add -I and the picture", switch="init_mask")


def _groups(tokens: list[Token]) -> Iterator[tuple[Token, list[Token]]]:
    """Each token that is not a value, with the values that follow it."""
    at = 0
    while at < len(tokens):
        end = at + 1
        while end < len(tokens) and tokens[end].kind is Kind.VALUE:
            end += 1
        yield tokens[at], tokens[at + 1 : end]
        at = end


class _Reader:
    """Collects what the tokens of one line say."""

    def __init__(self, line: str, world: World | None) -> None:
        self._line = line
        self._world = world
        self._values: dict[str, Any] = {}
        self._spans: dict[str, Span] = {}
        self._axes: dict[str, Axis] = {}
        self._words: list[Token] = []

    def take(self, head: Token, values: list[Token]) -> None:
        """Note a word of the prompt, or a switch; of a repeated switch the last wins."""
        switch = head.switch
        if head.kind is Kind.MISTAKE:
            raise explain(head)
        if head.kind is Kind.TEXT:
            self._words.append(head)
        elif switch and switch.on_off:
            self._note(switch, head.on, Span(head.start, head.end))
        elif switch and values:  # without values, the token that follows is the mistake
            self._note(switch, self._values_of(switch, values), Span(head.start, values[-1].end))

    def reading(self) -> Reading:
        """The request so far. `--prompt` beats words typed without it."""
        if "prompt" not in self._values and self._words:
            words = [word for word in self._words if word.text]
            self._values["prompt"] = one_line(" ".join(word.text for word in words))
            self._spans["prompt"] = Span(self._words[0].start, self._words[-1].end)
        else:
            words = []
        axes = tuple(self._axes.values())
        count = prod(len(axis.values) for axis in axes)
        if count > MOST:
            span = self._spans[axes[-1].switch.name]
            raise LineError(f"these lists stand for {count} pictures; {MOST} are the most", span=span)
        return Reading(self._line, Request(**self._values), self._spans, axes, words=tuple(words))

    def _note(self, switch: Switch, value: Any, span: Span) -> None:
        self._values.pop(switch.name, None)
        self._axes.pop(switch.name, None)
        if isinstance(value, Axis):
            self._axes[switch.name] = value
        else:
            self._values[switch.name] = value
        self._spans[switch.name] = span

    def _values_of(self, switch: Switch, tokens: list[Token]) -> Any:
        """The value behind a switch, or an Axis where there are several. Raises `LineError`."""
        if not is_list(switch.codec, tokens[0].text):
            return self._value(switch, tokens)
        if switch.alone:
            span = Span(tokens[0].start, tokens[-1].end)
            raise LineError(f"{switch.flags[0]} takes no list of values", switch.alone, span=span)
        items = self._items(switch, tokens[0])
        if len(items) == 1:
            return items[0].value
        spans = tuple(self._place(tokens[0], item.start, item.end) for item in items)
        return Axis(switch, tuple(item.value for item in items), spans)

    def _items(self, switch: Switch, token: Token) -> list[Item]:
        try:
            items = read_list(switch.codec, token.text)
        except UnfitItemError as unfit:
            raise refused(switch, unfit, self._place(token, unfit.start, unfit.end)) from None
        except UnfitError as unfit:
            raise refused(switch, unfit, Span(token.start, token.end)) from None
        for item in items:
            self._check_name(switch, item.value, self._place(token, item.start, item.end))
        return items

    def _place(self, token: Token, start: int, end: int) -> Span:
        """A place in a value as one in the line; the whole value where quotes or escapes moved it."""
        if self._line[token.start : token.end] != token.text:
            return Span(token.start, token.end)
        return Span(token.start + start, token.start + end)

    def _value(self, switch: Switch, tokens: list[Token]) -> Any:
        """The value behind a switch. Raises `LineError` when it makes no sense."""
        span = Span(tokens[0].start, tokens[-1].end)
        try:
            value = switch.codec.read(tuple(token.text for token in tokens))
        except UnfitError as unfit:
            raise refused(switch, unfit, span) from None
        self._check_name(switch, value, span)
        return value

    def _check_name(self, switch: Switch, value: Any, span: Span) -> None:
        """Names that only the session knows."""
        if switch.codec.completes == "sampler" and self._world:
            known = self._world.samplers
            if known and value not in known:
                raise unknown_name("sampler", value, known, span, switch)


def _shifted(reading: Reading, prompt: Span, span: Span | None) -> Span:
    """A place in the prompt as a place in the line; the whole prompt where escapes cut it up."""
    if span is None:
        return prompt
    at = reading.line.find(reading.request.prompt, prompt.start, prompt.end)
    if at != -1:
        return Span(at + span.start, at + span.end)
    start = _in_line(reading, span.start)
    end = start if span.end <= span.start + 1 else _in_line(reading, span.end - 1)
    return prompt if start is None or end is None else Span(start, end + 1)


def _in_line(reading: Reading, at: int) -> int | None:
    """A place in the prompt, whose words may stand between quotes and switches, as one in the line."""
    for word in reading.words:
        if at == len(word.text):
            return word.end
        if at < len(word.text):
            inside = reading.line.find(word.text, word.start, word.end)
            return None if inside == -1 else inside + at
        at -= len(word.text) + 1
    return None


def _prompt_text(prompt: str) -> str:
    """The prompt as it is typed: bare where it then reads back as itself, else in quotes."""
    prompt = one_line(prompt)
    special = prompt.startswith(_SPECIAL_STARTS) or prompt == "q" or '"' in prompt
    # What ends a prompt may mean something else with a switch behind it: "[1] a.png:", "a #model_id=".
    tokens = lex(f"{prompt} -g")[:-1]
    words = [token.text for token in tokens if token.kind is Kind.TEXT]
    is_bare = not special and len(words) == len(tokens) and " ".join(words) == prompt
    return prompt if is_bare else quoted(prompt)


def _spelled(switch: Switch, value: Any) -> list[str]:
    """A switch and its value as words of a line."""
    if switch.on_off:
        return [switch.flags[0] if value else f"--no-{switch.name}"]
    return [switch.flags[0], *(value_text(one_line(word)) for word in switch.codec.write(value))]
