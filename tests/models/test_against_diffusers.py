"""Latents against diffusers' own pipelines on the same weights, where those are right: Euler and DDIM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import (
    DDIMScheduler,
    EulerDiscreteScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
)
from safetensors.torch import save_file

from invoke_cli.diffusion.generate import generate
from invoke_cli.diffusion.noise import Noise
from invoke_cli.diffusion.recipe import Recipe
from invoke_cli.models import architectures
from invoke_cli.models.bundles import library_tokenizer
from invoke_cli.models.entries import ModelEntry
from invoke_cli.models.sources import source_of
from tests.checkpoints import Kind
from tests.tiny import make_tokenizer

STEPS = 5
SCALE = 6.0
TRAINED = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
EULER = EulerDiscreteScheduler(**TRAINED, timestep_spacing="linspace")
TRAILING = EulerDiscreteScheduler(**TRAINED, timestep_spacing="trailing")
DDIM = DDIMScheduler(**TRAINED, clip_sample=False, set_alpha_to_one=True, timestep_spacing="trailing")


def pipeline(kind: Kind, directory: Path, scheduler: Any) -> Any:
    parts = {"unet": kind.unet, "vae": kind.vae, "scheduler": scheduler, **kind.texts}
    parts |= {
        name: library_tokenizer(directory / name, getattr(tokenizer, "pad_token", None))
        for name, tokenizer in kind.tokenizers.items()
    }
    if kind.name == "sdxl":
        return StableDiffusionXLPipeline(**parts, add_watermarker=False)
    return StableDiffusionPipeline(
        **parts, safety_checker=None, feature_extractor=None, requires_safety_checker=False
    )


def ours(path: Path, sampler: str, negative: str, trailing: bool, **more: Any) -> torch.Tensor:
    entry = ModelEntry(name="some", source=str(path), **more)
    bundle = source_of(entry).load(entry, torch.device("cpu"), torch.float32)
    bundle.table.trailing = trailing
    recipe = Recipe(
        positive=(("a cat", 1.0),),
        negative=((negative, 1.0),) if negative else (),
        width=64,
        height=48,
        steps=STEPS,
        sampler=sampler,
        scale=SCALE,
        seed=3,
    )
    *_, last, _picture = generate(bundle, recipe)
    return last.x


def theirs(pipe: Any, negative: str) -> torch.Tensor:
    pipe.set_progress_bar_config(disable=True)
    noise = Noise(3, (1, 4, 6, 8)).start()
    if isinstance(pipe.scheduler, DDIMScheduler):
        # it starts from unit noise where its first level has 0.2 % less, unless that has no signal at all
        noise = noise * (1 - pipe.scheduler.alphas_cumprod[-1]).sqrt()
    return pipe(
        "a cat",
        negative_prompt=negative if negative else None,
        height=48,
        width=64,
        num_inference_steps=STEPS,
        guidance_scale=SCALE,
        latents=noise,
        output_type="latent",
    ).images


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # diffusers under NumPy 2
@pytest.mark.filterwarnings("ignore::FutureWarning")  # and on schedulers other than those of SD 1.5
@pytest.mark.parametrize("negative", ["", "dull"])
@pytest.mark.parametrize(
    ("sampler", "scheduler", "trailing"),
    [("k_euler", EULER, False), ("k_euler", TRAILING, True), ("ddim", DDIM, True)],
)
@pytest.mark.parametrize("name", ["sd-1", "sd-2", "sdxl"])
def test_latents_agree(
    name: str,
    sampler: str,
    scheduler: Any,
    trailing: bool,
    negative: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kind = Kind(name)
    directory = kind.save_directory(tmp_path / "directory")
    monkeypatch.setattr(architectures, "configs_directory", lambda: tmp_path / "configs")
    kind.save_configs(tmp_path / "configs" / "architectures" / name)
    make_tokenizer().save_pretrained(tmp_path / "words")
    save_file(kind.tensors(), tmp_path / "model.safetensors")
    file = {"tokenizer": str(tmp_path / "words"), "prediction": "epsilon"}
    expected = theirs(pipeline(kind, directory, scheduler), negative)
    for found in (
        ours(directory, sampler, negative, trailing),
        ours(tmp_path / "model.safetensors", sampler, negative, trailing, **file),
    ):
        assert float((found - expected).abs().max()) < 1e-3


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(("sampler", "scheduler"), [("k_euler", EULER), ("ddim", DDIM)])
@pytest.mark.parametrize("name", ["sd-1", "sd-2", "sdxl"])
def test_models_trained_down_to_no_signal_agree(
    name: str, sampler: str, scheduler: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory says so in its scheduler; a file by marks among its tensors, as those of SDXL do."""
    kind = Kind(name)
    said = {
        "prediction_type": "v_prediction",
        "rescale_betas_zero_snr": True,
        "timestep_spacing": "trailing",
    }
    directory = kind.save_directory(tmp_path / "directory", **said)
    monkeypatch.setattr(architectures, "configs_directory", lambda: tmp_path / "configs")
    kind.save_configs(tmp_path / "configs" / "architectures" / name)
    make_tokenizer().save_pretrained(tmp_path / "words")
    marks = {"v_pred": torch.zeros(0), "ztsnr": torch.zeros(0)}
    save_file({**kind.tensors(), **marks}, tmp_path / "model.safetensors")
    pipe = pipeline(kind, directory, type(scheduler).from_config(scheduler.config, **said))
    expected = theirs(pipe, "dull")
    for found in (
        ours(directory, sampler, "dull", True),
        ours(tmp_path / "model.safetensors", sampler, "dull", True, tokenizer=str(tmp_path / "words")),
    ):
        assert float((found - expected).abs().max()) < 1e-3
