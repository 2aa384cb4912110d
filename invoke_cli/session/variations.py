"""The pictures of one line: a series of seeds, or variations on one seed."""

from __future__ import annotations

from dataclasses import replace

from invoke_cli.diffusion.seeds import series
from invoke_cli.imaging.init_image import header, open_picture
from invoke_cli.language.request import Request
from invoke_cli.paths import expanded
from invoke_cli.session.job import Context, Job, known


def expand(base: Job, request: Request, context: Context) -> tuple[Job, ...]:
    """One job for each picture of the line, each with its own pinned request."""
    count = known(request.iterations)
    amount = request.variation_amount
    if amount is None or amount == 0:
        return tuple(_with_seed(base, seed) for seed in series(known(base.request.seed), count))
    # A result has no transparency, so feeding it back would lose a mask that comes from the init's alpha.
    if request.init_img is None or _is_transparent(request.init_img, context):
        return _varied(base, amount, count)
    return _fed_back(base, amount, count, context)


def _is_transparent(init_img: str, context: Context) -> bool:
    """Whether any pixel is; many programs store transparency that nothing uses."""
    if init_img in context.planned:
        return False
    path = expanded(init_img)
    return header(path).has_alpha and open_picture(path).alpha is not None


def _with_seed(base: Job, seed: int) -> Job:
    return replace(base, request=replace(base.request, seed=seed), name_seed=seed)


def _vary(base: Job, sub_seed: int, amount: float) -> Job:
    variations = (*(base.request.with_variations or ()), (sub_seed, amount))
    return replace(base, request=replace(base.request, with_variations=variations), name_seed=sub_seed)


def _varied(base: Job, amount: float, count: int) -> tuple[Job, ...]:
    """Variations of text-to-image: the noise of the seed, with some of another seed's in it."""
    sub_seeds = series(known(base.request.seed), count + 1)[1:]
    return tuple(_vary(base, sub_seed, amount) for sub_seed in sub_seeds)


def _fed_back(base: Job, amount: float, count: int, context: Context) -> tuple[Job, ...]:
    """Variations of image-to-image: the first from the init picture, the others from that result.

    The later rounds start from a seed of their own: the same noise put twice on a picture burns it.
    """
    own, other, *sub_seeds = series(known(base.request.seed), count + 2)
    first = _vary(_with_seed(base, own), sub_seeds[0], amount)
    again = replace(
        base.request,
        init_img=str(context.predict(first)),
        seed=other,
        fit=False,
        keep_size=True,
        with_variations=None,
    )
    later = replace(base, request=again, after=0)
    return (first, *(_vary(later, sub_seed, amount) for sub_seed in sub_seeds[1:]))
