"""Previews: the linear map from latents to colours."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.generate import Picture, generate
from invoke_cli.diffusion.noise import perlin
from invoke_cli.diffusion.preview import KNOWN, ColourMap, error_of, fitted, read_map, write_map
from invoke_cli.errors import ModelError

DEMO = Path(__file__).parents[2] / "invoke_cli" / "data" / "demo"
EXACT = ColourMap(((0.4, 0.1, -0.2), (-0.3, 0.2, 0.1), (0.0, -0.5, 0.3), (0.1, 0.1, 0.1)), (0.2, -0.1, 0.05))


def clouds(seed: int) -> torch.Tensor:
    generator = torch.Generator("cpu").manual_seed(seed)
    return torch.stack([perlin(generator, (4, 16, 16)) for _ in range(3)])


def test_a_linear_decoder_is_found_exactly() -> None:
    latents = clouds(1)
    pixels = torch.nn.functional.interpolate(EXACT.colours(latents), scale_factor=8, mode="nearest")
    found = fitted(latents, pixels)
    np.testing.assert_allclose(found.factors, EXACT.factors, atol=1e-5)
    np.testing.assert_allclose(found.bias, EXACT.bias, atol=1e-5)
    assert error_of(found, latents, pixels) < 1e-5


def test_the_fit_to_a_models_own_decodes_cannot_be_bettered(bundle: Bundle) -> None:
    latents = clouds(2)
    pixels = torch.cat([torch.tensor(bundle.decode(one[None])).movedim(-1, 0)[None] for one in latents])
    pixels = pixels / 127.5 - 1
    found = fitted(latents, pixels)
    least = error_of(found, latents, pixels)
    for row in range(4):
        for change in (-0.03, 0.03):
            factors = list(found.factors)
            factors[row] = (factors[row][0] + change, *factors[row][1:])
            assert error_of(ColourMap(tuple(factors), found.bias), latents, pixels) > least


def test_an_unknown_model_has_its_map_fitted_once(bundle: Bundle) -> None:
    unknown = replace(bundle)
    assert unknown.colour_map() is unknown.colour_map()
    assert len(unknown.colour_map().factors) == 4


@pytest.mark.skipif(not (DEMO / "preview.json").is_file(), reason="the demo model is not in this checkout")
def test_the_demos_map_fits() -> None:
    stored = json.loads((DEMO / "preview.json").read_text(encoding="utf-8"))
    assert read_map(DEMO / "preview.json") is not None
    # On scenes that it was not fitted to; the colours of rendered scenes spread by about 0.5.
    assert stored["rms_error"] < 0.25


def test_a_preview_has_a_pixel_for_each_latent(bundle: Bundle) -> None:
    shown = replace(bundle, colours=EXACT).preview(torch.zeros(1, 4, 6, 8))
    assert shown.shape == (6, 8, 3)
    assert shown.dtype == np.uint8
    assert shown[2, 3].tolist() == [153, 115, 134]  # the bias: 127.5 * (1 + 0.2), and so on


def test_known_autoencoders_need_no_fit(bundle: Bundle) -> None:
    class Config:
        latent_channels = 4
        scaling_factor = 0.18215

    class Vae:
        config = Config

    assert replace(bundle, vae=Vae()).colour_map() is KNOWN[4, 0.18215]


def test_a_map_is_kept_beside_its_model(tmp_path: Path) -> None:
    path = tmp_path / "preview.json"
    assert read_map(path) is None
    write_map(path, EXACT, 0.1)
    assert read_map(path) == EXACT
    path.write_text('{"factors": [[1, 2]], "bias": [0, 0, 0]}')
    with pytest.raises(ModelError, match="not a map of colours"):
        read_map(path)


def test_each_step_says_what_it_began_with(bundle: Bundle, recipe, init: np.ndarray) -> None:  # type: ignore[no-untyped-def]
    stream = generate(bundle, recipe(rgb=init, strength=0.5, steps=6))
    steps = [made for made in stream if not isinstance(made, Picture)]
    assert all(torch.equal(later.before, earlier.x) for earlier, later in pairwise(steps))
    noise = (steps[0].before - bundle.encode(init)) / steps[0].sigma
    assert float(noise.std()) == pytest.approx(1, abs=0.15)
