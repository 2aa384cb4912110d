"""Attention by rows against its definition in double precision."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from invoke_cli.diffusion.alone import Alone
from invoke_cli.diffusion.attention import by_rows, exactly, in_half_precision
from invoke_cli.diffusion.kernels import Packed

Three = tuple[Tensor, Tensor, Tensor]


def defined(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """The attention that these numbers say, laid out as (B, L, heads, d)."""
    scores = q.double() @ k.double().mT / q.shape[-1] ** 0.5
    return (torch.softmax(scores, dim=-1) @ v.double()).transpose(1, 2)


def drawn(queries: int, keys: int, spread: float = 1.0) -> Three:
    """Two rows of three heads; spread: the standard deviation of the scores."""
    torch.manual_seed(5)
    q, k, v = (torch.randn(2, length, 3, 12).transpose(1, 2) for length in (queries, keys, keys))
    return q * spread, k, v


def halved(three: Three) -> Three:
    q, k, v = (one.bfloat16() for one in three)
    return q, k, v


def error(found: Tensor, three: Three) -> float:
    """The root mean square error, as a share of that of what it should be."""
    expected = defined(*three)
    return float((found.double() - expected).square().mean().sqrt() / expected.square().mean().sqrt())


@pytest.mark.parametrize(("queries", "keys"), [(70, 70), (600, 600), (600, 7), (2000, 600)])
def test_in_single_precision_it_is_attention(queries: int, keys: int) -> None:
    three = drawn(queries, keys)
    torch.testing.assert_close(by_rows(*three).double(), defined(*three), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("spread", "most"), [(1.0, 0.006), (2.0, 0.007), (4.0, 0.008)])
def test_in_half_precision_it_errs_by_little_more_than_its_result_is_rounded(
    spread: float, most: float
) -> None:
    """0.0042 to 0.0057 where this was written, with exact scores 0.0023; the result is rounded, too."""
    three = halved(drawn(600, 600, spread))
    assert error(in_half_precision(*three), three) < most
    assert error(exactly(*three), three) < 0.004
    assert by_rows(*three).equal(in_half_precision(*three))


def test_few_keys_are_worth_exact_scores() -> None:
    three = halved(drawn(600, 77))
    assert by_rows(*three).equal(exactly(*three))


def test_scores_that_are_all_large_lose_no_digits() -> None:
    """A sum that all scores of a query share is nothing to softmax; rounded with them, it costs digits."""
    q, k, v = drawn(300, 600)
    q[..., 0], k[..., 0] = 32.0, 16.0
    three = halved((q, k, v))
    rounded = (three[0] / 12**0.5) @ three[1].mT
    assert error((rounded.softmax(-1) @ three[2]).transpose(1, 2), three) > 0.1
    assert error(in_half_precision(*three), three) < 0.01


def high(three: Three, height: float) -> Three:
    """The same with eight keys far above the others, of which none is sampled."""
    q, k, v = three
    q[..., 0], k[..., 0] = 12**0.5, 0.0
    k[:, :, 1:9, 0] = height + torch.linspace(0, 1, 8)
    return halved((q, k, v))


@pytest.mark.parametrize("height", [3.0, 6.0, 10.0, 20.0, 60.0, 300.0])
def test_high_scores_that_no_sampled_key_tells_of(height: float) -> None:
    """Their weights are alike, so that what is lost of the scores does not cancel."""
    three = high(drawn(300, 600), height)
    assert error(in_half_precision(*three), three) < 0.01
    assert height < 10 or in_half_precision(*three).equal(exactly(*three))


def test_a_picture_is_attended_to_as_if_it_were_alone() -> None:
    """Whether a query is exact is its own matter: another picture's numbers change no bit of this one's."""

    class Halved(Packed):
        """Kernels that take this way for whatever they attend to."""

        def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            return in_half_precision(q, k, v)

    plain, peaked = halved(drawn(300, 600)), high(drawn(300, 600), 40.0)
    lost = peaked[0].clone(), peaked[1], peaked[2]
    lost[0][1, 2, 5] = float("nan")
    kernels = Alone(Halved(), 2)
    alone = in_half_precision(*plain)
    for other in (plain, peaked, lost):
        together = kernels.attend(*(torch.cat(pair) for pair in zip(plain, other, strict=True)))
        assert together[:2].equal(alone)


def test_what_is_no_number_stays_none() -> None:
    """A network that has failed must be seen to have."""
    q, k, v = halved(drawn(300, 600))
    v[0, 0, 3, 5] = float("nan")
    assert in_half_precision(q, k, v)[0, :, 0, 5].isnan().all()
