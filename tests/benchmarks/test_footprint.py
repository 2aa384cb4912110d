"""Counted bytes: by hand where that can be done, and within what drawing is said to take."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from benchmarks.footprint import META, low_memory, network, peak, step, usual, weight_of


def test_what_is_alive_at_once_is_counted_once() -> None:
    def run() -> None:
        a = torch.empty(1000, dtype=torch.float32, device=META)  # 4000
        b = a * 2  # and 4000
        view = b[::2]
        del b  # which the view holds
        c = view + 1  # and 2000, the most
        del view, a
        torch.cat([c, c])  # 2000 and 4000

    assert peak(run) == 10_000


def test_weights_are_not_made_by_a_run() -> None:
    layer = nn.Linear(10, 20, bias=False, device=META)
    x = torch.empty(1, 10, device=META)
    assert peak(lambda: nn.functional.linear(x, layer.weight.flatten(1)), layer) == 4 * 20


def test_a_step_of_a_unet_holds_its_skips() -> None:
    unet = network("unet")
    assert weight_of(unet) == 2 * 859_520_964  # Stable Diffusion 1.5's, as everybody counts them
    one, both = step(unet, 1, 64, 64), step(unet, 2, 64, 64)
    skips = 2 * (4 * 320 * 64**2 + 3 * 640 * 32**2 + 3 * 1280 * 16**2 + 2 * 1280 * 8**2)
    assert one > skips
    assert 1.8 < both / one < 2


@pytest.mark.parametrize(("count", "least", "most"), [(usual, 2.13e9, 3.2e9), (low_memory, 0.4e9, 1.0e9)])
def test_pictures_of_512_pixels_fit(count: object, least: float, most: float) -> None:
    assert callable(count)
    assert least < count(512, 512).peak <= most
