"""What the approximate switches cost and save on the demo model: `python docs/approximation_errors.py`.

Each picture is held against the exact one of the same line: the root mean square difference of its levels as
a share of the exact picture's own deviation, and CPU time. Prints a table in Markdown.
"""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from invoke_cli.diffusion.generate import Picture, generate  # noqa: E402
from invoke_cli.diffusion.recipe import Recipe  # noqa: E402
from invoke_cli.models.cache import load_from_source  # noqa: E402
from invoke_cli.models.catalog import Catalog  # noqa: E402
from invoke_cli.settings import shipped_directory  # noqa: E402

PROMPTS = (
    "a campfire at night",
    "a tree on a hill with a river",
    "a red house in the snow",
    "a boat on the sea at sunset",
)
WAYS: dict[str, dict[str, Any]] = {
    "--guidance_above 0.3": {"guidance": (0.3, math.inf)},
    "--guidance_above 1": {"guidance": (1.0, math.inf)},
    "--guidance_below 5": {"guidance": (0.0, 5.0)},
    "--guidance_above 0.3 --guidance_below 5": {"guidance": (0.3, 5.0)},
    "--reuse_features 2": {"reuse": 2},
    "--reuse_features 3": {"reuse": 3},
    "--reuse_features 5": {"reuse": 5},
}


def main() -> None:
    """Draw everything, and print the table."""
    catalog = Catalog.read(shipped_directory() / "models.yaml", Path("none"))
    bundle = load_from_source(catalog.find(""), "cpu", "float32")

    def drawn(prompt: str, **way: Any) -> tuple[Any, float]:
        recipe = Recipe(positive=((prompt, 1.0),), width=128, height=128, steps=steps, seed=7, **way)
        started = time.process_time()
        *_, picture = generate(bundle, recipe)
        assert isinstance(picture, Picture)
        return picture.rgb.astype(np.float64), time.process_time() - started

    sys.stdout.write("| switches | steps | difference | CPU time |\n| --- | --- | --- | --- |\n")
    for steps in (20, 50):
        exact = [drawn(prompt) for prompt in PROMPTS]
        exact = [drawn(prompt) for prompt in PROMPTS]  # the first ones also prepare
        for name, way in WAYS.items():
            others = [drawn(prompt, **way) for prompt in PROMPTS]
            pairs = list(zip(exact, others, strict=True))
            error = np.mean([np.sqrt(((a - b) ** 2).mean()) / a.std() for (a, _), (b, _) in pairs])
            share = sum(seconds for _, seconds in others) / sum(seconds for _, seconds in exact)
            sys.stdout.write(f"| `{name}` | {steps} | {error:.3f} | {share:.2f} x |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
