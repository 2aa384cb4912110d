"""Results that are not made of numbers, as half precision sometimes brings about."""

from __future__ import annotations

from torch import Tensor

from invoke_cli.errors import InvokeError


class NumbersError(InvokeError):
    """A network's result holds NaN or infinity."""


def check_numbers(result: Tensor) -> None:
    """Raise NumbersError unless every value of the result is finite."""
    if not bool(result.isfinite().all()):
        raise NumbersError(
            "the model's result is not a picture: it holds values that are not numbers",
            "a lower guidance scale (-C) or a higher --precision may help",
        )
