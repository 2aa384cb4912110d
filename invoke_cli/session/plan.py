"""From a request to the pictures that it means: the only bridge from the language to the core.

Planning needs no model and no torch. Everything that can be wrong with a line is found here, before
anything slow begins.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from invoke_cli.diffusion.samplers import SAMPLERS
from invoke_cli.errors import LineError
from invoke_cli.imaging.sizes import Target, target_size
from invoke_cli.language.declare import Switch
from invoke_cli.language.defaults import merge, off
from invoke_cli.language.grammar import check
from invoke_cli.language.request import Request
from invoke_cli.language.switches import table, unbuilt
from invoke_cli.models.wanted import without_vae
from invoke_cli.session.first_pass import about_first_pass, first_size_of
from invoke_cli.session.inits import plan_each, several
from invoke_cli.session.job import Context, Job, Plan, known
from invoke_cli.session.resolve import box_of, find_target, resolve, size_of
from invoke_cli.session.step_counts import refining_schedule, schedule_of, with_steps
from invoke_cli.session.variations import expand
from invoke_cli.session.worded import each_worded, worded

# What means nothing in a line without an init picture.
OF_A_PICTURE: dict[str, Any] = dict.fromkeys(
    ("strength", "exact_strength", "fit", "keep_size", "init_mask", "invert_mask")
)


def plan(typed: Request, context: Context) -> Plan:
    """Work out what a line means. Raises InvokeError for every mistake, naming the switch."""
    merged = merge(context.defaults, typed)
    files = several(merged.init_img, context.outdir, context.planned)
    if files is not None:
        return plan_each(files, typed, merged, context, _plan_one)
    return _plan_one(typed, context)


def _plan_one(typed: Request, context: Context) -> Plan:
    """The plan of a line with one init picture at most."""
    merged = merge(context.defaults, typed)
    request, notices = resolve(merged, typed, context)
    request = with_steps(request, typed)
    check(replace(request, steps_run=None))  # the rules hold for defaults as for what is typed
    target = find_target(request, typed, context)
    request = replace(request, vae=request.vae if request.vae is not None else context.vae)
    first = worded(request, context)
    typed_prompt, request = request.prompt, replace(request, prompt=first.text)
    if first.wanted.vae is None and not context.facts.has_vae:
        raise without_vae(context.model)
    first_size = first_size_of(request, target, context)
    notices = (*notices, *about_first_pass(request, first_size, target, context))
    pinned = _pin(replace(request, hires_fix=first_size is not None), target, context)
    refining = refining_schedule(pinned, context.facts.table) if first_size else None
    base = Job(
        request=pinned,
        asked=request,
        width=target.width,
        height=target.height,
        schedule=schedule_of(pinned, context.facts.table),
        prompt=first.prompt,
        name_seed=known(pinned.seed),
        swept=context.swept,
        first_size=first_size,
        refining=refining,
        off=off(context.defaults),
    )
    jobs = expand(base, request, context)
    if not request.variation_amount:  # variations are of one picture, and so of its words
        jobs = each_worded(jobs, typed_prompt, first, context)
    return Plan(
        request=request,
        jobs=jobs,
        notices=(*notices, *first.prompt.notices, *target.notes, *_advice(base, context)),
        wanted=first.wanted,
    )


def refuse_unbuilt(merged: Request, swept: Iterable[Switch] = ()) -> None:
    """Raise LineError for a switch that is understood and has no effect yet; `swept` have lists of values."""
    for switch in (*unbuilt(merged), *(each for each in swept if each.later)):
        raise LineError(switch.later, switch=switch.name)


def _pin(request: Request, target: Target, context: Context) -> Request:
    """The request with everything explicit that decides the pixels, and nothing else."""
    unpinned: dict[str, Any] = {switch.name: None for switch in table() if not switch.pixels}
    pinned = replace(replace(request, **unpinned), iterations=1, width=target.width, height=target.height)
    if not request.seamless:
        pinned = replace(pinned, seamless_axes=None)
    if request.init_img is None:
        refined = ("strength", "exact_strength") if request.hires_fix else ()
        dropped: dict[str, Any] = {name: None for name in OF_A_PICTURE if name not in refined}
        return replace(pinned, **dropped)
    return _pin_fit(replace(pinned, fit=request.fit is True), request, context)


def _pin_fit(pinned: Request, request: Request, context: Context) -> Request:
    """Keep the box of --fit where fitting into the result's own size would not give that size again."""
    if request.fit is not True or request.init_img is None:
        return pinned
    box = (known(pinned.width), known(pinned.height))
    size = size_of(request.init_img, "init_img", context)
    again = target_size(size, fit=True, box=box, native=0)
    if (again.width, again.height) == box:
        return pinned
    width, height = box_of(request, context.facts.native)
    return replace(pinned, width=width, height=height)


# Below so many steps k_lms is far from its solution under strong guidance: the error against a fine
# integration of a known case is about 0.4 with 7 steps, where k_dpmpp_2 on Karras levels is at 0.1. Up to
# the second number k_dpmpp_2 stays nearer, by a third at 20 steps.
STEADY_STEPS, EVEN_STEPS, STRONG_SCALE = 15, 20, 5.0


def _nearer_sampler(job: Job, share: float) -> list[str]:
    """That another sampler suits so few steps better, where k_lms is to take them.

    share: how much of its usual effect the guidance scale has.
    """
    steps, scale = job.schedule.steps, known(job.request.cfg_scale)
    if job.request.sampler != "k_lms" or scale * share <= STRONG_SCALE or not 0 < steps <= EVEN_STEPS:
        return []
    if steps < STEADY_STEPS:
        return [
            f"{steps} steps of k_lms at -C {scale:g} may burn the "
            f"colours: -A k_dpmpp_2 --karras_max 100 is steadier, and so is -C {4 / share:g}"
        ]
    return [f"with {steps} steps -A k_dpmpp_2 --karras_max 100 comes nearer to the end than k_lms"]


def _advice(job: Job, context: Context) -> list[str]:
    """What to say before drawing begins, although nothing is wrong."""
    advice = []
    sampler = SAMPLERS[known(job.request.sampler)]
    native = context.facts.native
    if 0 < job.schedule.steps < sampler.fewest:
        advice.append(f"{job.request.sampler} gives poor pictures with fewer than {sampler.fewest} steps")
    advice += _nearer_sampler(job, context.guidance_share)
    if max(job.width, job.height) < native:
        advice.append(
            f"{job.width}x{job.height} is below the model's native {native}x{native}: expect less detail"
        )
    return advice
