"""Noise tables and schedules, against the definition's own numbers."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from diffusers import DDIMScheduler, EulerDiscreteScheduler
from hypothesis import given, settings
from hypothesis import strategies as st

from invoke_cli.diffusion.schedule import (
    NoiseTable,
    karras,
    plan_schedule,
    spaced,
    steps_to_ask,
    steps_to_run,
    whole_schedule,
)
from invoke_cli.errors import ModelError

TABLE = NoiseTable.from_config({})


def test_table_of_stable_diffusion() -> None:
    assert len(TABLE) == 1000
    assert TABLE.sigmas.dtype == np.float64
    assert TABLE.sigmas[0] == pytest.approx(0.029167158, rel=1e-8)
    assert TABLE.sigmas[999] == pytest.approx(14.614641229, rel=1e-10)
    assert 1 / (1 + TABLE.sigmas[999] ** 2) == pytest.approx(0.00466010, rel=1e-5)


@pytest.mark.parametrize("kind", ["linear", "scaled_linear", "squaredcos_cap_v2"])
def test_tables_agree_with_diffusers(kind: str) -> None:
    theirs = DDIMScheduler(beta_start=0.001, beta_end=0.02, beta_schedule=kind, num_train_timesteps=500)
    alphas = theirs.alphas_cumprod.double().numpy()
    ours = NoiseTable.from_config(theirs.config)
    assert ours.sigmas == pytest.approx(np.sqrt((1 - alphas) / alphas), rel=2e-4)


def test_trained_betas_are_taken_as_they_are() -> None:
    assert NoiseTable.from_config({"trained_betas": [0.5, 0.5]}).sigmas == pytest.approx([1, 3**0.5])


@pytest.mark.parametrize("config", [{"beta_schedule": "spiral"}])
def test_unknown_tables_are_refused(config: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="not supported"):
        NoiseTable.from_config(config)


@pytest.mark.parametrize("t", [0, 0.25, 1, 17.5, 500, 998.999, 999])
def test_timesteps_and_sigmas_are_each_others_inverse(t: float) -> None:
    assert TABLE.t_of(TABLE.sigma_of(t)) == pytest.approx(t, abs=1e-9)


def test_between_two_timesteps_the_logarithm_is_linear() -> None:
    between = TABLE.sigma_of(10.5)
    assert between == pytest.approx((TABLE.sigmas[10] * TABLE.sigmas[11]) ** 0.5, rel=1e-14)


def test_levels_beyond_the_table_are_clamped() -> None:
    assert TABLE.t_of(1e-9) == 0
    assert TABLE.t_of(1e9) == 999
    assert TABLE.sigma_of(-5) == pytest.approx(TABLE.sigmas[0], rel=1e-15)


def test_ten_steps() -> None:
    expected = [14.6146, 7.8399, 4.6092, 2.9183, 1.9502, 1.3449, 0.9324, 0.6250, 0.3687, 0.0292, 0]
    assert spaced(TABLE, 10).sigmas == pytest.approx(expected, abs=5e-5)


def test_a_single_step_starts_from_noise() -> None:
    assert spaced(TABLE, 1).sigmas == pytest.approx([14.614641229, 0])


@pytest.mark.edge(27)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # diffusers under NumPy 2
@pytest.mark.parametrize("steps", [10, 20, 50])
def test_spacing_agrees_with_diffusers(steps: int) -> None:
    theirs = EulerDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", timestep_spacing="linspace"
    )
    theirs.set_timesteps(steps)
    # theirs interpolates sigma itself, in float32
    assert spaced(TABLE, steps).sigmas == pytest.approx(theirs.sigmas.tolist(), rel=1e-4)


def test_steps_to_run_is_exact_for_two_decimals() -> None:
    for steps in range(1, 201):
        for percent in range(1, 101):
            exact = max(1, Fraction(percent, 100) * steps // 1)
            assert steps_to_run(steps, percent / 100) == exact


@pytest.mark.parametrize(
    ("steps", "strength", "run"),
    [
        (10, 0.7, 7),
        (10, 0.4, 4),
        (50, 0.4, 20),
        (50, 0.75, 37),
        (50, 0.58, 29),
        (30, 0.7, 21),
        (29, 0.7, 20),
        (1, 0.5, 1),
        (10, 0.01, 1),
        (10, 1.0, 10),
        (10, 0.0, 0),
    ],
)
def test_strength_cuts_the_schedule(steps: int, strength: float, run: int) -> None:
    cut = plan_schedule(TABLE, steps, strength, 0)
    assert cut.steps == run
    assert cut.full == steps
    assert cut.sigmas == spaced(TABLE, steps).sigmas[-1 - run :]


@pytest.mark.parametrize("strength", [0.1, 0.4, 0.7, 1.0])
def test_karras_spacing_keeps_steps_and_start(strength: float) -> None:
    plain = plan_schedule(TABLE, 20, strength, 20)
    dense = plan_schedule(TABLE, 20, strength, 21)
    assert plain.sigmas == spaced(TABLE, 20).tail(strength).sigmas
    assert dense.steps == plain.steps
    assert dense.full == 20
    assert dense.sigmas[0] == plain.sigmas[0]
    assert dense.sigmas[-2:] == pytest.approx([TABLE.sigmas[0], 0], rel=1e-12)
    assert all(high > low for high, low in zip(dense.sigmas, dense.sigmas[1:], strict=False))
    roots = np.array(dense.sigmas[:-1]) ** (1 / 7)
    assert np.ptp(np.diff(roots)) < 1e-12


def test_karras_spacing_of_one_step_and_of_none() -> None:
    assert karras(0.5, 0.03, 1) == (0.5, 0)
    assert plan_schedule(TABLE, 10, 0.1, 1000) == plan_schedule(TABLE, 10, 0.1, 0)
    assert plan_schedule(TABLE, 10, 0.0, 1000).sigmas == (0.0,)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # diffusers under NumPy 2
@pytest.mark.parametrize("steps", [1, 2, 4, 8])
@pytest.mark.parametrize("config", [{"timestep_spacing": "trailing"}, {"_class_name": "LCMScheduler"}])
def test_distilled_models_stop_well_above_timestep_0(config: dict[str, str], steps: int) -> None:
    theirs = EulerDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", timestep_spacing="trailing"
    )
    theirs.set_timesteps(steps)
    table = NoiseTable.from_config(config)
    found = [table.t_of(sigma) for sigma in spaced(table, steps).sigmas[:-1]]
    assert found == pytest.approx(theirs.timesteps.tolist(), abs=1e-3)


# --- as many steps as asked for --------------------------------------------------------------------------


@settings(deadline=None)
@given(st.integers(1, 10000), st.floats(0.0001, 1))
def test_some_number_of_steps_leaves_exactly_as_many_as_wanted(run: int, strength: float) -> None:
    steps = steps_to_ask(run, strength)
    assert steps_to_run(steps, strength) == run
    assert steps == 1 or steps_to_run(steps - 1, strength) < run


@settings(deadline=None)
@given(st.integers(1, 10000), st.floats(0.0001, 1))
def test_one_more_step_never_passes_over_a_number(steps: int, strength: float) -> None:
    assert steps_to_run(steps + 1, strength) - steps_to_run(steps, strength) in (0, 1)


@pytest.mark.parametrize(
    ("run", "strength", "steps"), [(20, 0.7, 29), (21, 0.7, 30), (20, 0.4, 50), (29, 0.58, 50), (1, 0.1, 1)]
)
def test_the_steps_to_ask_for(run: int, strength: float, steps: int) -> None:
    assert steps_to_ask(run, strength) == steps


# --- exactly the strength --------------------------------------------------------------------------------


@pytest.mark.parametrize("karras_max", [0, 1000])
@settings(deadline=None)
@given(steps=st.integers(1, 200), strength=st.floats(0.001, 0.999))
def test_an_exact_strength_starts_at_its_own_timestep(karras_max: int, steps: int, strength: float) -> None:
    exact = plan_schedule(TABLE, steps, strength, karras_max, exact=True)
    assert exact.sigmas[0] == pytest.approx(TABLE.sigma_of(strength * 999), rel=1e-12)
    assert (exact.steps, exact.full) == (steps_to_run(steps, strength), steps)
    assert all(high > low for high, low in pairwise(exact.sigmas))


@settings(deadline=None)
@given(steps=st.integers(1, 200), strength=st.floats(0.001, 1))
def test_the_levels_above_an_exact_strength_go_on_evenly(steps: int, strength: float) -> None:
    whole = whole_schedule(TABLE, steps, strength, exact=True)
    run = steps_to_run(steps, strength)
    assert len(whole.sigmas) == steps + 1
    assert all(high > low for high, low in pairwise(whole.sigmas))
    for part in (whole.sigmas[: steps - run + 1], whole.sigmas[steps - run : steps]):
        gaps = np.diff([TABLE.t_of(sigma) for sigma in part])
        assert np.ptp(gaps) < 1e-6 if len(gaps) else True


@pytest.mark.parametrize("steps", [1, 7, 50])
def test_the_whole_strength_is_exact_anyway(steps: int) -> None:
    assert plan_schedule(TABLE, steps, 1.0, 0, exact=True) == plan_schedule(TABLE, steps, 1.0, 0)


def test_exact_strengths_differ_where_steps_do_not() -> None:
    def start(strength: float, exact: bool) -> float:
        return plan_schedule(TABLE, 10, strength, 0, exact).sigmas[0]

    assert start(0.70, False) == start(0.71, False)
    assert start(0.70, True) < start(0.71, True)


@pytest.mark.parametrize("steps", [1, 4, 8])
def test_an_exact_strength_of_a_distilled_model_stops_well_above_timestep_0(steps: int) -> None:
    table = NoiseTable.from_config({"timestep_spacing": "trailing"})
    whole = plan_schedule(table, steps, 1.0, 0, exact=True).sigmas
    assert whole == pytest.approx(plan_schedule(table, steps, 1.0, 0).sigmas)
    half = plan_schedule(table, steps, 0.5, 0, exact=True)
    assert table.t_of(half.sigmas[0]) == pytest.approx(0.5 * 999)
    assert table.t_of(half.sigmas[-2]) > 100


def test_a_table_down_to_no_signal_is_that_of_diffusers() -> None:
    from diffusers import EulerDiscreteScheduler

    trained = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
    theirs = EulerDiscreteScheduler(**trained, rescale_betas_zero_snr=True).alphas_cumprod.double().numpy()
    ours = NoiseTable.from_config({**trained, "rescale_betas_zero_snr": True}).sigmas
    assert ours[-1] == pytest.approx(4096, rel=1e-6)
    assert ours[:-1] == pytest.approx(np.sqrt((1 - theirs) / theirs)[:-1], rel=2e-3)
    assert ours[0] == pytest.approx(NoiseTable.from_config(trained).sigmas[0], rel=1e-6)
