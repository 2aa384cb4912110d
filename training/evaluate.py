"""How good an exported model is: tables by prompt in Markdown, and contact sheets to look at.

``python -m training.evaluate --model invoke_cli/data/demo --run outputs/training`` writes
``evaluation/report.md`` and its sheets into the run folder.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from training.classifier import Report, load_or_train
from training.measures import (
    SKETCH_STEPS,
    Faithfulness,
    Reconstruction,
    Row,
    Speed,
    Studio,
    measure_autoencoder,
    measure_negatives,
    measure_pairs,
    measure_singles,
    measure_sketches,
    measure_speed,
    paint_sizes,
)
from training.sampling import Bytes, Painter
from training.test_pictures import FOLDER

log = logging.getLogger(__name__)


def sheet(rows: Iterable[Bytes], path: Path) -> None:
    """Rows of pictures, uint8 (N, H, W, 3) each, as one picture file."""
    lines = [np.concatenate(list(pictures), axis=1) for pictures in rows]
    Image.fromarray(np.concatenate(lines)).save(path, quality=90)


def sizes_sheet(rows: Sequence[Bytes], path: Path) -> None:
    """Rows of pictures of different sizes below one another."""
    lines = [np.concatenate(list(pictures), axis=1) for pictures in rows]
    width = max(line.shape[1] for line in lines)
    padded = [
        np.pad(line, ((0, 0), (0, width - line.shape[1]), (0, 0)), constant_values=255) for line in lines
    ]
    Image.fromarray(np.concatenate(padded)).save(path, quality=90)


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def singles_section(rows: Sequence[Row], report: Report, folder: Path) -> str:
    """The table of single-subject prompts."""
    sheet((row.pictures for row in rows), folder / "singles.jpg")
    mean = float(np.mean([row.share for row in rows]))
    body = table(
        ("prompt", "main subject", "named"), ((row.prompt, row.wanted, f"{row.share:.0%}") for row in rows)
    )
    text = f"The judge names the main subject of {mean:.1%} of the pictures. Its own skill: {report}."
    return f"## One subject\n\n{text}\n\n{body}\n"


def pairs_section(rows: Sequence[Row], folder: Path) -> str:
    """The table of two-subject prompts."""
    sheet((row.pictures for row in rows), folder / "pairs.jpg")
    mean = float(np.mean([row.share for row in rows]))
    body = table(
        ("prompt", "subjects", "both seen"), ((row.prompt, row.wanted, f"{row.share:.0%}") for row in rows)
    )
    return f"## Two subjects\n\nBoth subjects are seen in {mean:.1%} of the pictures.\n\n{body}\n"


def negatives_section(rows: Sequence[tuple[Row, Row]], folder: Path) -> str:
    """The table of negative prompts."""
    sheet((row.pictures for pair in rows for row in pair), folder / "negatives.jpg")
    lines = ((b.prompt, b.wanted, f"{a.share:.0%}", f"{b.share:.0%}") for a, b in rows)
    return (
        "## Negative prompts\n\n"
        + table(("prompt [negative]", "subject", "seen without", "seen with"), lines)
        + "\n"
    )


def sketches_section(rows: Sequence[Faithfulness], folder: Path) -> str:
    """The table of image-to-image strengths, one sheet for each drawing."""
    for name in dict.fromkeys(row.drawing for row in rows):
        sheet((row.pictures for row in rows if row.drawing == name), folder / f"{Path(name).stem}.jpg")
    text = f"{SKETCH_STEPS} steps, of which the strength leaves its share.\n\n"
    heads = ("drawing", "strength", "edge correlation", "low-pass distance", "subject score")
    lines = (
        (r.drawing, f"{r.strength:g}", f"{r.edges:.2f}", f"{r.distance:.3f}", f"{r.score:.2f}") for r in rows
    )
    return "## Image to image\n\n" + text + table(heads, lines) + "\n"


def autoencoder_section(rows: Sequence[Reconstruction]) -> str:
    """The table of reconstruction quality."""
    heads = ("pictures", "number", "mean PSNR", "worst", "shift of red, green, blue")
    lines = (
        (r.kind, r.count, f"{r.psnr:.1f} dB", f"{r.worst:.1f} dB", ", ".join(f"{s:+.1f}" for s in r.shift))
        for r in rows
    )
    mean = float(np.average([row.psnr for row in rows], weights=[row.count for row in rows]))
    return f"## Autoencoder\n\nMean over all held-out pictures: {mean:.1f} dB.\n\n{table(heads, lines)}\n"


def speed_section(speed: Speed) -> str:
    """The table of times."""
    lines = [("loading", f"{speed.load:.2f} s")]
    lines += [
        (f"guided picture, {steps} steps", f"{seconds:.2f} s") for steps, seconds in speed.pictures.items()
    ]
    return f"## Speed on {speed.threads} CPU threads\n\n{table(('what', 'best of three'), lines)}\n"


def evaluate(model: Path, run: Path, seeds: int, steps: int, scale: float) -> str:
    """Measure everything; returns the report, and writes sheets beside it as they are made."""
    folder = run / "evaluation"
    folder.mkdir(parents=True, exist_ok=True)
    judge, skill = load_or_train(run)
    log.info("classifier: %s", skill)
    studio = Studio(Painter.load(model), judge, seeds, steps, scale)
    sizes_sheet(paint_sizes(studio), folder / "sizes.jpg")
    sections: list[Callable[[], str]] = [
        lambda: singles_section(measure_singles(studio), skill, folder),
        lambda: pairs_section(measure_pairs(studio), folder),
        lambda: negatives_section(measure_negatives(studio), folder),
        lambda: sketches_section(measure_sketches(studio, FOLDER), folder),
        lambda: autoencoder_section(measure_autoencoder(studio.painter, FOLDER)),
        lambda: speed_section(measure_speed(model)),
    ]
    head = f"{seeds} seeds, {steps} k_lms steps, scale {scale:g}, {studio.painter.native} pixels.\n"
    parts = [head]
    for section in sections:
        parts.append(section())
        log.info("%s", parts[-1])
        (folder / "report.md").write_text("\n".join(parts), encoding="utf-8")
    return "\n".join(parts)


def main(arguments: Sequence[str] | None = None) -> None:
    """Evaluate a model."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="an exported diffusers directory")
    parser.add_argument(
        "--run", type=Path, default=Path("outputs/training"), help="classifier and report go here"
    )
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--scale", type=float, default=7.5)
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    evaluate(given.model, given.run, given.seeds, given.steps, given.scale)


if __name__ == "__main__":
    main()
