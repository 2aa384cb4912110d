"""Models whose weights wait in main memory: loaded there, and dressed there as on the device."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.recipe import Recipe
from invoke_cli.errors import UnavailableError
from invoke_cli.language.request import Request
from invoke_cli.models.adapters import Wardrobe
from invoke_cli.models.cache import ModelCache, load_from_source
from invoke_cli.models.entries import ModelEntry
from invoke_cli.models.wanted import Wanted
from invoke_cli.session.models import cache_for
from invoke_cli.settings import Settings
from tests.carriers import Porter
from tests.models.conftest import content, kohya, last_picture, used

CPU = torch.device("cpu")
ENTRY = ModelEntry(name="large", source="some/large")


def failing(kind: str, loaded: list[str], times: int) -> ModelCache:
    """A cache whose loads onto the device fail so often; notes where each was to go."""

    def load(_entry: ModelEntry, _device: str, _precision: str, *, to: str = "device") -> Any:
        loaded.append(to)
        if len(loaded) <= times:
            raise RuntimeError(f"{kind}. Tried to allocate 2 GiB")
        return SimpleNamespace(device=CPU)

    def load_away(*given: Any) -> Any:
        return load(*given, to="main memory")

    return ModelCache("auto", "auto", load, weigh=lambda _: 1, load_away=load_away)


def test_what_a_device_does_not_hold_is_loaded_into_main_memory() -> None:
    loaded: list[str] = []
    failing("CUDA out of memory", loaded, 2).lend(ENTRY)
    assert loaded == ["device", "device", "main memory"]


@pytest.mark.parametrize(("kind", "tries"), [("CUDA out of memory", 3), ("can't allocate memory", 2)])
def test_each_place_is_tried_once_or_twice(kind: str, tries: int) -> None:
    loaded: list[str] = []
    with pytest.raises(UnavailableError, match="not enough memory for the model large"):
        failing(kind, loaded, 9).lend(ENTRY)
    assert len(loaded) == tries


def test_a_model_in_main_memory_knows_the_device_it_is_for(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = torch.device("meta")  # where weights would lose what they say
    monkeypatch.setattr("invoke_cli.models.devices.pick_device", lambda _: far)
    monkeypatch.setattr("invoke_cli.diffusion.residence.carrier_of", lambda _: Porter())
    model = load_from_source(ModelEntry(name="tiny", source=str(tiny_model)), "auto", "float32", away=True)
    assert model.device == far
    assert model.carrier is not None
    assert model.carrier.away
    assert all(weight.device == CPU for weight in model.unet.parameters())
    assert torch.isfinite(model.colour_map().colours(torch.ones(1, 4, 2, 2))).all()


def test_a_device_without_memory_of_its_own_has_its_models_there(tiny_model: Path) -> None:
    model = load_from_source(ModelEntry(name="tiny", source=str(tiny_model)), "cpu", "float32", away=True)
    assert model.device == CPU
    assert model.carrier is None


@pytest.mark.parametrize("spares", [None, False, True])
def test_where_memory_is_to_be_spared_models_are_loaded_there_at_once(spares: bool | None) -> None:
    cache = cache_for(Settings(defaults=Request(low_memory=spares)))
    assert cache._load.keywords["away"] is (spares is True)  # type: ignore[attr-defined]


def test_adapters_are_merged_as_on_the_device(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("bundle", "autoencoding"):
        monkeypatch.setattr(f"invoke_cli.diffusion.{module}.packs", lambda *_: False)
    lora = Wanted((used(tmp_path / "a.safetensors", content(bundle, kohya), 0.3),))
    recipe = Recipe(positive=(("a cat", 1.0),), width=64, height=64, steps=2, seed=1, low_memory=True)
    here = Wardrobe().dress(deepcopy(bundle), lora)[0]
    waiting, wardrobe = replace(deepcopy(bundle), carrier=Porter()), Wardrobe()
    plain = last_picture(waiting, replace(recipe, away=True))
    dressed = last_picture(wardrobe.dress(waiting, lora)[0], replace(recipe, away=True))
    assert np.array_equal(dressed, last_picture(here, recipe))
    assert not np.array_equal(dressed, plain)
    wardrobe.dress(waiting, Wanted())
    assert np.array_equal(last_picture(waiting, replace(recipe, away=True)), plain)
