"""The committed test pictures are what their names say, and the script still makes them."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from training.test_pictures import FOLDER, WRITERS


def opened(name: str) -> Image.Image:
    return Image.open(FOLDER / name)


def test_every_picture_is_committed_and_the_folder_is_small() -> None:
    files = {path.name: path.stat().st_size for path in FOLDER.iterdir() if not path.name.startswith(".")}
    assert set(WRITERS) <= set(files)
    assert sum(files.values()) < 2_500_000


@pytest.mark.parametrize("name", ["fire-drawing.png", "tree-and-river-sketch.png", "display-p3.png"])
def test_the_script_makes_the_same_file_twice(tmp_path: Path, name: str) -> None:
    for copy in ("first.png", "second.png"):
        WRITERS[name](tmp_path / copy)
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()


def test_drawings_have_the_sizes_the_guides_speak_of() -> None:
    assert min(opened("tree-and-river-sketch.png").size) >= 512
    assert min(opened("fire-drawing.png").size) >= 512
    assert opened("big-sketch.png").size == (2000, 1400)


def test_drawings_leave_paper_bare() -> None:
    for name, least in (
        ("tree-and-river-sketch.png", 0.35),
        ("fire-drawing.png", 0.2),
        ("big-sketch.png", 0.5),
    ):
        bright = np.asarray(opened(name).convert("RGB")).min(axis=-1) > 235
        assert bright.mean() > least, name


def test_the_fire_is_where_the_fireplace_opens() -> None:
    rgb = np.asarray(opened("fire-drawing.png").convert("RGB")).astype(int)
    warm = (rgb[..., 0] > 190) & (rgb[..., 2] < 80)
    rows, columns = np.nonzero(warm)
    assert 0.55 < rows.mean() / rgb.shape[0] < 0.9
    assert 0.4 < columns.mean() / rgb.shape[1] < 0.6


def test_hidden_colours_are_kept_in_one_and_erased_in_the_other() -> None:
    kept, erased = (np.asarray(opened(f"hole-colours-{word}.png")) for word in ("kept", "erased"))
    hole = kept[..., 3] == 0
    assert 0.05 < hole.mean() < 0.4
    assert np.array_equal(kept[..., 3], erased[..., 3])
    assert kept[hole][:, :3].max() > 60
    assert erased[hole][:, :3].max() == 0
    assert np.array_equal(kept[~hole], erased[~hole])


def test_the_rotated_picture_stands_upright_once_exif_is_heeded() -> None:
    picture = opened("rotated-exif.jpg")
    assert picture.width > picture.height
    upright = ImageOps.exif_transpose(picture)
    assert upright.height > upright.width
    rgb = np.asarray(upright).astype(int)
    red = (rgb[..., 0] - rgb[..., 2]) > 90
    assert red[: upright.height // 2].sum() > red[-upright.height // 4 :].sum()


def test_odd_modes_are_what_they_claim() -> None:
    grey = opened("grey-16bit.png")
    assert grey.mode == "I;16"
    assert len(np.unique(np.asarray(grey))) > 256
    assert opened("cmyk.jpg").mode == "CMYK"
    palette = opened("palette-transparent.png")
    assert palette.mode == "P"
    assert np.asarray(palette.convert("RGBA"))[..., 3].min() == 0
    assert getattr(opened("animated.webp"), "n_frames", 1) == 3


def test_the_wide_gamut_picture_carries_its_profile() -> None:
    picture = opened("display-p3.png")
    profile = ImageCms.ImageCmsProfile(BytesIO(picture.info["icc_profile"]))
    assert ImageCms.getProfileDescription(profile).strip() == "Display P3"
    plain = ImageCms.profileToProfile(
        Image.new("RGB", (1, 1), (200, 100, 60)), profile, ImageCms.createProfile("sRGB")
    )
    assert plain is not None
    red, green, blue = plain.getpixel((0, 0))
    assert red > 205
    assert green < 98
    assert blue < 50
