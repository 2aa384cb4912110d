"""Results that are not made of numbers, as half precision sometimes brings about."""

from __future__ import annotations

import torch
from torch import Tensor

from invoke_cli.errors import InvokeError

READING, ENCODING, SAMPLING, DECODING = (
    "the reading of the prompt", "the encoding of the picture", "the sampling", "the decoding"
)  # fmt: skip
"""The parts of drawing, each with networks of its own."""


class NumbersError(InvokeError):
    """A network's result holds NaN or infinity. part: which part of drawing gave it."""

    def __init__(self, part: str) -> None:
        super().__init__(
            f"the model's result is not a picture: {part} gave values that are not numbers",
            "a lower guidance scale (-C) or a higher --precision may help",
        )
        self.part = part


def extremes(result: Tensor) -> Tensor:
    """The smallest and the largest value, (2,): both are NaN where a value is."""
    return torch.stack(result.aminmax())


def check_numbers(result: Tensor, part: str) -> None:
    """Raise NumbersError unless every value of the result is finite."""
    # no tensor of the result's size is made
    if not bool(extremes(result).isfinite().all()):
        raise NumbersError(part)
