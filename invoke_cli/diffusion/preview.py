"""Colours of latents without the decoder: a linear map, one coloured pixel for each latent.

It shows what a decoded picture would, at an eighth of its size and a thousandth of its cost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from invoke_cli.errors import ModelError

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class ColourMap:
    """Red, green and blue of a latent with C channels: its channels times `factors`, plus `bias`.

    factors: C rows. Colours go from -1 to 1, as the decoder's do; latents are of about unit variance.
    """

    factors: tuple[Colour, ...]
    bias: Colour = (0.0, 0.0, 0.0)

    def colours(self, latents: Tensor) -> Tensor:
        """Latents (1, C, h, w) as colours, (1, 3, h, w) float32 on the CPU."""
        channels = latents.float().cpu()
        factors = torch.tensor(self.factors)
        bias = torch.tensor(self.bias)
        return torch.einsum("nchw,ck->nkhw", channels, factors) + bias[:, None, None]


# By the latents' channels and the VAE's scaling factor. Both are InvokeAI's (Apache 2.0, in its
# util/step_callback.py): of Stable Diffusion 1.x, whose VAE differs little from that of 2.x, made by
# hotgrits (pull request 1329 there); of SDXL, made by StAlKeR7779.
KNOWN: Mapping[tuple[int, float], ColourMap] = {
    (4, 0.18215): ColourMap(
        (
            (0.3444, 0.1385, 0.0670),
            (0.1247, 0.4027, 0.1494),
            (-0.3192, 0.2513, 0.2103),
            (-0.1307, -0.1874, -0.7445),
        )
    ),
    (4, 0.13025): ColourMap(
        (
            (0.3816, 0.4930, 0.5320),
            (-0.3753, 0.1631, 0.1739),
            (0.1770, 0.3588, -0.2048),
            (-0.4350, -0.2644, -0.4289),
        )
    ),
}


def fitted(latents: Tensor, pixels: Tensor) -> ColourMap:
    """The map with the least squared error between latents and the pictures that they stand for.

    latents: (N, C, h, w). pixels: (N, 3, H, W) in -1..1, H and W multiples of h and w; each latent is
    held against the mean colour of the pixels that it covers.
    """
    means = _means(pixels, latents)
    rows = latents.double().cpu().movedim(1, -1).flatten(0, 2)
    design = torch.cat([rows, torch.ones_like(rows[:, :1])], dim=1)
    # "gelsd" also copes with channels that hardly vary.
    answer = torch.linalg.lstsq(design, means.double().movedim(1, -1).flatten(0, 2), driver="gelsd")
    *factors, bias = [(red, green, blue) for red, green, blue in answer.solution.tolist()]
    return ColourMap(tuple(factors), bias)


def error_of(colours: ColourMap, latents: Tensor, pixels: Tensor) -> float:
    """The root mean square difference of colours, in -1..1, between the map and the pictures' means."""
    return float((colours.colours(latents) - _means(pixels, latents)).square().mean().sqrt())


def _means(pixels: Tensor, latents: Tensor) -> Tensor:
    """The mean colour of the pixels that each latent covers, (N, 3, h, w)."""
    height, width = latents.shape[-2:]
    return torch.nn.functional.adaptive_avg_pool2d(pixels.float().cpu(), (height, width))


def write_map(path: Path, colours: ColourMap, error: float) -> None:
    """Keep a map beside the model that it was fitted for."""
    rounded = [[round(value, 4) for value in row] for row in (*colours.factors, colours.bias)]
    stored = {"factors": rounded[:-1], "bias": rounded[-1], "rms_error": round(error, 4)}
    path.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


def read_map(path: Path) -> ColourMap | None:
    """The map that lies beside a model, None where there is none. Raises ModelError for a damaged one."""
    if not path.is_file():
        return None
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        *factors, bias = [_colour(row) for row in (*stored["factors"], stored["bias"])]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} is not a map of colours: {error}") from error
    return ColourMap(tuple(factors), bias)


def _colour(row: list[float]) -> Colour:
    red, green, blue = map(float, row)
    return red, green, blue
