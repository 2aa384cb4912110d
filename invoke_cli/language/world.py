"""What a session offers to completion and to "did you mean"."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class World:
    """Names that a line may use, from the session that will run it.

    images: pictures made or used so far. samplers: every name and alias that -A takes; when empty, names
    are not checked. models: known models. seeds: seeds used so far, latest first. terms: triggers, as
    `<toy>`. loras: names that withLora() takes.
    wildcards: names between __. vaes: names that --vae takes. hub_ids: repositories in the
    hub's cache. outdir: where pictures are also found by their bare names.
    """

    images: tuple[str, ...] = ()
    samplers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    loras: tuple[str, ...] = ()
    wildcards: tuple[str, ...] = ()
    vaes: tuple[str, ...] = ()
    hub_ids: tuple[str, ...] = ()
    outdir: str = ""
