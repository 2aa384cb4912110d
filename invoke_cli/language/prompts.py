r"""A prompt as values: `a (red)1.3 barn [blurry]` -> what to draw and what to keep out.

- `[words]` anywhere are negative; several groups are joined.
- `word+`, `(several words)1.3` and the like weigh words; see `weights`.
- `("a", "b").blend(0.7, 0.3)`, `("a", "b").and()` and `a:0.7 b:0.3` mix prompts; see `mixing`.
- `a cat.swap(dog)` draws the picture of a cat with a dog instead; see `swaps`.
- `withLora(name,0.8)` and `<lora:name:0.8>` are taken out of the text; `<trigger>` stays in it.
- A backslash makes a mark plain: `\[`, `\<`, `\(`, `\"`, `\:`, `\+`, `\,`, `\{`.

Wildcards are expanded before all this; see `wildcards`. Every pass is linear in the prompt's length, for
mixes and swaps nest only in one order: a conjunction of blends of texts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from invoke_cli.errors import PromptError, Span
from invoke_cli.language.adapters import Mention, take_loras, triggers
from invoke_cli.language.brackets import Brackets, Call
from invoke_cli.language.mixing import PLAIN, arguments, blended, checked, old_blend, old_shares
from invoke_cli.language.swaps import edited
from invoke_cli.language.weights import fragments
from invoke_cli.wording import Edited, Fragments, Mix, Mixture, Words

__all__ = ["Fragments", "Prompt", "split"]

_GROUP = re.compile(r"\\.|[\[\]]", re.DOTALL)


@dataclass(frozen=True)
class Prompt:
    """What to draw and what to keep out; what both name besides; and what to say of them."""

    positive: Words = ()
    negative: Fragments | Mixture = ()
    loras: tuple[Mention, ...] = ()
    triggers: tuple[Mention, ...] = ()
    notices: tuple[str, ...] = ()


def split(prompt: str, *, normalize: bool = True) -> Prompt:
    """The meaning of a prompt. Raises `PromptError` with a place in the prompt.

    normalize: scale the weights of old blends to a sum of 1.
    """
    text, loras = take_loras(prompt)
    inside = _bracketed(text)
    draw = _Side(_blanked(text, inside, keep=False), normalize)
    avoid = _Side(_blanked(text, inside, keep=True), normalize, may_swap=False)
    positive, negative = draw.words(), avoid.words()
    if isinstance(negative, Edited):
        raise ValueError("negative words are never edited")
    return Prompt(positive, negative, loras, triggers(text), (*draw.notices, *avoid.notices))


def _bracketed(prompt: str) -> list[Span]:
    """The places of the `[...]` groups, brackets included."""
    groups: list[Span] = []
    opening = -1
    for found in _GROUP.finditer(prompt):
        at = found.start()
        if found[0] == "[" and opening != -1:
            raise PromptError(
                "negative words cannot be nested", "a plain bracket is \\[", span=Span(at, at + 1)
            )
        if found[0] == "]" and opening == -1:
            raise PromptError("this ] has no [ before it", "a plain bracket is \\]", span=Span(at, at + 1))
        if found[0] == "[":
            opening = at
        elif found[0] == "]":
            groups.append(Span(opening, at + 1))
            opening = -1
    if opening != -1:
        raise PromptError("this [ is never closed", "a plain bracket is \\[", span=Span(opening, opening + 1))
    return groups


def _blanked(prompt: str, groups: list[Span], *, keep: bool) -> str:
    """The prompt with its groups, or with `keep` everything else, turned into blanks; places stay."""
    parts = []
    at = 0
    for group in groups:
        between, inside = prompt[at : group.start], prompt[group.start + 1 : group.end - 1]
        parts += (
            [" " * len(between), " ", inside, " "] if keep else [between, " " * (group.end - group.start)]
        )
        at = group.end
    parts.append(" " * (len(prompt) - at) if keep else prompt[at:])
    return "".join(parts)


class _Side:
    """What to draw, or what to keep out, with the text of the whole prompt's length."""

    def __init__(self, text: str, normalize: bool, *, may_swap: bool = True) -> None:
        self._brackets = Brackets(text)
        self._normalize = normalize
        self._may_swap = may_swap
        self.notices: tuple[str, ...] = ()

    def words(self) -> Words:
        """The side's meaning. Raises `PromptError`."""
        whole = self._brackets.trimmed(0, len(self._brackets.text))
        calls = self._brackets.calls(*whole)
        for call in calls:
            if call.name == "and":
                return self._conjunction(call, whole)
        if calls and all(call.name == "swap" for call in calls):
            return self._edited(calls, whole)
        mix = self._mix(whole)
        is_plain = len(mix) == 1 and mix[0][1] == 1
        return mix[0][0] if is_plain else Mixture((mix,))

    def _edited(self, calls: list[Call], whole: tuple[int, int]) -> Edited:
        if not self._may_swap:
            raise PromptError("words to keep out cannot be swapped", PLAIN, span=calls[0].span)
        for share in old_shares(self._brackets, *whole):
            raise PromptError("a blend and a swap exclude each other", PLAIN, span=share.span)
        return edited(self._brackets, *whole, calls)

    def _conjunction(self, call: Call, whole: tuple[int, int]) -> Mixture:
        """`("a", "b").and(1, 0.5)`: a weight below 1 is a blend with nothing."""
        for begin, end in ((whole[0], call.start), (call.closing + 1, whole[1])):
            begin, end = self._brackets.trimmed(begin, end)
            if begin < end:
                raise PromptError(
                    ".and() is the whole prompt",
                    "move these words into one of its parts",
                    span=Span(begin, end),
                )
        places, shares, others = arguments(self._brackets, call)
        for other in others:
            raise PromptError(".and() takes numbers", 'as in ("a", "b").and(1, 0.5)', span=other)
        values = checked(shares, normalize=False, way_out="1 is neutral")
        return Mixture(
            tuple(_weighed(self._mix(place), value) for place, value in zip(places, values, strict=True))
        )

    def _mix(self, place: tuple[int, int]) -> Mix:
        """A blend, of either form, or one text alone."""
        calls = self._brackets.calls(*place)
        shares = old_shares(self._brackets, *place)
        if shares and calls:
            raise PromptError("two kinds of blends exclude each other", PLAIN, span=shares[0].span)
        if shares:
            mix, notices = old_blend(self._brackets, *place, shares, normalize=self._normalize)
            self.notices += notices
            return mix
        if not calls:
            return ((fragments(self._brackets, *place), 1.0),)
        self._check_blend(calls, place)
        return blended(self._brackets, calls[0], place)

    def _check_blend(self, calls: list[Call], place: tuple[int, int]) -> None:
        """A text holds one blend, in no parentheses, and no other calls beside or inside."""
        call = calls[0]
        for other in (call, *calls[1:]):
            if other.name != "blend":
                raise PromptError(
                    f".{other.name}() cannot stand inside or beside a mix", PLAIN, span=other.span
                )
        if len(calls) > 1:
            raise PromptError("a prompt holds one blend", "put all parts into one", span=calls[1].span)
        if not any(begin <= call.dot < end for begin, end in self._brackets.outside(*place)):
            raise PromptError(
                "a blend cannot stand in parentheses", "weigh its parts instead", span=call.span
            )
        inner = self._brackets.calls(call.start + 1, call.dot - 1) if call.dot > call.start + 1 else []
        for other in inner:
            raise PromptError(f".{other.name}() cannot stand inside a blend", PLAIN, span=other.span)


def _weighed(mix: Mix, weight: float) -> Mix:
    if weight == 1:
        return mix
    return (*((text, share * weight) for text, share in mix), ((), 1 - weight))
