"""What a picture's prompt says once its wildcards are drawn, and which files it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from invoke_cli.errors import PromptError
from invoke_cli.language.prompts import Prompt, split
from invoke_cli.language.request import Request
from invoke_cli.language.wildcards import expand, has_wildcards
from invoke_cli.models.wanted import Wanted
from invoke_cli.session.adapters import find_adapters, with_loras
from invoke_cli.session.job import Context, Job, known


@dataclass(frozen=True)
class Worded:
    """A prompt without wildcards, what it means, and what it adds to the model."""

    text: str
    prompt: Prompt
    wanted: Wanted


def worded(request: Request, context: Context) -> Worded:
    """The request's prompt, by its seed. Raises PromptError with a place in what was typed."""
    expansion = expand(request.prompt, known(request.seed), context.wildcards)
    try:
        text = with_loras(expansion.text, context.loras)
        prompt = split(text, normalize=request.skip_normalize is not True)
        wanted = find_adapters(prompt, context.folders, request.vae, len(expansion.text))
    except PromptError as error:
        error.span = None if error.span is None else expansion.place(error.span)
        raise
    return Worded(text, prompt, wanted)


def each_worded(jobs: Sequence[Job], typed: str, first: Worded, context: Context) -> tuple[Job, ...]:
    """The jobs of a series of seeds, each with wildcards of its own; `first` is the first one's.

    Raises PromptError where they would need the model dressed differently from picture to picture.
    """
    if not has_wildcards(typed):
        return tuple(jobs)
    found = [first, *(worded(replace(job.request, prompt=typed), context) for job in jobs[1:])]
    if any(one.wanted != first.wanted for one in found):
        raise PromptError(
            "wildcards cannot choose other LoRAs or triggers for each picture of a line",
            "draw the pictures with a line for each",
        )
    return tuple(
        replace(job, request=replace(job.request, prompt=one.text), prompt=one.prompt)
        for job, one in zip(jobs, found, strict=True)
    )
