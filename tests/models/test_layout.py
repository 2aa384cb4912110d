"""Weights of convolutions on a GPU: channels last, with the same pictures. The layout asks for no GPU."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from invoke_cli.diffusion.kernels import Plain
from invoke_cli.diffusion.walk import Walk
from invoke_cli.models.adapters import _sum
from invoke_cli.models.networks import lay_out
from tests.tiny import make_unet, make_vae

CUDA = torch.device("cuda")


def convolutions(network: nn.Module) -> list[nn.Conv2d]:
    return [module for module in network.modules() if isinstance(module, nn.Conv2d)]


def is_channels_last(weight: Tensor) -> bool:
    return weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("make", [make_unet, make_vae])
def test_convolutions_are_channels_last_on_cuda_and_nowhere_else(make: Any) -> None:
    network = make()
    for device, is_so in ((torch.device("cpu"), False), (CUDA, True)):
        lay_out((network,), device)
        large = [module.weight for module in convolutions(network) if module.kernel_size != (1, 1)]
        assert large
        assert {is_channels_last(weight) for weight in large} == {is_so}


def test_networks_so_laid_out_compute_the_same() -> None:
    torch.manual_seed(3)
    unet, vae = make_unet(), make_vae()
    turned = copy.deepcopy(unet), copy.deepcopy(vae)
    lay_out(turned, CUDA)
    z, embeddings = torch.randn(1, 4, 8, 8), torch.randn(2, 77, 16)
    with torch.inference_mode():
        results = []
        for one, decoder in ((unet, vae), turned):
            walk = Walk(one, Plain())
            times = walk.times(5.0, torch.float32, None, None)
            results.append((walk(z, times, walk.texts(embeddings, {})), decoder.decode(z).sample))
    torch.testing.assert_close(results[1], results[0], rtol=1e-4, atol=1e-5)


def test_merging_a_lora_leaves_them_so() -> None:
    class Adding:
        def delta(self, shape: Any, _device: Any) -> Tensor:
            return torch.ones(shape)

    convolution = nn.Conv2d(4, 6, 3)
    lay_out((convolution,), CUDA)
    merged = _sum(convolution, [(Adding(), 0.5)], torch.device("cpu"))  # type: ignore[list-item]
    assert is_channels_last(merged)
    assert torch.equal(merged, convolution.weight + 0.5)
