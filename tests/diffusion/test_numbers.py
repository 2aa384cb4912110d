"""What is not a number is found, whichever and wherever; what is large is not taken for it."""

import numpy as np
import pytest
import torch

from invoke_cli.diffusion.coding import levels_of
from invoke_cli.diffusion.numbers import DECODING, NumbersError, check_numbers

DTYPES = (torch.float32, torch.float16, torch.bfloat16)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("place", [0, 57, -1])
def test_values_that_are_no_numbers_are_found(dtype, value, place):
    result = torch.linspace(-3, 3, 2 * 3 * 5 * 7).to(dtype)
    result[place] = value
    laid_out = result.reshape(2, 3, 5, 7).to(memory_format=torch.channels_last)
    with pytest.raises(NumbersError, match="the decoding gave values that are not numbers"):
        check_numbers(laid_out, DECODING)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_largest_numbers_are_numbers(dtype):
    most = torch.finfo(dtype).max
    check_numbers(torch.tensor([most, -most, most, 0.0], dtype=dtype), DECODING)


def test_pixels_become_the_nearest_levels_and_stay_as_they_were():
    pixels = torch.tensor([-2.0, -1.0, -0.996, 0.0, 0.999, 1.0, 7.0]).repeat(3, 1)[None, :, None]
    before = pixels.clone()
    levels = levels_of(pixels)
    # round((p + 1) * 127.5), halves to even, and held within 0..255
    expected = [0, 0, 1, 128, 255, 255, 255]
    np.testing.assert_array_equal(levels, np.stack([expected] * 3, axis=-1)[None])
    assert torch.equal(pixels, before)
