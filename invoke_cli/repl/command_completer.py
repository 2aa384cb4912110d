"""What Tab offers in a line for a command."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from prompt_toolkit.completion import Completion

from invoke_cli.language.world import World
from invoke_cli.repl.commands import COMMANDS
from invoke_cli.repl.commands.arguments import Typed, typed_words, word_text
from invoke_cli.repl.commands.offers import OFFERS, Offer, Place
from invoke_cli.repl.commands.registry import LINE, Option, Takes, Word
from invoke_cli.repl.visible import visible

LineOffers = Callable[[str], Iterable[Completion]]
"""What Tab offers at the end of a line to draw."""


def complete_command(before: str, world: World, in_line: LineOffers) -> Iterator[Completion]:
    """Command names; behind them, word for word, what their declarations say. before: up to the cursor."""
    line = before.lstrip()
    name, *behind = line.split(maxsplit=1)
    if not behind and not line[-1].isspace():
        yield from _names(name)
    elif name in COMMANDS:
        rest = line[len(name) :].lstrip()
        yield from _Behind(COMMANDS[name].takes, rest, world, in_line).completions()


def _names(word: str) -> Iterator[Completion]:
    for name, command in COMMANDS.items():
        if name.startswith(word):
            yield Completion(name, -len(word), display_meta=command.help.partition("\n")[0])


class _Behind:
    """What may stand at the end of the text behind a command that takes such things."""

    def __init__(self, takes: Takes, text: str, world: World, in_line: LineOffers) -> None:
        self._words = [part for part in takes if isinstance(part, Word)]
        self._options = {part.name: part for part in takes if isinstance(part, Option)}
        self._text = text
        self._world = world
        self._in_line = in_line

    def completions(self) -> Iterator[Completion]:
        *before, last = typed_words(self._text)
        waiting = self._waiting(before)
        name, equals, value = last.text.removeprefix("--").partition("=")
        if waiting is not None:
            yield from self._offered(waiting.offers, last, last.text, (), "")
        elif last.text.startswith("--") and equals and name in self._options:
            yield from self._offered(self._options[name].offers, last, value, (), f"--{name}=")
        else:
            yield from self._option_names(last)
            yield from self._word(self._plain(before), last)

    def _waiting(self, before: Sequence[Typed]) -> Option | None:
        """The option whose value the next word is."""
        option = self._option(before[-1].text) if before else None
        return option if option is not None and option.label else None

    def _option(self, text: str) -> Option | None:
        return self._options.get(text[2:]) if text.startswith("--") else None

    def _plain(self, before: Sequence[Typed]) -> list[Typed]:
        """The words before the last that are neither options nor their values."""
        found: list[Typed] = []
        is_value = False
        for word in before:
            option = self._option(word.text)
            if not is_value and option is None and not word.text.startswith("--"):
                found.append(word)
            is_value = option is not None and bool(option.label)
        return found

    def _option_names(self, last: Typed) -> Iterator[Completion]:
        if last.text.startswith("-") and not last.quote:
            for option in self._options.values():
                if f"--{option.name}".startswith(last.text):
                    yield Completion(f"--{option.name}", last.start - len(self._text))

    def _word(self, before: Sequence[Typed], last: Typed) -> Iterator[Completion]:
        """The word in this place, or the line that began before it."""
        for place, word in enumerate(self._words[: len(before) + 1]):
            if LINE in word.offers:
                start = [*before, last][place].start
                yield from self._in_line(self._text[start:])
                return
        here = self._at(len(before))
        if here is not None:
            yield from self._offered(here.offers, last, last.text, [one.text for one in before], "")

    def _at(self, place: int) -> Word | None:
        if place < len(self._words):
            return self._words[place]
        return self._words[-1] if self._words and self._words[-1].many else None

    def _offered(
        self, kinds: Sequence[str], last: Typed, typed: str, before: Sequence[str], prefix: str
    ) -> Iterator[Completion]:
        """What these kinds offer for the word, written as the command will read it; each once."""
        place = Place(typed, before, self._world)
        offers = {offer.text: offer for kind in kinds for offer in OFFERS[kind](place)}
        for offer in offers.values():
            text = _written(prefix + offer.text, last.quote, offer)
            shown = visible(offer.shown or offer.text)
            yield Completion(text, last.start - len(self._text), shown, display_meta=offer.meta)


def _written(word: str, quote: str, offer: Offer) -> str:
    """The word in quotes where it needs them, which stay open where it goes on."""
    written = word_text(word, quote)
    return written[:-1] if offer.goes_on and written != word else written
