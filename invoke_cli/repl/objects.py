"""Events as JSON objects. README documents this schema; a change that breaks a reader raises SCHEMA."""

from __future__ import annotations

from dataclasses import asdict
from functools import singledispatch

from invoke_cli.language.defaults import as_json
from invoke_cli.session.events import (
    Ask,
    Event,
    Explained,
    Failed,
    Fetching,
    Line,
    Notice,
    Planned,
    PlannedPicture,
    Progress,
    Saved,
    Scheduled,
    Shown,
    Summary,
    Tokens,
)
from invoke_cli.session.lists import Defaults, Listed, Remembered, Triggers

SCHEMA = 1

Object = dict[str, object]


@singledispatch
def as_object(event: Event) -> Object:
    """The event as a JSON object, with its name under `event`."""
    raise TypeError(f"no JSON form for {type(event).__name__}")


@as_object.register
def _planned(event: Planned) -> Object:
    return {
        "event": "planned",
        "line_number": event.line_number,
        "line": event.line,
        "request": as_json(event.request),
        "pictures": [_picture(picture) for picture in event.pictures],
        "sweep": {each.name: list(each.values) for each in event.sweep},
    }


def _picture(picture: PlannedPicture) -> Object:
    return {
        "seed": picture.seed,
        "width": picture.width,
        "height": picture.height,
        "steps": picture.steps,
        "steps_run": picture.steps_run,
        "first_sigma": picture.first_sigma,
        "sampler": picture.sampler,
        "strength": picture.strength,
        "first_pass": _first_pass(picture),
        "cfg_scale": picture.cfg_scale,
        "line": picture.line,
    }


def _first_pass(picture: PlannedPicture) -> Object | None:
    """What --hires_fix draws first, or null."""
    names = ("width", "height", "steps_run")
    return None if picture.first_pass is None else dict(zip(names, picture.first_pass, strict=True))


@as_object.register
def _step(event: Progress) -> Object:
    step = event.step
    return {"event": "step", "index": step.index, "total": step.total, "sigma": step.sigma}


@as_object.register
def _saved(event: Saved) -> Object:
    return {
        "event": "saved",
        "kind": event.kind,
        "path": str(event.path),
        "seed": event.seed,
        "line": event.line,
        "seconds": event.seconds,
    }


@as_object.register
def _scheduled(event: Scheduled) -> Object:
    return {
        "event": "schedule",
        "line_number": event.line_number,
        "line": event.line,
        "steps": len(event.levels),
        "steps_run": sum(level.runs for level in event.levels),
        "levels": [asdict(level) for level in event.levels],
    }


@as_object.register
def _explained(event: Explained) -> Object:
    """`first_sigma` and `snr_db` are null where no step runs, `strength` where no picture is the start."""
    first = event.running[0] if event.running else None
    return {
        "event": "explained",
        "line_number": event.line_number,
        "line": event.line,
        "steps": len(event.levels),
        "steps_run": len(event.running),
        "sampler": event.sampler,
        "evaluations": event.evaluations,
        "strength": event.strength,
        "exact_strength": event.exact_strength,
        "first_sigma": None if first is None else first.sigma,
        "snr_db": None if first is None else first.snr_db,
        "same_strengths": list(event.same_strengths),
        "same_steps": list(event.same_steps),
        "work": event.work,
        "advice": event.advice,
        "path": None if event.path is None else str(event.path),
        "pictures": event.pictures,
        "levels": [asdict(level) for level in event.levels],
    }


@as_object.register
def _shown(event: Shown) -> Object:
    width, height = event.size
    return {
        "event": "shown",
        "path": str(event.path),
        "width": width,
        "height": height,
        "program": event.program,
        "model": event.model,
        "line": event.line,
        "notes": list(event.notes),
    }


@as_object.register
def _notice(event: Notice) -> Object:
    return {"event": "notice", "text": event.text}


@as_object.register
def _fetching(event: Fetching) -> Object:
    return {"event": "fetching", **asdict(event)}


@as_object.register
def _listed(event: Listed) -> Object:
    """`bytes` is null unless the model is in memory."""
    models = [
        {"name": one.name, "state": one.state, "bytes": one.size, "description": one.description}
        for one in event.models
    ]
    return {"event": "models", "models": models}


@as_object.register
def _triggers(event: Triggers) -> Object:
    """`loras` holds names, which a prompt writes withLora(NAME)."""
    return {"event": "triggers", "triggers": list(event.triggers), "loras": list(event.loras)}


@as_object.register
def _remembered(event: Remembered) -> Object:
    return {"event": "history", "lines": [{"number": number, "line": line} for number, line in event.lines]}


@as_object.register
def _defaults(event: Defaults) -> Object:
    return {"event": "defaults", "defaults": [asdict(each) for each in event.values]}


@as_object.register
def _line(event: Line) -> Object:
    return {"event": "line", "line": event.text}


@as_object.register
def _tokens(event: Tokens) -> Object:
    """`picture` counts from 1."""
    return {
        "event": "tokens",
        "picture": event.picture + 1,
        "texts": [asdict(text) for text in event.texts],
    }


@as_object.register
def _ask(event: Ask) -> Object:
    return {"event": "ask", "question": event.question}


@as_object.register
def _failed(event: Failed) -> Object:
    """`column` counts characters from 1, as editors do; null when the place is not known."""
    span = event.error.span
    return {
        "event": "failed",
        "line_number": event.line_number,
        "error": event.error.message,
        "hint": event.error.hint,
        "column": None if span is None else span.start + 1,
    }


@as_object.register
def _summary(event: Summary) -> Object:
    return {"event": "summary", **asdict(event)}
