"""Attention in slices: the same within rounding, with no more scores at once than was said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.engines import Eager, Graphed
from invoke_cli.diffusion.generate import Picture, generate
from invoke_cli.diffusion.kernels import Plain
from invoke_cli.diffusion.sliced import Sliced, writes_scores
from invoke_cli.diffusion.thrift import Thrift


class Noted(Plain):
    """Kernels that note how many bytes of scores each attention has."""

    def __init__(self) -> None:
        self.scores: list[int] = []

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        self.scores.append(4 * q.shape[:3].numel() * k.shape[2])
        return super().attend(q, k, v)


def rows(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape))).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize(("places", "words"), [(60, 60), (61, 7), (1, 90)])
@pytest.mark.parametrize("most", [1, 1000, 5000, 10**6])
def test_slices_are_the_whole(places: int, words: int, most: int, dtype: torch.dtype) -> None:
    q, k, v = (rows(2, 3, length, 8, dtype=dtype) for length in (places, words, words))
    noted = Noted()
    with sdpa_kernel(SDPBackend.MATH):
        whole = Plain().attend(q, k, v)
        found = Sliced(noted, most).attend(q, k, v)
    assert found.shape == whole.shape == (2, places, 3, 8)
    torch.testing.assert_close(found, whole)
    assert max(noted.scores) <= max(most, 4 * words)  # at least one query at a time
    assert sum(noted.scores) == 4 * 6 * places * words


def test_what_keeps_no_scores_is_left_alone() -> None:
    q = rows(1, 2, 64, 8)
    noted = Noted()
    assert not writes_scores(q, q, q)
    assert torch.equal(Sliced(noted, 100).attend(q, q, q), Plain().attend(q, q, q))
    assert len(noted.scores) == 1


def test_devices_that_cannot_be_asked_are_spared(monkeypatch: pytest.MonkeyPatch) -> None:
    q = rows(1, 2, 64, 8)
    assert writes_scores(*(each.to("meta") for each in (q, q, q)))
    monkeypatch.delattr(torch, "_fused_sdp_choice")
    assert writes_scores(q, q, q)


def test_a_picture_with_sliced_attention(
    bundle: Bundle, recipe: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invoke_cli.diffusion.sliced.writes_scores", lambda *_: True)
    monkeypatch.setattr(Sliced.__init__, "__defaults__", (2000,))
    counted: list[int] = []
    own = Plain.attend

    def counting(self: Plain, *given: Tensor) -> Tensor:
        counted.append(len(given[0]))
        return own(self, *given)

    monkeypatch.setattr(Plain, "attend", counting)
    monkeypatch.setattr("invoke_cli.diffusion.bundle.packs", lambda *_: False)
    pictures = []
    for asked in (recipe(), recipe(low_memory=True)):
        counted.clear()
        pictures.append([*generate(bundle, asked)][-1])
        calls = len(counted)
    usual, spared = pictures
    assert isinstance(usual, Picture)
    assert isinstance(spared, Picture)
    assert calls > 4 * 2 * 10  # steps, halves, attentions
    assert set(counted) == {1}
    assert np.abs(usual.rgb.astype(int) - spared.rgb).max() <= 1


def test_a_sparing_walk_is_not_captured(bundle: Bundle) -> None:
    on_gpu = replace(bundle, device=torch.device("cuda"))
    assert isinstance(on_gpu.engine, Graphed)
    assert isinstance(on_gpu.sparing(Thrift(tiled=True)).engine, Graphed)
    for thrift in (Thrift(sliced=True), Thrift(away=True)):
        assert isinstance(on_gpu.sparing(thrift).engine, Eager)
