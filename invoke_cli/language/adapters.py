r"""What a prompt names besides words: `withLora(grain,0.8)`, `<lora:grain:0.8>`, and `<trigger>`.

LoRAs may stand anywhere in the prompt and are taken out of its text. A trigger stays: it is a word, which
means what somebody has taught. Names hold no blanks; `\<` is a plain bracket.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from invoke_cli.errors import PromptError, Span

MOST = 10.0  # the largest weight, either way; LoRAs are trained to be used at about 1

LORA_CALL = r"\b(?:with|use)Lora\("
_NAME = r"[^\s<>:,()\[\]\"\\]+"
_LORA = re.compile(
    rf"{LORA_CALL}(?P<call>[^()]*)(?P<close>\)?) | (?<!\\)<lora:(?P<tag>[^<>]*)(?P<end>>?)", re.VERBOSE
)
_OPENED = re.compile(rf"(?:{LORA_CALL}|<lora:)(?=[^\s,:()<>]*\Z)")
_TRIGGER = re.compile(rf"(?<!\\)<(?P<name>{_NAME})>")
_WEIGHT = re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")


@dataclass(frozen=True)
class Mention:
    """A LoRA or trigger that a prompt names. weight: of a LoRA; 1.0 is as trained. span: in the prompt."""

    name: str
    weight: float
    span: Span


def take_loras(prompt: str) -> tuple[str, tuple[Mention, ...]]:
    """The prompt with blanks where LoRAs are named, so that places stay, and the LoRAs in order.

    Raises `PromptError` with a place in the prompt.
    """
    found = tuple(_loras(prompt))
    return _LORA.sub(lambda lora: " " * len(lora[0]), prompt), found


def triggers(prompt: str) -> tuple[Mention, ...]:
    """The triggers in the order of the prompt."""
    return tuple(Mention(found["name"], 1.0, Span(*found.span())) for found in _TRIGGER.finditer(prompt))


def completions(typed: str, loras: Collection[str], terms: Iterable[str]) -> list[str]:
    """What a word of a prompt may become: LoRAs of these names, in either form, and triggers."""
    opened = _OPENED.search(typed)
    if opened:
        before, close = typed[: opened.end()], ")" if opened[0].endswith("(") else ":1>"
        fitting = beginning(typed[opened.end() :], loras)
        return [f"{before}{name}{close}" for name in fitting]
    forms = ("withLora(", "<lora:") if loras else ()
    return beginning(typed, (*terms, *forms)) if typed else []


def beginning(typed: str, names: Iterable[str]) -> list[str]:
    """The names that begin like `typed`, in any case."""
    return [name for name in names if name.lower().startswith(typed.lower())]


def _loras(prompt: str) -> Iterator[Mention]:
    for found in _LORA.finditer(prompt):
        span = Span(*found.span())
        is_call = found["call"] is not None
        if not found["close" if is_call else "end"]:
            raise PromptError("this LoRA is never closed", f"as in {_example(is_call)}", span=span)
        inside, mark = (found["call"], ",") if is_call else (found["tag"], ":")
        name, *weights = (part.strip() for part in inside.split(mark))
        if not re.fullmatch(_NAME, name) or len(weights) > 1:
            raise PromptError("a LoRA has a name and one weight", f"as in {_example(is_call)}", span=span)
        yield Mention(name, _weight(weights[0], span) if weights else 1.0, span)


def _weight(text: str, span: Span) -> float:
    if not _WEIGHT.fullmatch(text) or abs(float(text)) > MOST:
        raise PromptError(
            f"the weight of a LoRA is a number from {-MOST:g} to {MOST:g}, not {text!r}", span=span
        )
    return float(text)


def _example(is_call: bool) -> str:
    return "withLora(grain,0.8)" if is_call else "<lora:grain:0.8>"
