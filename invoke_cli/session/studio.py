"""Pictures drawn several at once, each handed out in its turn as if it had been drawn alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from invoke_cli.diffusion.shortage import is_out_of_memory
from invoke_cli.errors import InvokeError
from invoke_cli.models.memory import free_memory
from invoke_cli.session.events import Notice

if TYPE_CHECKING:
    from torch import Tensor

    from invoke_cli.diffusion.bundle import Bundle
    from invoke_cli.diffusion.generate import Picture
    from invoke_cli.diffusion.recipe import Recipe
    from invoke_cli.diffusion.step import Step
    from invoke_cli.diffusion.together import Kind
    from invoke_cli.models.wanted import Wanted
    from invoke_cli.session.turns import Turn

Made: TypeAlias = "tuple[Step, ...] | Picture | Notice"
"""A step of a picture and then of those drawn along with it; the picture; or something to be told."""

AUTO = 0
"""The batch size that is chosen from free memory."""
SHARE_OF_MEMORY = 0.5
# Beyond these sizes nothing was gained any more where it was measured.
MOST = {"cpu": 8, "cuda": 16, "mps": 8}

SPARING = (
    "there is not enough memory to draw this as usual: both halves of guidance run one after the other, "
    "attention in slices and the VAE in bands, as with --low_memory"
)
AWAY = (
    "there is still not enough memory: the networks also wait in main memory until their turn; "
    "--low_memory does all of that at once"
)


@dataclass(frozen=True, eq=False)
class _Sampled:
    """A picture that was sampled along with another: its steps, its latents, its share of the time."""

    steps: list[Step]
    latents: Tensor
    seconds: float


@dataclass(frozen=True, eq=False)
class _Begun:
    """A picture whose first step was handed to the device while the one before it was decoded."""

    bundle: Bundle
    running: Iterator[Made]
    first: Made

    def made(self) -> Iterator[Made]:
        """All that is made of it."""
        yield self.first
        yield from self.running


class Studio:
    """Dresses models and draws pictures, as many at once as the line allows and memory holds.

    What was drawn ahead of its turn is kept until then, or until `forget`.
    """

    def __init__(self) -> None:
        from invoke_cli.models.adapters import Wardrobe

        self._wardrobe = Wardrobe()
        self._sampled: dict[Recipe, _Sampled] = {}
        self._most: dict[Kind, int] = {}
        self._rungs: dict[tuple[str, int, int], int] = {}
        self._begun: dict[Recipe, _Begun] = {}

    def dress(self, bundle: Bundle, wanted: Wanted) -> tuple[Bundle, tuple[str, ...]]:
        """The model with what a line adds to it, and what to say of that."""
        return self._wardrobe.dress(bundle, wanted)

    def forget(self) -> None:
        """Drop what was drawn ahead: its turn will not come."""
        self._sampled.clear()
        self._begun.clear()

    def stream(self, bundle: Bundle, turn: Turn, batch: int | None, behind: Iterator[Turn]) -> Iterator[Made]:
        """The steps of a picture and then the picture, perhaps drawn along with those behind it."""
        recipe = turn.recipe
        if recipe not in self._sampled and batch is not None and batch != 1:
            yield from self._drawn_ahead(bundle, recipe, batch, behind)
        if recipe in self._sampled:
            yield from self._handed_out(bundle, recipe)
            return
        yield from self._within_memory(bundle, recipe, behind)

    def _within_memory(self, bundle: Bundle, recipe: Recipe, behind: Iterator[Turn]) -> Iterator[Made]:
        """Draw a picture with as little memory as is found to be needed, for its size from then on.

        Raises what torch raises where nothing more can be spared.
        """
        rungs, size = ladder(bundle, recipe), (bundle.name, recipe.width, recipe.height)
        for rung in range(min(self._rungs.get(size, 0), len(rungs) - 1), len(rungs)):
            needed, notice = rungs[rung]
            if rung > self._rungs.get(size, 0):
                self._rungs[size] = rung
                yield Notice(notice)
            try:
                yield from self._alone(bundle, needed, behind)
                return
            except (RuntimeError, MemoryError) as error:
                if rung == len(rungs) - 1 or not is_out_of_memory(error):
                    raise

    def _alone(self, bundle: Bundle, recipe: Recipe, behind: Iterator[Turn]) -> Iterator[Made]:
        begun = self._begun.pop(recipe, None)
        self._begun.clear()  # of a turn that did not come
        if begun is not None and begun.bundle is bundle:
            return begun.made()
        if recipe.low_memory or not goes_on_alone(bundle):
            return _made(bundle, recipe)
        return _made(bundle, recipe, partial(self._begin, bundle, behind))

    def _begin(self, bundle: Bundle, behind: Iterator[Turn]) -> None:
        """Give a GPU the first step of the picture behind, so that it does not run dry between the two."""
        try:
            turn = next(behind, None)
            if turn is None or turn.recipe.low_memory or turn.recipe in self._sampled:
                return
            running = _made(bundle, turn.recipe, partial(self._begin, bundle, behind))
            self._begun[turn.recipe] = _Begun(bundle, running, next(running))
        except (InvokeError, RuntimeError, MemoryError):  # told when its turn comes, if it then is still so
            self._begun.clear()

    def _handed_out(self, bundle: Bundle, recipe: Recipe) -> Iterator[Made]:
        from invoke_cli.diffusion.generate import finished

        sampled = self._sampled.pop(recipe)
        yield from ((step,) for step in sampled.steps)
        picture = finished(bundle, recipe, sampled.latents)
        yield replace(picture, seconds=picture.seconds + sampled.seconds)

    def _drawn_ahead(
        self, bundle: Bundle, recipe: Recipe, batch: int, behind: Iterator[Turn]
    ) -> Iterator[Made]:
        """Sample the picture and others of its kind; fewer of them where memory does not suffice."""
        from invoke_cli.diffusion.numbers import NumbersError
        from invoke_cli.diffusion.together import kind

        of = kind(bundle, recipe)
        if of is None:
            return
        wanted = room(bundle, recipe, batch)
        most = min(wanted, self._most.get(of, wanted))
        recipes = [recipe, *islice(_alike(bundle, of, behind), most - 1)]
        while len(recipes) > 1:
            try:
                yield from self._sample(bundle, recipes)
                return
            except NumbersError:  # of one of them; alone the others are done in their own precision
                return
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            # outside of the handler, whose error holds on to the memory
            self._most[of] = len(recipes) // 2
            yield Notice(_smaller(len(recipes), self._most[of]))
            recipes = recipes[: self._most[of]]

    def _sample(self, bundle: Bundle, recipes: list[Recipe]) -> Iterator[Made]:
        """Yield the steps as they are done; keep the others' steps, and the latents of all."""
        from invoke_cli.diffusion.generate import sample

        started = time.perf_counter()
        steps: list[tuple[Step, ...]] = []
        latents = yield from _noted(sample(bundle, recipes), steps)
        seconds = (time.perf_counter() - started) / len(recipes)
        for index, (recipe, row) in enumerate(zip(recipes, latents.chunk(len(recipes)), strict=True)):
            # those of the first are told already
            its = [of_all[index] for of_all in steps] if index > 0 else []
            self._sampled[recipe] = _Sampled(its, row, seconds)


def ladder(bundle: Bundle, recipe: Recipe) -> list[tuple[Recipe, str]]:
    """The recipe as it is, and then with less and less memory; with what is to be said of each."""
    rungs = [(recipe, "")]
    if not recipe.low_memory:
        rungs.append((replace(recipe, low_memory=True), SPARING))
    if bundle.carrier is not None and not recipe.away:
        rungs.append((replace(recipe, low_memory=True, away=True), AWAY))
    return rungs


def goes_on_alone(bundle: Bundle) -> bool:
    """Whether the model's device computes while the host does something else."""
    return bundle.device.type == "cuda"


def _made(bundle: Bundle, recipe: Recipe, meanwhile: Callable[[], None] | None = None) -> Iterator[Made]:
    from invoke_cli.diffusion.generate import Picture, generate

    for made in generate(bundle, recipe) if meanwhile is None else generate(bundle, recipe, meanwhile):
        yield made if isinstance(made, Picture) else (made,)


def _noted(
    running: Generator[tuple[Step, ...], None, Tensor], steps: list[tuple[Step, ...]]
) -> Generator[tuple[Step, ...], None, Tensor]:
    """The steps, also noted in a list; returns what the generator does."""
    while True:
        try:
            step = next(running)
        except StopIteration as end:
            latents: Tensor = end.value
            return latents
        steps.append(step)
        yield step


def _alike(bundle: Bundle, of: Kind, behind: Iterable[Turn]) -> Iterator[Recipe]:
    """The recipes of the turns behind, as long as they are of this kind.

    One that cannot be prepared ends them: its mistake is told when its turn comes.
    """
    from invoke_cli.diffusion.together import kind

    for turn in behind:
        try:
            recipe = turn.recipe
        except InvokeError:
            return
        if kind(bundle, recipe) != of:
            return
        yield recipe


def room(bundle: Bundle, recipe: Recipe, batch: int) -> int:
    """How many pictures to draw at once: what was asked for, or what fits into half of the free memory."""
    from invoke_cli.diffusion.together import bytes_of

    if batch != AUTO:
        return batch
    if recipe.away:
        bundle.sparing(recipe.thrift).placed()  # weights that will wait elsewhere do so now
    fitting = int(free_memory(bundle.device) * SHARE_OF_MEMORY) // bytes_of(bundle, recipe)
    return max(1, min(fitting, MOST.get(bundle.device.type, 1)))


def _smaller(tried: int, now: int) -> str:
    alone = f"going on with {now} at once" if now > 1 else "drawing them one by one"
    return f"there is not enough memory for {tried} pictures at once: {alone}"
