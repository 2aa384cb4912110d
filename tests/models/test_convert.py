"""The same weights as a directory, as a file and as a converted file draw the same picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.generate import Picture, generate
from invoke_cli.diffusion.recipe import Recipe
from invoke_cli.models import architectures, vocabulary
from invoke_cli.models.convert import convert
from invoke_cli.models.entries import ModelEntry
from invoke_cli.models.sources import source_of
from tests.checkpoints import Kind
from tests.tiny import make_tokenizer

MARKS = {"v_pred": torch.zeros(0), "ztsnr": torch.zeros(0)}


def entry(path: Path, **more: Any) -> ModelEntry:
    return ModelEntry(name="some", source=str(path), **more)


def loaded(found: ModelEntry) -> Bundle:
    return source_of(found).load(found, torch.device("cpu"), torch.float32)


def drawn(bundle: Bundle) -> list[np.ndarray]:
    """From noise, and into a hole in a picture."""
    init = np.linspace(0, 255, 64 * 64 * 3).reshape(64, 64, 3).astype(np.uint8)
    mask = np.zeros((64, 64), dtype=np.float32)
    mask[16:48, 16:48] = 1
    plain = Recipe(
        positive=(("a cat", 1.0),), negative=(("dull", 1.0),), width=64, height=64, steps=2, seed=4
    )
    inside = Recipe(
        positive=(("a cat", 1.0),), width=64, height=64, steps=2, rgb=init, mask=mask, strength=0.8, seed=4
    )
    pictures = [made for recipe in (plain, inside) for made in generate(bundle, recipe)]
    return [made.rgb for made in pictures if isinstance(made, Picture)]


@pytest.mark.parametrize(
    ("name", "changes", "marks"),
    [
        ("sd-2", {}, {}),
        ("sd-2", {"in_channels": 9}, {}),
        ("sdxl", {}, {}),
        ("sdxl", {}, MARKS),
        ("sdxl", {"in_channels": 9}, {}),
        ("sdxl-refiner", {}, {}),
        ("sd-1", {"in_channels": 9}, {}),
        ("sd-1", {"time_cond_proj_dim": 8}, {}),
    ],
)
def test_directory_file_and_conversion_agree(
    name: str,
    changes: dict[str, int],
    marks: dict[str, torch.Tensor],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kind = Kind(name, **changes)
    kind.save_configs(tmp_path / "configs" / "architectures" / name)
    monkeypatch.setattr(architectures, "configs_directory", lambda: tmp_path / "configs")
    make_tokenizer().save_pretrained(vocabulary.kept_directory())
    said = {"rescale_betas_zero_snr": True, "prediction_type": "v_prediction"} if marks else {}
    directory = kind.save_directory(tmp_path / "directory", **said)
    file = tmp_path / "model.safetensors"
    save_file({**kind.tensors(), **marks}, file)
    convert(entry(file), tmp_path / "converted")
    expected = drawn(loaded(entry(directory)))
    for path in (file, tmp_path / "converted"):
        for found, wanted in zip(drawn(loaded(entry(path))), expected, strict=True):
            assert np.array_equal(found, wanted)
    scheduler = json.loads((tmp_path / "converted" / "scheduler" / "scheduler_config.json").read_text())
    assert ("rescale_betas_zero_snr" in scheduler) == bool(marks)
