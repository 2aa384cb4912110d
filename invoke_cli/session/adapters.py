"""The adapters that a prompt names, and those that its model always uses, found before anything is loaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from invoke_cli.errors import ModelError, PromptError, Span
from invoke_cli.language.adapters import take_loras
from invoke_cli.language.prompts import Prompt
from invoke_cli.models.wanted import OWN, AdapterFolders, UsedVae, Wanted, unique


def with_loras(prompt: str, loras: Sequence[tuple[str, float]]) -> str:
    """The prompt with the model's own LoRAs, except those that it names itself, at whatever weight."""
    named = {lora.name for lora in take_loras(prompt)[1]}
    missing = [f"withLora({name},{weight})" for name, weight in loras if name not in named]
    return " ".join([prompt, *missing] if prompt else missing)


def find_adapters(prompt: Prompt, folders: AdapterFolders, vae: str | None, typed: int) -> Wanted:
    """The files of a prompt's LoRAs and triggers, and of the model's VAE.

    typed: how many characters of the prompt the user wrote.

    Raises PromptError, with the place, for one that is not there, and ModelError where the model added it.
    """
    loras = []
    for lora in prompt.loras:
        with _placed(lora.span, typed):
            loras.append(folders.lora(lora.name, lora.weight))
    words = []
    for trigger in prompt.triggers:
        with _placed(trigger.span, typed):
            words.append(folders.word(trigger.name))
    return Wanted(tuple(loras), unique(words), _vae(folders, vae))


def _vae(folders: AdapterFolders, name: str | None) -> UsedVae | None:
    if name is None or name == OWN:
        return None
    try:
        return folders.vae(name)
    except ModelError as error:
        raise ModelError(error.message, error.hint, switch="vae") from error


@contextmanager
def _placed(span: Span, typed: int) -> Iterator[None]:
    try:
        yield
    except ModelError as error:
        if span.end > typed:
            raise
        raise PromptError(error.message, error.hint, span=span) from error
