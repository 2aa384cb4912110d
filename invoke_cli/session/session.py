"""A session: what a line means and does, told as a stream of events. The one object with state.

What needs NumPy or Pillow is imported by the methods that need it, for the prompt should not wait for them.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from invoke_cli.diffusion.recent import MEGABYTE, Recent
from invoke_cli.diffusion.samplers import SAMPLERS
from invoke_cli.errors import InvokeError, LineError
from invoke_cli.language.defaults import builtin, merge
from invoke_cli.language.grammar import Reading, read
from invoke_cli.language.request import Request
from invoke_cli.language.world import World
from invoke_cli.models.cache import ModelCache
from invoke_cli.models.catalog import Catalog
from invoke_cli.models.folders import Folder
from invoke_cli.models.hub import cached_repositories
from invoke_cli.models.libraries import import_behind
from invoke_cli.models.wanted import AdapterFolders
from invoke_cli.paths import expanded
from invoke_cli.session.events import Event, Notice, Planned
from invoke_cli.session.fetching import with_vae
from invoke_cli.session.lookahead import Following, Lookahead, Prepared, nothing
from invoke_cli.session.models import Models, cache_for
from invoke_cli.session.past import Past
from invoke_cli.session.status import Status
from invoke_cli.session.telling import told
from invoke_cli.session.wildcard_files import WildcardFiles
from invoke_cli.session.writer import Owner, Writer

if TYPE_CHECKING:
    from invoke_cli.session.job import Context
    from invoke_cli.session.outputs import LineOutputs
    from invoke_cli.session.starts import Start
    from invoke_cli.session.studio import Studio
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
        self.models = Models(catalog, cache_for(settings) if cache is None else cache, settings.model)
        self._folders = AdapterFolders(
            Folder("LoRA", expanded(settings.lora_directory)),
            Folder("embedding", expanded(settings.embedding_directory)),
            Folder("VAE", expanded(settings.vae_directory)),
        )
        self._wildcards = WildcardFiles(expanded(settings.wildcard_directory))
        self._starts: Recent[Start] = Recent(16, 64 * MEGABYTE)
        self._studio: Studio | None = None
        self._lookahead = Lookahead(self._prepared_ahead)
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

    def run(
        self, line: str, line_number: int = 1, *, settles: bool = True, following: Following = nothing
    ) -> Iterator[Event]:
        """Do what the line says. Mistakes come as a `Failed` event, never as an InvokeError.

        settles: wait for the line's last files; else `behind` or `settle` tells what becomes of them.
        following: lines that will be run next, for their pictures may be drawn along where `batch` says so.
        """
        if self.settings.explain:
            yield from self.explain(line, line_number, self.settings.png)
        else:
            tell = partial(self._run, line_number=line_number, following=following)
            yield from told(line, line_number, tell)
        yield from self.settle() if settles else ()

    def settle(self) -> Iterator[Event]:
        """Wait for files that are still being written, and tell what became of them."""
        return self._writer.settle()

    def behind(self, events: Generator[E, bool | None, None]) -> Generator[E | Event, bool | None, None]:
        """The events of a line, after those of files that lines before it left to be written."""
        return self._writer.behind(events)

    def compare(self, line: str, line_number: int = 1) -> Iterator[Event]:
        """Draw the line once for each value of its list, `-f 0.2,0.4`, and the strips of all on one sheet.

        Mistakes come as a `Failed` event, as `run`'s do.
        """
        yield from told(line, line_number, partial(self._compare, line_number=line_number))
        yield from self.settle()

    def _compare(self, reading: Reading, line_number: int) -> Iterator[Event]:
        if not reading.axes:
            raise LineError(
                "there is nothing to compare in this line",
                "give a switch several values, as in -f 0.2,0.4,0.6,0.8",
            )
        yield from self._run(reading, line_number, strips=True)

    def explain(self, line: str, line_number: int = 1, png: Path | None = None) -> Iterator[Event]:
        """Tell what the line's strength and steps do, as `Explained`; draw nothing but, perhaps, a plot.

        png: a file for the plot that does not exist yet. Mistakes come as `run`'s do.
        """
        from invoke_cli.session.explain import explanations
        from invoke_cli.session.inits import several

        def tell(reading: Reading) -> Iterator[Event]:
            files = partial(several, outdir=self._line_outdir(reading), planned=self._planned)
            return explanations(reading, self.defaults, self.models.facts.table, line_number, png, files)

        yield from told(line, line_number, tell)

    def _run(
        self,
        reading: Reading,
        line_number: int,
        *,
        strips: bool = False,
        following: Following = nothing,
    ) -> Iterator[Event]:
        if not self.dry_run:
            import_behind()  # first, for it goes on while the line is planned
        from invoke_cli.session.plan import refuse_unbuilt

        if self.models.facts.unsure and not self.dry_run:
            yield from self.models.awaited()  # only then its size is known
        line = self._taken(reading.line) or self._prepared(reading, strips=strips)
        yield from self._carry_out(line, line_number, following)
        # Shown as understood first: a dry run is how other programs see what a line means.
        refuse_unbuilt(self._merged(reading), [axis.switch for axis in reading.axes])

    def _taken(self, text: str) -> Prepared | None:
        """The line, if it was planned along with one before; if not, all that was done early is dropped."""
        line = self._lookahead.take(text)
        if line is None and self._studio is not None:
            self._studio.forget()
        return line

    def _prepared(self, reading: Reading, *, strips: bool = False) -> Prepared:
        from invoke_cli.session.plan import refuse_unbuilt
        from invoke_cli.session.sweep import plan_line
        from invoke_cli.session.turns import Turns

        outputs = self._outputs(reading)
        if not self.dry_run:
            refuse_unbuilt(self._merged(reading), [axis.switch for axis in reading.axes])
        self._wait_for_references(reading)
        planned = plan_line(reading, self._context(outputs), strips=strips)
        return Prepared(reading, planned, outputs, Turns(planned, self._starts))

    def _prepared_ahead(self, text: str) -> Prepared | None:
        """The line planned before its turn, unless that has to wait; then its mistakes wait, too."""
        from invoke_cli.session.references import may_refer

        try:
            reading = read(text)
            if reading.axes or may_refer(self._merged(reading), ()):
                return None
            line = self._prepared(reading)
        except InvokeError:
            return None
        return None if any(job.after is not None for job in line.plan.jobs) else line

    def _carry_out(self, line: Prepared, line_number: int, following: Following) -> Iterator[Event]:
        """Tell what is planned, and unless it is a dry run, do it."""
        from invoke_cli.session.job import known
        from invoke_cli.session.sweep import agreed

        reading, planned, outputs = line.reading, line.plan, line.outputs
        outputs.predict(planned.jobs[0])  # a name that cannot be is found before anything is drawn
        pictures = tuple(job.facts() for job in planned.jobs)
        plan = Planned(line_number, reading.line, reading.request, pictures, planned.sweep)
        telling: tuple[Event, ...] = (*map(Notice, planned.notices), plan)
        if not self.dry_run:
            if (yield from agreed(planned, telling, self.settings.sweep_limit)):
                line.turns.following = lambda: self._lookahead.turns(line, following)
                yield from self._draw(line, Owner(line_number, reading.line, outputs.outdir))
            return
        yield from telling
        made = [(known(job.request.seed), outputs.predict(job)) for job in planned.jobs]
        sizes = [(job.width, job.height) for job in planned.jobs]
        self._planned |= {str(path): size for (_, path), size in zip(made, sizes, strict=True)}
        self._past.remember(made)

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
            guidance_share=1.0 if (share := self.models.active.guidance_share) is None else share,
            wildcards=self._wildcards.lines,
            model=self.models.active.name,
            planned=self._planned,
        )

    def _draw(self, line: Prepared, owner: Owner) -> Iterator[Event]:
        from invoke_cli.session.draw import draw
        from invoke_cli.session.studio import Studio

        self._studio = self._studio or Studio()
        wanted = yield from with_vae(line.plan.wanted)
        line = replace(line, plan=replace(line.plan, wanted=wanted))
        bundle, notices = self._studio.dress((yield from self.models.awaited()), wanted)
        yield from map(Notice, (*self.models.remarks(bundle, self.settings.precision), *notices))
        drawing = draw(line.plan, bundle, line.outputs, line.turns, self._studio)
        yield from self._writer.through(drawing, owner)

    def _wait_for_references(self, reading: Reading) -> None:
        """Where a line may want what lines before it made, that has to be written first."""
        from invoke_cli.session.references import may_refer

        folders = [owner.outdir for owner in self._writer.owners]
        if folders and any(may_refer(self._merged(single), folders) for single in reading.singles()):
            self._writer.finish()
