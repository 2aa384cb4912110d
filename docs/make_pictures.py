"""Makes every picture that the README and docs/ show: `python docs/make_pictures.py`.

Drawn by the embedded demo model from the lines that the documents quote, but for the curves of
docs/sampler_errors.py; running this again gives the same pictures.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from docs import sampler_errors  # noqa: E402
from invoke_cli.imaging.metadata import encode_png  # noqa: E402
from invoke_cli.imaging.sheets import strip  # noqa: E402
from invoke_cli.models.catalog import Catalog  # noqa: E402
from invoke_cli.session.events import Explained, Failed, Saved  # noqa: E402
from invoke_cli.session.schedule_plot import plot  # noqa: E402
from invoke_cli.session.session import Session  # noqa: E402
from invoke_cli.settings import Settings, shipped_directory  # noqa: E402

Pixels = NDArray[np.uint8]
PICTURES = ROOT / "docs" / "pictures"
FRAME = 192

TREE = "tree on a hill with a river, nature photograph, national geographic"
TREE_SKETCH = "-I./test-pictures/tree-and-river-sketch.png"
FIRE_SKETCH = "-I./test-pictures/fire-drawing.png"


def main() -> None:
    """Write all pictures into docs/pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as outdir:
        session = Session(Settings(device="cpu"), Catalog.read(shipped_directory() / "models.yaml"))
        studio = Studio(session, Path(outdir))
        studio.sketch_and_result("tree.png", f"{TREE} {TREE_SKETCH} -f 0.85 -S 539541028")
        studio.strengths("strengths.png", f"fire {FIRE_SKETCH} -s 10 -S 1592514025")
        studio.steps("steps-10.png", "fire -s 10 -S 1592514025")
        for steps, strength in ((10, 0.7), (10, 0.4), (50, 0.4), (30, 0.7), (29, 0.7)):
            line = f"fire {FIRE_SKETCH} -s {steps} -f {strength} -S 1592514025"
            studio.steps(f"steps-{steps}-{strength}.png", line)
        studio.strengths_apart("exact-strength.png", f"fire {FIRE_SKETCH} -s 10 -S 1592514025")
        studio.schedule("schedule-10-0.7.png", f"fire {FIRE_SKETCH} -s 10 -f 0.7")
    sampler_errors.main()


class Studio:
    """Runs lines and puts their results on sheets."""

    def __init__(self, session: Session, outdir: Path) -> None:
        self._session = session
        self._outdir = outdir

    def sketch_and_result(self, name: str, line: str) -> None:
        """The init picture beside what came of it."""
        frames = [self._picture(f"{line} -f 0"), self._picture(line)]
        self._write(name, strip([_enlarged(frame) for frame in frames], ["the sketch", "the picture"]))

    def strengths(self, name: str, line: str) -> None:
        """The same line at several strengths, the init picture first."""
        values = (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 1.0)
        frames = [_enlarged(self._picture(f"{line} -f {value}")) for value in values]
        self._write(name, strip(frames, ["the drawing", *(f"-f {value}" for value in values[1:])]))

    def strengths_apart(self, name: str, line: str) -> None:
        """Two strengths of one step, as they are and as --exact_strength tells them apart."""
        switches = [f"-f {value}{exact}" for exact in ("", " --exact_strength") for value in (0.7, 0.79)]
        frames = [_enlarged(self._picture(f"{line} {switch}")) for switch in switches]
        self._write(name, strip(frames, switches))

    def schedule(self, name: str, line: str) -> None:
        """The plot that `!explain --png` saves."""
        for event in self._session.explain(line):
            if not isinstance(event, Explained):
                raise ValueError(f"{line} cannot be explained")
            self._write(name, plot(event))

    def steps(self, name: str, line: str) -> None:
        """The strip of intermediate results that --save_intermediates makes."""
        asked = f"{line} --save_intermediates 1 --decode_intermediates"
        self._write(name, _read(self._run(asked, "strip")))

    def _picture(self, line: str) -> Pixels:
        return _read(self._run(line, "picture"))

    def _run(self, line: str, kind: str) -> Path:
        found = None
        for event in self._session.run(f"{line} -o {self._outdir}"):
            if isinstance(event, Failed):
                raise event.error
            if isinstance(event, Saved) and event.kind == kind:
                found = event.path
        if found is None:
            raise ValueError(f"no {kind} came of {line}")
        return found

    def _write(self, name: str, sheet: Pixels) -> None:
        (PICTURES / name).write_bytes(encode_png(sheet, {}, 9))


def _read(path: Path) -> Pixels:
    return np.asarray(Image.open(path).convert("RGB"))


def _enlarged(picture: Pixels) -> Pixels:
    """At least FRAME pixels high, so that small pictures can be seen in a browser."""
    height, width, _ = picture.shape
    scale = max(1.0, FRAME / height)
    size = (round(width * scale), round(height * scale))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


if __name__ == "__main__":
    main()
