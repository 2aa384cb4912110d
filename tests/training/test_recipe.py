"""The recipe's parts: what each promises, on numbers small enough to check; and one run of it all."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from training import diffusion, networks, precision
from training.__main__ import DEMO
from training.autoencoder import normalise
from training.denoiser import Trainer
from training.export import export
from training.losses import psnr
from training.muon import orthogonalise
from training.optimisers import pace
from training.parallel import World
from training.parcels import adopt, pack, unpack
from training.pictures import HELD_OUT_SEED, Gallery, draw, plan
from training.presets import CPU_128, SMOKE
from training.stages import Recipe, RunLog
from training.teacher import components, teach
from training.tokenizer import Words, train


@pytest.mark.parametrize("half", [True, False])
def test_muon_moves_singular_values_towards_one(half: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "cpu_has_bfloat16", lambda: half)
    made = orthogonalise(torch.randn(2, 24, 40, generator=torch.Generator().manual_seed(0)))
    assert made.dtype == (torch.bfloat16 if half else torch.float32)
    values = torch.linalg.svdvals(made.float())
    assert values.min() > 0.4
    assert values.max() < 1.3


def test_the_learning_rate_rises_in_steps_and_falls_with_the_time() -> None:
    assert pace(0.0, 0, 10, 0.5) == pytest.approx(0.1)
    assert pace(0.3, 50, 10, 0.5) == 1
    assert pace(0.75, 50, 10, 0.5) == pytest.approx(0.5)
    assert pace(1.0, 50, 10, 0.5) == pytest.approx(0)


def test_the_noise_schedule_is_stable_diffusions() -> None:
    kept = diffusion.signal()
    assert ((1 - kept) / kept).sqrt()[[0, -1]].tolist() == pytest.approx(
        [0.029167158, 14.614641229], rel=1e-7
    )


def test_the_loss_caps_the_signal_to_noise_ratio() -> None:
    kept = torch.tensor([0.5, 5 / 6, 0.99])
    assert diffusion.snr_weights(kept, 5.0).tolist() == pytest.approx([1, 1, 5 / 99], rel=1e-5)


def test_training_steps_are_spread_over_the_schedule() -> None:
    times = diffusion.stratified(10, np.random.default_rng(0)).sort().values
    assert [int(t) // 100 for t in times] == list(range(10))


@torch.no_grad()
def test_normalising_the_latents_changes_no_picture() -> None:
    torch.manual_seed(0)
    vae = networks.autoencoder(SMOKE.autoencoder, 64)
    pixels = torch.rand(2, 3, 64, 64) * 2 - 1
    latents = networks.encode(vae, pixels)
    before = networks.decode(vae, latents)
    mean, deviation = latents.mean(dim=(0, 2, 3)), latents.std(dim=(0, 2, 3))
    normalise(vae, mean, deviation * networks.SCALE)
    latents = networks.encode(vae, pixels) * networks.SCALE
    torch.testing.assert_close(latents.mean(dim=(0, 2, 3)), torch.zeros(4), atol=1e-4, rtol=0)
    torch.testing.assert_close(latents.std(dim=(0, 2, 3)), torch.ones(4), atol=1e-4, rtol=0)
    torch.testing.assert_close(networks.decode(vae, latents / networks.SCALE), before, atol=1e-4, rtol=0)


def test_the_teachers_latent_is_white() -> None:
    pixels = torch.randn(8, 3, 32, 32, generator=torch.Generator().manual_seed(0)).cumsum(3) / 8
    latents = teach(pixels, *components(pixels)).transpose(0, 1).flatten(1)
    torch.testing.assert_close(torch.cov(latents), torch.eye(4), atol=0.02, rtol=0)


def test_psnr_of_a_known_error() -> None:
    true = torch.zeros(1, 3, 8, 8)
    assert psnr(true + 0.2, true).item() == pytest.approx(20, abs=1e-4)


def test_no_picture_is_planned_twice_and_held_out_seeds_stay_apart() -> None:
    shards = plan(SMOKE, Path("run"))
    seeds = [seed for s in shards for seed in range(s.first_seed, s.first_seed + s.count)]
    assert len(seeds) == len(set(seeds))
    assert all((s.first_seed >= HELD_OUT_SEED) == ("held-out" in str(s.pixels)) for s in shards)


def test_a_shard_holds_pictures_and_their_captions(tmp_path: Path) -> None:
    shard = replace(plan(SMOKE, tmp_path)[0], count=2)
    draw(shard)
    gallery = Gallery(shard.pixels.parent)
    assert len(gallery) == len(gallery.captions()) == 2
    assert gallery[1].shape == (64, 64, 3)
    assert not np.array_equal(gallery[0], gallery[1])


def test_captions_are_sometimes_dropped_and_sometimes_roughened(tmp_path: Path) -> None:
    train(["a red fire", "a blue lake"] * 20, 600, tmp_path)
    words = Words(tmp_path, noise=0.5, dropout=0.2)
    made = [words.roughen("a red fire", random.Random(seed)) for seed in range(400)]
    assert 0.1 < made.count("") / 400 < 0.3
    assert all("a red fire" in text for text in made if text)
    assert words(["a red fire"]).shape == (1, 77)


QUICK = replace(
    SMOKE,
    unet=replace(SMOKE.unet, minutes=0.01),
    autoencoder=replace(SMOKE.autoencoder, minutes=0.01, decoder_minutes=0.005),
)


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    """A run that went through all stages."""
    folder = tmp_path_factory.mktemp("recipe")
    recipe = Recipe(QUICK, folder / "run", folder / "demo", RunLog(folder))
    recipe.run.mkdir()
    recipe.all()
    return recipe


def test_the_whole_recipe_runs_resumes_and_travels(recipe: Recipe, tmp_path: Path) -> None:
    assert (recipe.target / "unet" / "diffusion_pytorch_model.safetensors").exists()
    pack(recipe.run, tmp_path / "parcel")
    unpack(tmp_path / "parcel", recipe.run)
    milder = replace(QUICK.unet, minutes=0.02, words_share=0.5)
    replace(recipe, preset=replace(QUICK, unet=milder)).unet()
    assert "unet:" in (recipe.target.parent / "log.txt").read_text()


def test_with_a_words_share_captions_aim_between_the_wordless_guess_and_the_noise(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    preset = replace(QUICK, unet=replace(QUICK.unet, words_share=0.25))
    trainer = Trainer(World(0, 1, torch.device("cpu")), preset, recipe.run, recipe.log)
    seen: list[torch.Tensor] = []

    def predict(_both: object, mixed: torch.Tensor, tokens: torch.Tensor, _times: object) -> torch.Tensor:
        seen.append(tokens)
        return torch.full_like(mixed, 8.0)

    monkeypatch.setattr(trainer, "predict", predict)
    noise = torch.randn(3, 4, 2, 2, generator=torch.Generator().manual_seed(0))
    aims = trainer.aim(torch.zeros_like(noise), trainer.words(["fire", "", "a lake"]), noise, torch.arange(3))
    torch.testing.assert_close(aims[[0, 2]], 6 + noise[[0, 2]] / 4)
    assert torch.equal(aims[1], noise[1])
    assert torch.equal(seen[0], trainer.words(["", ""]))


def test_more_pictures_are_others_but_the_held_out_ones_stay() -> None:
    shards, later = plan(SMOKE, Path("run")), plan(replace(SMOKE, first_seed=1000), Path("run"))
    held, drawn = ([s for s in shards if ("held-out" in str(s.pixels)) is out] for out in (True, False))
    assert [s for s in later if s in held] == held
    assert [s.first_seed for s in later if s not in held] == [s.first_seed + 1000 for s in drawn]


def test_a_run_can_begin_from_an_exported_model(tmp_path: Path) -> None:
    adopt(DEMO, tmp_path / "run")
    export(CPU_128, tmp_path / "run", tmp_path / "demo", RunLog(tmp_path))
    for file in DEMO.rglob("*.safetensors"):
        same = load_file(tmp_path / "demo" / file.relative_to(DEMO))
        assert all(torch.equal(value, same[name]) for name, value in load_file(file).items())
