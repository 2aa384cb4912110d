"""From networks to denoisers, and what wraps around them."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.conditioning import Conditioning
from invoke_cli.diffusion.denoiser import guided, keep_outside, predictor, thresholded
from invoke_cli.diffusion.samplers import SAMPLERS
from invoke_cli.diffusion.schedule import plan_schedule
from invoke_cli.errors import ModelError


class Oracle:
    """A network that knows the clean latents, and answers in the terms it was trained in."""

    def __init__(self, bundle: Bundle, clean: Tensor) -> None:
        self.config = SimpleNamespace(in_channels=4)
        self.bundle, self.clean = bundle, clean
        self.asked: list[tuple[Tensor, Tensor]] = []

    def __call__(self, z: Tensor, t: Tensor, _embeddings: Tensor) -> Any:
        self.asked.append((z, t))
        sigma = self.bundle.table.sigma_of(float(t[0]))
        alpha = 1 / math.sqrt(1 + sigma**2)  # z = alpha * clean + alpha * sigma * noise
        noise = (z.double() / alpha - self.clean) / sigma
        answers = {
            "epsilon": noise,
            "v_prediction": alpha * noise - alpha * sigma * self.clean,
            "sample": self.clean.expand_as(z),
        }
        return SimpleNamespace(sample=answers[self.bundle.prediction].to(z.dtype))


@pytest.fixture
def clean() -> Tensor:
    return torch.linspace(-1, 1, 4 * 6 * 6, dtype=torch.float64).reshape(1, 4, 6, 6)


@pytest.fixture
def x(clean: Tensor) -> Tensor:
    noise = torch.randn(clean.shape, generator=torch.Generator("cpu").manual_seed(1))
    return (clean + 2.5 * noise).float()


EMBEDDINGS = torch.zeros(1, 77, 16)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
def test_predictions_give_the_clean_latents(
    prediction: str, bundle: Bundle, clean: Tensor, x: Tensor
) -> None:
    told = replace(bundle, prediction=prediction)
    asked = replace(told, unet=Oracle(told, clean))
    found = predictor(asked)(x, 2.5, EMBEDDINGS)
    assert found.dtype == torch.float32
    assert torch.allclose(found.double(), clean, atol=1e-5)


def test_the_network_sees_unit_variance_and_a_fractional_timestep(
    bundle: Bundle, clean: Tensor, x: Tensor
) -> None:
    oracle = Oracle(bundle, clean)
    sigma = bundle.table.sigma_of(123.25)
    predictor(replace(bundle, unet=oracle))(x, sigma, EMBEDDINGS)
    z, t = oracle.asked[0]
    assert torch.allclose(z, x / math.sqrt(1 + sigma**2))
    assert t.tolist() == pytest.approx([123.25], abs=1e-4)


def test_a_fractional_timestep_reaches_the_real_unet(bundle: Bundle, x: Tensor) -> None:
    predict = predictor(bundle)
    at = [predict(x, bundle.table.sigma_of(t), EMBEDDINGS) for t in (100.0, 100.5, 101.0)]
    assert not torch.equal(at[0], at[1])
    assert not torch.equal(at[1], at[2])


def test_half_precision_stays_inside_the_network(bundle: Bundle, clean: Tensor, x: Tensor) -> None:
    oracle = Oracle(bundle, clean)
    found = predictor(replace(bundle, unet=oracle, dtype=torch.bfloat16))(x, 2.5, EMBEDDINGS)
    z, t = oracle.asked[0]
    assert z.dtype == torch.bfloat16
    assert t.dtype == found.dtype == torch.float32


def test_what_cannot_be_run_is_refused(bundle: Bundle) -> None:
    with pytest.raises(ModelError, match="tiny predicts 'mood'"):
        predictor(replace(bundle, prediction="mood"))
    nine = SimpleNamespace(config=SimpleNamespace(in_channels=9))
    with pytest.raises(ModelError, match="takes 9 channels instead of 4"):
        predictor(replace(bundle, unet=nine))


def test_calling_a_network_leaves_gradients_as_they_were(bundle: Bundle, x: Tensor) -> None:
    found = predictor(bundle)(x, 1.0, EMBEDDINGS)
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()
    assert not found.is_inference()


# --- guidance -------------------------------------------------------------------------------------------

SIDES = Conditioning(positive=torch.full((1, 3, 2), 2.0), negative=torch.full((1, 3, 2), -1.0))


class Telling:
    """Predicts the mean of its embeddings, and notes how many there are in each call."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(self, x: Tensor, sigma: float, embeddings: Tensor) -> Tensor:
        assert len(embeddings) % len(x) == 0
        self.batches.append(len(embeddings))
        return x[:1] * 0 + embeddings.mean(dim=(1, 2))[:, None, None, None]


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("scale", [0, 1, 0.5, 7.5, -1])
def test_guidance_is_linear_in_its_scale(scale: float, batch: int, x: Tensor) -> None:
    predict = Telling()
    found = guided(predict, SIDES, scale)(x.expand(batch, -1, -1, -1), 1.0)
    assert torch.allclose(found, torch.full_like(found, -1 + scale * 3))
    assert predict.batches == [batch if scale in (0, 1) else 2 * batch]


def test_guidance_through_the_real_network(bundle: Bundle, x: Tensor) -> None:
    sides = bundle.condition((("a cat", 1.0),), (("dull", 1.0),))
    predict = predictor(bundle)
    at = {scale: guided(predict, sides, scale)(x, 2.0) for scale in (0, 1, 4)}
    assert torch.allclose(at[4], at[0] + 4 * (at[1] - at[0]), atol=1e-4)
    assert not torch.allclose(at[0], at[1], atol=1e-4)


# --- the other wrappers ---------------------------------------------------------------------------------


def test_threshold_limits_the_clean_latents_and_0_is_off(x: Tensor) -> None:
    def denoise(x: Tensor, _sigma: float) -> Tensor:
        return 3 * x

    found = thresholded(denoise, 1.5)(x, 1.0)
    assert float(found.abs().max()) == 1.5
    assert torch.equal(found, (3 * x).clamp(-1.5, 1.5))
    assert thresholded(denoise, 0) is denoise


@pytest.mark.parametrize("name", list(SAMPLERS))
@pytest.mark.parametrize("strength", [0.3, 0.75, 1.0])
def test_what_is_masked_out_ends_at_the_init_latents(
    name: str, strength: float, bundle: Bundle, clean: Tensor
) -> None:
    init = clean.float()
    mask = (torch.arange(6) < 3).float().expand(1, 1, 6, 6)
    generator = torch.Generator("cpu").manual_seed(1)

    def noise() -> Tensor:
        return torch.randn(init.shape, generator=generator)

    schedule = plan_schedule(bundle.table, 12, strength, 0)
    denoise = keep_outside(lambda x, _s: torch.tanh(x) * 0.5, init, mask)
    *_, last = SAMPLERS[name](denoise, init + noise() * schedule.sigmas[0], schedule, noise)
    kept = mask.expand_as(init) == 0
    assert float((last.x - init)[kept].abs().max()) < 2e-6  # float32, after sigma 14.6
    assert float((last.x - init)[~kept].abs().max()) > 0.1


def test_a_mask_of_ones_changes_nothing(x: Tensor) -> None:
    def denoise(x: Tensor, _sigma: float) -> Tensor:
        return torch.sin(x)

    assert torch.equal(keep_outside(denoise, x, torch.ones(1, 1, 6, 6))(x, 1.0), denoise(x, 1.0))
    assert keep_outside(denoise, x, None) is denoise
    assert keep_outside(denoise, None, None) is denoise
