"""The small first pass of --hires_fix: whether there is one, and what to say of it."""

from __future__ import annotations

from invoke_cli.imaging.sizes import Target, native_size
from invoke_cli.language.request import Request
from invoke_cli.session.job import Context


def first_size_of(request: Request, target: Target, context: Context) -> tuple[int, int] | None:
    """The size of the first pass of --hires_fix, where that makes a difference."""
    is_untouched = request.init_img is not None and request.strength == 0
    if request.hires_fix is not True or is_untouched:
        return None
    return native_size((target.width, target.height), context.facts.native)


def about_first_pass(
    request: Request, first_size: tuple[int, int] | None, target: Target, context: Context
) -> list[str]:
    """What to say of a first pass that is asked for in vain, or that would do good."""
    native, size = context.facts.native, f"{target.width}x{target.height}"
    if request.hires_fix is True and first_size is None:
        return [
            f"--hires_fix changes nothing: {size} is not larger than the model's native {native}x{native}"
        ]
    is_large = target.width * target.height >= 4 * native * native
    if is_large and request.init_img is None and request.hires_fix is not True:
        return [
            f"{size} is far more than the model's native {native}x{native}, and subjects may appear twice: "
            "--hires_fix draws small first"
        ]
    return []
