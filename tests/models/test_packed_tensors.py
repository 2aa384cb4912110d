"""Packed tensors made of memory are the packed ones; and nothing is made where torch cannot do it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from invoke_cli.models import packed_tensors
from invoke_cli.models.kept import Kept
from invoke_cli.models.packed_tensors import can_be_made, content_of, layout_of, packed_tensor
from invoke_cli.models.shelf import fill_shelves, shelve
from tests.tiny import make_unet

mkldnn = torch.ops.mkldnn
needed = pytest.mark.skipif(not can_be_made(), reason="torch makes no packed tensors of memory here")


def test_on_linux_torch_can_do_it() -> None:
    """With another version of torch, this tells that nothing is kept any more; all else would be skipped."""
    if sys.platform != "linux" or not torch._C._has_mkldnn:
        pytest.skip("only there is it tried")
    assert can_be_made()


@needed
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_tensor_made_of_its_content_is_the_packed_one(dtype: torch.dtype) -> None:
    if dtype == torch.bfloat16 and not mkldnn._is_mkldnn_bf16_supported():
        pytest.skip("this processor packs no bfloat16")
    torch.manual_seed(1)
    weight, x = torch.randn(40, 24, 3, 3, dtype=dtype), torch.randn(2, 24, 10, 12, dtype=dtype)
    x = x.contiguous(memory_format=torch.channels_last)
    one = (1, 1)
    packed = mkldnn._reorder_convolution_weight(weight, one, one, one, 1, x.shape)
    again = packed_tensor(bytearray(content_of(packed)), tuple(weight.shape), dtype, layout_of(packed))
    expected, found = (
        mkldnn._convolution_pointwise(x, each, None, one, one, one, 1, "none", [], "")
        for each in (packed, again)
    )
    assert torch.equal(expected, found)
    assert torch.equal(again.to_dense(), weight)


@needed
def test_a_layout_of_another_size_is_refused() -> None:
    """What reads beyond a mapping is killed."""
    packed = mkldnn._reorder_linear_weight(torch.ones(64, 48))
    with pytest.raises(OSError, match="size"):
        packed_tensor(bytearray(content_of(packed))[:-64], (64, 48), torch.float32, layout_of(packed))


def test_where_torch_cannot_do_it_there_is_no_shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError("no such symbol")

    unet = make_unet()
    can_be_made.cache_clear()
    monkeypatch.setattr(packed_tensors, "packed_tensor", refused)
    try:
        shelve(unet, Kept(tmp_path, 2**40), "unet")
    finally:
        can_be_made.cache_clear()
    assert not hasattr(unet, "shelf")
    fill_shelves([unet])
