"""The command line: ``python -m training all --preset cpu-128 --run outputs/training``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from training.presets import PRESETS
from training.stages import STAGES, Recipe, RunLog, with_minutes

CARRIERS = ("pack", "unpack", "adopt")
DEMO = Path(__file__).parent.parent / "invoke_cli" / "data" / "demo"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one stage, or all of them; a stage that was interrupted continues."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("stage", choices=["all", *STAGES, *CARRIERS])
    parser.add_argument("--preset", choices=sorted(PRESETS), default="cpu-128")
    parser.add_argument("--run", type=Path, default=Path("outputs/training"), help="its files")
    parser.add_argument("--parcel", type=Path, help="folder that `pack` fills, `unpack` or `adopt` reads")
    parser.add_argument("--minutes", type=float, help="time budget of the stage, instead of the preset's")
    parser.add_argument("--target", type=Path, default=DEMO, help="where `export` writes the model")
    given = parser.parse_args(arguments)
    preset = PRESETS[given.preset]
    if given.minutes is not None:
        preset = with_minutes(preset, given.stage, given.minutes)
    given.run.mkdir(parents=True, exist_ok=True)
    recipe = Recipe(preset, given.run.resolve(), given.target, RunLog(given.run.resolve()))
    if given.stage in CARRIERS and given.parcel is None:
        parser.error(f"{given.stage} needs --parcel")
    getattr(recipe, given.stage)(*([given.parcel] if given.stage in CARRIERS else []))


if __name__ == "__main__":
    main()
