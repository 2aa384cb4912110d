"""What a merged request leaves to be found out: paths, references, the seed, the size."""

from __future__ import annotations

from dataclasses import replace

from invoke_cli.diffusion.samplers import SAMPLERS
from invoke_cli.errors import InvokeError, LineError
from invoke_cli.imaging.init_image import header
from invoke_cli.imaging.sizes import Target, target_size
from invoke_cli.language.request import Request
from invoke_cli.paths import expanded
from invoke_cli.session.anchors import first_of_chain
from invoke_cli.session.dialects.own import PROGRAM
from invoke_cli.session.job import Context, known
from invoke_cli.session.recover import stored_prompt
from invoke_cli.session.references import find_picture, look_back

GRID = 8


def resolve(merged: Request, typed: Request, context: Context) -> tuple[Request, tuple[str, ...]]:
    """Back references, paths, the seed and the sampler's name; and what to say about them."""
    init = _found(merged.init_img, "init_img", context)
    mask = _found(merged.init_mask, "init_mask", context)
    notices = []
    if typed.strength is not None and init is None and merged.hires_fix is not True:
        notices.append("-f has no effect without an init picture (-I) or --hires_fix")
    if typed.invert_mask and init is None:
        notices.append("--invert_mask has no effect without an init picture (-I)")
    prompt = merged.prompt
    if not prompt and init is not None:
        prompt, program = stored_prompt(expanded(init))
        written_by = "" if program in ("", PROGRAM) else f", where {program} wrote it"
        notices += [f"the prompt comes from {init}{written_by}: {prompt}"] if prompt else []
    colours, said = _colours(merged, typed, init, context)
    request = replace(
        merged,
        prompt=prompt,
        init_img=init,
        init_mask=mask,
        init_color=colours,
        sampler=sampler_named(merged.sampler),
        seed=_seed(merged.seed, context),
        seamless=merged.seamless or (typed.seamless is None and typed.seamless_axes is not None),
    )
    return request, (*notices, *said)


def _colours(
    merged: Request, typed: Request, init: str | None, context: Context
) -> tuple[str | None, tuple[str, ...]]:
    """The picture whose colours the result gets: the one named, or the first of the chain; and what to say.

    What is typed beats what is configured. Raises LineError where both are typed.
    """
    if typed.anchor_color is True and typed.init_color is not None:
        raise LineError(
            "--init_color and --anchor_color both say whose colours to take", switch="anchor_color"
        )
    if merged.anchor_color is not True or typed.init_color is not None:
        found = _found(merged.init_color, "init_color", context)
        if found is not None:
            size_of(found, "init_color", context)  # a file that is no picture is found before drawing
        return found, ()
    if init is not None:
        return first_of_chain(init)
    said = "--anchor_color has no effect without an init picture (-I)"
    return None, (said,) if typed.anchor_color else ()


def _found(text: str | None, switch: str, context: Context) -> str | None:
    return None if text is None else find_picture(text, context.pictures, context.outdir, switch)


def sampler_named(name: str | None) -> str:
    """The registered name behind a name or alias. Raises LineError."""
    try:
        return SAMPLERS.canonical(known(name).lower())
    except InvokeError as error:
        raise LineError(error.message, error.hint, switch="sampler") from error


def _seed(seed: int | None, context: Context) -> int:
    if seed is None:
        return context.new_seed()
    return look_back(seed, context.seeds, "seed", "seed") if seed < 0 else seed


def box_of(request: Request, native: int) -> tuple[int, int]:
    """The size asked for, or the native one: of text-to-image, and of what --fit with -W or -H fits into."""
    return (
        request.width if request.width is not None else native,
        request.height if request.height is not None else native,
    )


def find_target(request: Request, typed: Request, context: Context) -> Target:
    """The size of the result: of the init picture's shape if there is one, else as asked for."""
    box = box_of(request, context.facts.native)
    if request.init_img is None:
        return _on_grid(box)
    size = size_of(request.init_img, "init_img", context)
    if request.init_mask is not None:
        size_of(request.init_mask, "init_mask", context)
    target = target_size(
        size,
        fit=request.fit is True,
        box=None if request.width is request.height is None else box,
        native=context.facts.native,
        grow=request.keep_size is not True,
    )
    asked = (typed.width, typed.height)
    if request.fit is not True and any(
        side not in (None, is_) for side, is_ in zip(asked, (target.width, target.height), strict=True)
    ):
        used = f"{target.width}x{target.height}"
        note = f"-W and -H are not used: the init picture's size is, {used}; --fit would use them"
        return replace(target, notes=(*target.notes, note))
    return target


def _on_grid(box: tuple[int, int]) -> Target:
    width, height = (max(GRID, side // GRID * GRID) for side in box)
    if (width, height) == box:
        return Target(width, height, ())
    note = f"{box[0]}x{box[1]} is rounded to {width}x{height}: sizes are multiples of {GRID}"
    return Target(width, height, (note,))


def size_of(path: str, switch: str, context: Context) -> tuple[int, int]:
    """Width and height of a picture file as seen. Raises PictureError that names the switch."""
    if path in context.planned:
        return context.planned[path]
    try:
        return header(expanded(path)).size
    except InvokeError as error:
        error.switch = switch
        raise
