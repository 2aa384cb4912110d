"""A session: what a line means and does, told as a stream of events. The one object with state.

What needs NumPy or Pillow is imported by the methods that need it, for the prompt should not wait for them.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from invoke_cli.diffusion.recent import MEGABYTE, Recent
from invoke_cli.diffusion.samplers import SAMPLERS
from invoke_cli.errors import InvokeError, LineError, PromptError
from invoke_cli.language.defaults import builtin, merge
from invoke_cli.language.grammar import Reading, check, read
from invoke_cli.language.request import Request
from invoke_cli.language.world import World
from invoke_cli.models.cache import Budget, ModelCache
from invoke_cli.models.catalog import Catalog
from invoke_cli.models.folders import Folder
from invoke_cli.models.hub import cached_repositories
from invoke_cli.models.wanted import AdapterFolders
from invoke_cli.paths import expanded
from invoke_cli.session.events import Ask, Event, Failed, Notice, Planned
from invoke_cli.session.models import Models
from invoke_cli.session.past import Past
from invoke_cli.session.status import Status
from invoke_cli.session.wildcard_files import WildcardFiles
from invoke_cli.session.writer import Owner, Writer

if TYPE_CHECKING:
    from invoke_cli.diffusion.bundle import Bundle
    from invoke_cli.models.adapters import Wardrobe
    from invoke_cli.models.wanted import Wanted
    from invoke_cli.session.job import Context, Plan
    from invoke_cli.session.outputs import LineOutputs
    from invoke_cli.session.starts import Start
    from invoke_cli.settings import Settings

E = TypeVar("E")


class Session:
    """Runs prompt lines one after another and remembers what they made.

    Nothing heavy happens in the constructor: the model's files are looked at when first needed, and torch
    is imported by the thread that loads the model.
    """

    def __init__(self, settings: Settings, catalog: Catalog, cache: ModelCache | None = None) -> None:
        self.settings = settings
        self.dry_run = settings.dry_run
        budget = Budget(settings.max_loaded_models, settings.max_loaded_gb)
        if cache is None:
            cache = ModelCache(settings.device, settings.precision, budget=budget)
        self.models = Models(catalog, cache, settings.model)
        self._folders = AdapterFolders(
            Folder("LoRA", expanded(settings.lora_directory)),
            Folder("embedding", expanded(settings.embedding_directory)),
            Folder("VAE", expanded(settings.vae_directory)),
        )
        self._wildcards = WildcardFiles(expanded(settings.wildcard_directory))
        self._wardrobe: Wardrobe | None = None
        self._starts: Recent[Start] = Recent(16, 64 * MEGABYTE)
        self._past = Past()
        self._writer = Writer(self._past.note)
        self._chosen = Request()
        # What the lines of a dry run would have made, so that later lines can refer to it.
        self._planned: dict[str, tuple[int, int]] = {}

    @property
    def defaults(self) -> Request:
        """Every layer below the line: built-in, what suits the model, the user's settings, then `chosen`."""
        return merge(merge(merge(builtin(), self.models.suited), self.settings.defaults), self._chosen)

    @property
    def chosen(self) -> Request:
        """What lines of this session have unless they say otherwise."""
        return self._chosen

    def choose(self, request: Request) -> None:
        """Let lines have these values from now on. Raises LineError that names the switch at fault."""
        from invoke_cli.session.plan import refuse_unbuilt
        from invoke_cli.session.resolve import sampler_named

        refuse_unbuilt(request)
        if request.sampler is not None:
            request = replace(request, sampler=sampler_named(request.sampler))
        self._chosen = merge(self._chosen, request)

    def drop(self, names: Iterable[str]) -> None:
        """Take back what was chosen for the switches of these names."""
        unset: dict[str, Any] = dict.fromkeys(names)
        self._chosen = replace(self._chosen, **unset)

    @property
    def pictures(self) -> tuple[Path, ...]:
        """What the last line that drew has made, and a line may refer back to."""
        return self._past.pictures

    @property
    def outdir(self) -> Path:
        """Where pictures go unless a line says otherwise."""
        chosen = self.defaults.outdir
        return expanded(chosen) if chosen is not None else Path("outputs/img-samples")

    def start_loading(self) -> None:
        """Begin to load the model in the background."""
        self.models.cache.start(self.models.active)

    def status(self) -> Status:
        """The model's name and state, the device, and once it is known the size of a plain line's picture."""
        name, state = self.models.active.name, self.models.state()
        if state != "ready":
            return Status(name, self.settings.device, "", state)
        bundle = self.models.lend()
        width, height = self.defaults.width, self.defaults.height
        sides = (bundle.native if side is None else side for side in (width, height))
        return Status(name, bundle.device.type, "x".join(map(str, sides)), state)

    def world(self) -> World:
        """The names that completion may offer."""
        return World(
            images=tuple(str(path) for path in self._past.pictures),
            samplers=tuple(SAMPLERS),
            models=self.models.catalog.names,
            seeds=tuple(str(seed) for seed in self._past.used_seeds),
            terms=self._folders.triggers(),
            loras=tuple(self._folders.loras.files()),
            wildcards=tuple(self._wildcards.names()),
            vaes=tuple(self._folders.vaes.files()),
            hub_ids=cached_repositories(),
            outdir=str(self.outdir),
        )

    def run(self, line: str, line_number: int = 1, *, settles: bool = True) -> Iterator[Event]:
        """Do what the line says. Mistakes come as a `Failed` event, never as an InvokeError.

        settles: wait for the line's last files; else `behind` or `settle` tells what becomes of them.
        """
        yield from self._told(line, line_number)
        yield from self.settle() if settles else ()

    def settle(self) -> Iterator[Event]:
        """Wait for files that are still being written, and tell what became of them."""
        return self._writer.settle()

    def behind(self, events: Generator[E, bool | None, None]) -> Generator[E | Event, bool | None, None]:
        """The events of a line, after those of files that lines before it left to be written."""
        return self._writer.behind(events)

    def _told(self, line: str, line_number: int) -> Iterator[Event]:
        if self.settings.explain:
            yield from self.explain(line, line_number, self.settings.png)
            return
        reading: Reading | None = None
        try:
            reading = read(line)
            yield from self._run(reading, line_number)
        except InvokeError as error:
            yield Failed(line_number, line, _placed(error, reading))

    def compare(self, line: str, line_number: int = 1) -> Iterator[Event]:
        """Draw the line once for each value of its list, `-f 0.2,0.4`, and the strips of all on one sheet.

        Mistakes come as a `Failed` event, as `run`'s do.
        """
        reading: Reading | None = None
        try:
            reading = read(line)
            if not reading.axes:
                raise LineError(
                    "there is nothing to compare in this line",
                    "give a switch several values, as in -f 0.2,0.4,0.6,0.8",
                )
            yield from self._run(reading, line_number, strips=True)
        except InvokeError as error:
            yield Failed(line_number, line, _placed(error, reading))
        yield from self.settle()

    def explain(self, line: str, line_number: int = 1, png: Path | None = None) -> Iterator[Event]:
        """Tell what the line's strength and steps do, as `Explained`; draw nothing but, perhaps, a plot.

        png: a file for the plot that does not exist yet. Mistakes come as `run`'s do.
        """
        from invoke_cli.session.explain import explain
        from invoke_cli.session.schedule_plot import plotted

        reading: Reading | None = None
        try:
            reading = read(line)
            if reading.axes and png is not None:
                raise LineError("a plot shows one line", "give each switch one value, or leave --png out")
            for single in reading.singles():
                check(single.request)
                if single.swept:
                    yield Notice(" ".join(f"{flag} {text}" for _, flag, text in single.swept) + ":")
                explained = explain(single.request, self.defaults, self.models.facts.table, line, line_number)
                yield explained if png is None else plotted(explained, png)
        except InvokeError as error:
            yield Failed(line_number, line, _placed(error, reading))

    def _run(self, reading: Reading, line_number: int, *, strips: bool = False) -> Iterator[Event]:
        from invoke_cli.session.plan import refuse_unbuilt
        from invoke_cli.session.sweep import plan_line

        outputs = self._outputs(reading)
        merged = self._merged(reading)
        lists = [axis.switch for axis in reading.axes]
        if not self.dry_run:
            refuse_unbuilt(merged, lists)
        self._wait_for_references(reading)
        planned = plan_line(reading, self._context(outputs), strips=strips)
        yield from self._carry_out(planned, outputs, reading, line_number)
        # Shown as understood first: a dry run is how other programs see what a line means.
        refuse_unbuilt(merged, lists)

    def _carry_out(
        self, planned: Plan, outputs: LineOutputs, reading: Reading, line_number: int
    ) -> Iterator[Event]:
        """Tell what is planned, and unless it is a dry run, do it."""
        from invoke_cli.session.job import known
        from invoke_cli.session.sweep import swept

        outputs.predict(planned.jobs[0])  # a name that cannot be is found before anything is drawn
        yield from map(Notice, planned.notices)
        pictures = tuple(job.facts() for job in planned.jobs)
        yield Planned(line_number, reading.line, reading.request, pictures, swept(reading.axes))
        if not self.dry_run:
            if (yield from self._agreed(planned)):
                yield from self._draw(planned, outputs, Owner(line_number, reading.line, outputs.outdir))
            return
        made = [(known(job.request.seed), outputs.predict(job)) for job in planned.jobs]
        sizes = [(job.width, job.height) for job in planned.jobs]
        self._planned |= {str(path): size for (_, path), size in zip(made, sizes, strict=True)}
        self._past.remember(made)

    def _agreed(self, planned: Plan) -> Generator[Event, bool | None, bool]:
        """Ask before a sweep draws very many pictures. Raises LineError where nobody answers."""
        count, limit = len(planned.jobs), self.settings.sweep_limit
        if not planned.axes or count <= limit:
            return True
        answer = yield Ask(f"draw {count} pictures?", needed=True)
        if answer is None:
            raise LineError(
                f"a line with lists draws at most {limit} pictures unasked, not {count}",
                f"--yes or --sweep_limit {count} allows it",
            )
        if not answer:
            yield Notice("nothing is drawn")
        return answer

    def _outputs(self, reading: Reading) -> LineOutputs:
        from invoke_cli.session.outputs import LineOutputs

        return LineOutputs(self._merged(reading), self._line_outdir(reading), self.models.active.name)

    def _merged(self, reading: Reading) -> Request:
        return merge(self.defaults, reading.request)

    def _line_outdir(self, reading: Reading) -> Path:
        typed = reading.request.outdir
        return expanded(typed) if typed is not None else self.outdir

    def _context(self, outputs: LineOutputs) -> Context:
        from invoke_cli.session.job import Context

        return Context(
            defaults=self.defaults,
            facts=self.models.facts,
            outdir=outputs.outdir,
            seeds=self._past.seeds,
            pictures=self._past.pictures,
            new_seed=lambda: int.from_bytes(os.urandom(4)),
            predict=outputs.predict,
            folders=self._folders,
            loras=self.models.active.loras,
            vae=self.models.active.vae,
            wildcards=self._wildcards.lines,
            planned=self._planned,
        )

    def _draw(self, planned: Plan, outputs: LineOutputs, owner: Owner) -> Iterator[Event]:
        from invoke_cli.session.draw import draw

        if self.models.state() == "loading":
            yield Notice(f"waiting for the model {self.models.active.name} to load")
        bundle, notices = self._dressed(planned.wanted)
        yield from map(Notice, (*self.models.remarks(bundle, self.settings.precision), *notices))
        yield from self._writer.through(draw(planned, bundle, outputs, self._starts), owner)

    def _dressed(self, wanted: Wanted) -> tuple[Bundle, tuple[str, ...]]:
        """The model with what the line adds to it, and what to say of that."""
        from invoke_cli.models.adapters import Wardrobe

        bundle = self.models.lend()
        self._wardrobe = self._wardrobe or Wardrobe()
        return self._wardrobe.dress(bundle, wanted)

    def _wait_for_references(self, reading: Reading) -> None:
        """Where a line may want what lines before it made, that has to be written first."""
        from invoke_cli.session.references import may_refer

        folders = [owner.outdir for owner in self._writer.owners]
        if folders and any(may_refer(self._merged(single), folders) for single in reading.singles()):
            self._writer.finish()


def _placed(error: InvokeError, reading: Reading | None) -> InvokeError:
    """The error with its place in the line, where only the switch was known."""
    if reading is None:
        return error
    error.span = reading.locate(error)
    if isinstance(error, PromptError) and "prompt" not in reading.spans and reading.request.init_img:
        from_picture = f"the prompt comes from {reading.request.init_img}; type one to use another"
        error.hint = "; ".join(hint for hint in (error.hint, from_picture) if hint)
    return error
