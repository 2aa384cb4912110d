"""The plot of an explained schedule, as a PNG file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from invoke_cli.errors import OutputError
from invoke_cli.imaging.charts import Axis, Colour, Curve, Rgb, chart
from invoke_cli.imaging.metadata import encode_png
from invoke_cli.paths import expanded
from invoke_cli.session.events import Explained, Level
from invoke_cli.session.files import write_new

RUNS: Colour = (30, 100, 200)
SKIPPED: Colour = (160, 160, 160)
ENTERS: Colour = (210, 90, 30)
SIGMAS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)
STEP_TICKS = 10


def plotted(explained: Explained, path: Path) -> Explained:
    """The same with the plot saved, and where. Raises OutputError."""
    save_plot(explained, expanded(path))
    return replace(explained, path=path)


def save_plot(explained: Explained, path: Path) -> None:
    """Write the plot into a file that does not exist yet. Raises OutputError."""
    if path.suffix.lower() != ".png":
        raise OutputError(f"{path} is no name for a plot", "the plot is a PNG file; end its name with .png")
    if not path.parent.is_dir():
        raise OutputError(f"there is no folder {path.parent} for the plot")
    if not write_new(path, encode_png(plot(explained), {}, 6)):
        raise OutputError(f"{path} exists already", "choose another name for the plot")


def plot(explained: Explained) -> Rgb:
    """The schedule on a logarithmic axis of sigma, and where strength enters it."""
    levels, running = explained.levels, explained.running
    sigmas = [level.sigma for level in levels]
    high, low = max(sigmas) * 1.2, min(*sigmas, max(sigmas) / 2) / 1.2
    up = Axis("sigma", low, high, [tick for tick in SIGMAS if low <= tick <= high], log=True)
    across = Axis("step", 1, max(2, len(levels)), _numbered(len(levels)))
    curves = [Curve(_points([one for one in levels if not one.runs]), SKIPPED, "skipped", line=False)]
    curves = curves if curves[0].points else []
    if running and curves:
        step = running[0].step
        curves.append(Curve([(step, low), (step, high)], ENTERS, "strength enters", dots=False))
    if running:
        curves.append(Curve(_points(running), RUNS, "runs"))
    return chart(_title(explained), across, up, curves, notes=_notes(explained))


def _points(levels: Sequence[Level]) -> list[tuple[float, float]]:
    return [(level.step, level.sigma) for level in levels]


def _numbered(steps: int) -> list[float]:
    """Round numbers of steps to stand at the axis, about `STEP_TICKS` of them."""
    distance = next(d * 10**k for k in range(5) for d in (1, 2, 5) if steps / (d * 10**k) <= STEP_TICKS)
    return [1, *range(distance, steps + 1, distance)] if distance > 1 else [*range(1, steps + 1)]


def _title(explained: Explained) -> str:
    strength = "" if explained.strength is None else f", strength {explained.strength:g}"
    return f"{len(explained.running)} of {len(explained.levels)} steps run{strength} ({explained.sampler})"


def _notes(explained: Explained) -> list[str]:
    """Where the run starts, and the advice."""
    if not explained.running:
        return [explained.advice]
    first = explained.running[0]
    start = f"start: sigma {first.sigma:.3g}, timestep {first.timestep:.1f}, {first.snr_db:+.1f} dB"
    return [start, explained.advice]
