"""The number of steps that a request asks for, and the schedule that it runs."""

from __future__ import annotations

from dataclasses import replace

from invoke_cli.diffusion.schedule import NoiseTable, Schedule, plan_schedule, steps_to_ask
from invoke_cli.errors import LineError
from invoke_cli.language.request import Request
from invoke_cli.session.job import known

MOST_STEPS = 10000  # what -s takes


def with_steps(request: Request, typed: Request) -> Request:
    """The merged request with `steps` set to what its --steps_run asks for, where that holds.

    A typed -s beats a --steps_run that stands in the defaults. Raises LineError for what no -s can do.
    """
    if request.steps_run is None or (typed.steps is not None and typed.steps_run is None):
        return request
    strength = strength_of(request)
    if strength == 0:
        raise LineError(
            "strength 0 gives your image back without a step, so --steps_run has nothing to count",
            "raise -f above 0, or leave --steps_run out",
            switch="steps_run",
        )
    return replace(request, steps=_lengthened(request.steps_run, strength))


def _lengthened(run: int, strength: float) -> int:
    """The -s of which the strength leaves `run` steps."""
    # The product alone is asked first: a tiny strength would make a number without end.
    if (run - 1) / strength < MOST_STEPS:
        steps = steps_to_ask(run, strength)
        if steps <= MOST_STEPS:
            return steps
    raise LineError(
        f"{run} steps at strength {strength:g} would need more than -s {MOST_STEPS}",
        "raise -f, or run fewer steps",
        switch="steps_run",
    )


def strength_of(request: Request) -> float:
    """The share of the schedule that runs: all of it without an init picture."""
    return known(request.strength) if request.init_img is not None else 1.0


def schedule_of(request: Request, table: NoiseTable) -> Schedule:
    """The schedule that a request with its steps set runs."""
    exact = request.exact_strength is True and request.init_img is not None
    return plan_schedule(table, known(request.steps), strength_of(request), known(request.karras_max), exact)


def refining_schedule(request: Request, table: NoiseTable) -> Schedule:
    """The schedule of a second pass at full size, which -f cuts whether there is an init picture or not."""
    return schedule_of(replace(request, init_img="the first pass"), table)
