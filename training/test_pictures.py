"""Make test-pictures/: drawings as people make them, and files as cameras and programs write them.

``python -m training.test_pictures`` writes the same pictures every time; nothing is downloaded.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from training.display_p3 import display_p3_profile
from training.drawings import big_sketch, fire_drawing, tree_and_river
from training.renderer import render

FOLDER = Path(__file__).parent.parent / "test-pictures"
_ORIENTATION = 0x0112


def rendered(seed: int, width: int, height: int, *subjects: str) -> Image.Image:
    """A photograph-like scene of the demo model's world."""
    return Image.fromarray(render(seed, width, height, subjects=subjects, style="photo").rgb)


def with_hole(keep_colours: bool) -> Image.Image:
    """A meadow scene with a round transparent hole; under it the colours are kept, or erased to black."""
    scene = rendered(21, 384, 384, "house", "tree")
    alpha = Image.new("L", scene.size, 255)
    ImageDraw.Draw(alpha).ellipse((96, 120, 272, 296), fill=0)
    alpha = alpha.filter(ImageFilter.GaussianBlur(3)).point(
        [0 if value < 40 else value for value in range(256)]
    )
    pixels = np.asarray(scene).copy()
    if not keep_colours:
        pixels[np.asarray(alpha) == 0] = 0
    picture = Image.fromarray(pixels)
    picture.putalpha(alpha)
    return picture


def _save_rotated(path: Path) -> None:
    """A picture held upright by EXIF alone: stored lying on its side, orientation 6."""
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    upright = rendered(6, 256, 384, "lighthouse")
    upright.transpose(Image.Transpose.ROTATE_90).save(path, quality=88, exif=exif)


def _save_grey16(path: Path) -> None:
    """16 bits of grey: more levels than a byte holds, as scanners write them."""
    grey = np.asarray(rendered(8, 320, 240, "mountain", "lake"), np.float64) @ (0.299, 0.587, 0.114)
    levels: NDArray[np.uint16] = np.rint(grey * 257).astype(np.uint16)
    Image.fromarray(levels).save(path)


def _save_palette(path: Path) -> None:
    """A drawing in 16 colours, of which the paper is transparent."""
    drawing = (
        tree_and_river().resize((384, 256)).quantize(16, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    )
    paper = drawing.getpixel((2, 2))
    drawing.save(path, transparency=paper)


def _save_animated(path: Path) -> None:
    """Three frames of a fire."""
    frames = [rendered(seed, 192, 192, "campfire") for seed in (3, 4, 5)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=200, quality=80, method=4)


WRITERS: dict[str, Callable[[Path], None]] = {
    "tree-and-river-sketch.png": lambda path: tree_and_river().save(path, optimize=True),
    "fire-drawing.png": lambda path: fire_drawing().save(path, optimize=True),
    "big-sketch.png": lambda path: big_sketch().quantize(128).save(path, optimize=True),
    "photo-scene.jpg": lambda path: rendered(12, 768, 512, "boat", "sea", "sun").save(path, quality=88),
    "hole-colours-kept.png": lambda path: with_hole(keep_colours=True).save(path, optimize=True),
    "hole-colours-erased.png": lambda path: with_hole(keep_colours=False).save(path, optimize=True),
    "rotated-exif.jpg": _save_rotated,
    "grey-16bit.png": _save_grey16,
    "cmyk.jpg": lambda path: rendered(9, 256, 256, "flower").convert("CMYK").save(path, quality=88),
    "palette-transparent.png": _save_palette,
    "animated.webp": _save_animated,
    "display-p3.png": lambda path: rendered(3, 256, 256, "fire").save(path, icc_profile=display_p3_profile()),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Write every test picture."""
    parser = argparse.ArgumentParser(prog="python -m training.test_pictures", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    folder: Path = parser.parse_args(arguments).folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, write in WRITERS.items():
        write(folder / name)


if __name__ == "__main__":
    main()
