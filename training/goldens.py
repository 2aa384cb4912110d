"""What an exported model is known to draw, in a few numbers: ``python -m training.goldens MODEL FILE``.

Numbers, not pictures or hashes: processors round differently, and a mean forgives it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from training.sampling import Bytes, Painter, Request

PROMPTS = ("a campfire at night", "a house by a lake", "pencil sketch of a tree", "a cactus in the desert")
SEED = 42
STEPS = 10
CELLS = 4


def draw(folder: Path) -> Bytes:
    """Draw the prompts with the model in `folder`, float32 on the CPU. Returns uint8 (B, H, W, 3)."""
    return Painter.load(folder).paint([Request(prompt, SEED) for prompt in PROMPTS], STEPS)


def statistics(pixels: Bytes) -> dict[str, dict[str, Any]]:
    """Deviation, and mean colours of a 4x4 grid, of each prompt's picture, in levels of 0..255."""
    count, height, width, _ = pixels.shape
    cells = pixels.reshape(count, CELLS, height // CELLS, CELLS, width // CELLS, 3).mean(axis=(2, 4))
    return {
        prompt: {"deviation": round(float(picture.std()), 1), "grid": np.round(grid, 1).tolist()}
        for prompt, picture, grid in zip(PROMPTS, pixels, cells, strict=True)
    }


if __name__ == "__main__":
    model, target = map(Path, sys.argv[1:])
    target.write_text(json.dumps(statistics(draw(model)), indent=1) + "\n", encoding="utf-8")
