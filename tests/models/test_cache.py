"""Several models in memory: loaded once, least recently used out first, never a mix-up between threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from invoke_cli.errors import ModelError
from invoke_cli.models.cache import GIGABYTE, Budget, ModelCache, load_from_source, size_of
from invoke_cli.models.entries import ModelEntry
from invoke_cli.models.memory import main_memory, memory_of

CPU = torch.device("cpu")


def entry(name: str, **keys: object) -> ModelEntry:
    return ModelEntry(name=name, source=f"some/{name}", **keys)  # type: ignore[arg-type]


class Loader:
    """Loads pretended models, and remembers which."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.gates: dict[str, threading.Event] = {}

    def __call__(self, wanted: ModelEntry, device: str, precision: str) -> SimpleNamespace:
        if wanted.name in self.gates:
            assert self.gates[wanted.name].wait(30)
        self.loaded.append(wanted.name)
        return SimpleNamespace(name=wanted.name, device=CPU)


@pytest.fixture
def loader() -> Loader:
    return Loader()


def cache_of(loader: Loader, **budget: float) -> ModelCache:
    """Every model weighs one gigabyte."""
    return ModelCache("cpu", "auto", loader, budget=Budget(**budget), weigh=lambda _: GIGABYTE)  # type: ignore[arg-type]


def states(cache: ModelCache, *names: str) -> list[str]:
    return [cache.state(entry(name)) for name in names]


def test_a_model_is_loaded_once(loader: Loader) -> None:
    cache = cache_of(loader)
    assert cache.lend(entry("a")) is cache.lend(entry("a"))
    assert cache.lend(entry("b")) is not cache.lend(entry("a"))
    assert loader.loaded == ["a", "b"]
    assert cache.size(entry("a")) == GIGABYTE
    assert cache.size(entry("c")) is None


def test_a_failed_load_is_tried_again() -> None:
    calls = []

    def load(wanted: ModelEntry, device: str, precision: str) -> SimpleNamespace:
        calls.append((wanted.name, device, precision))
        if len(calls) == 1:
            raise ModelError("the disk was away")
        return SimpleNamespace(device=CPU)

    cache = ModelCache("cpu", "auto", load, weigh=lambda _: 1)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="away"):
        cache.lend(entry("a"))
    assert cache.state(entry("a")) == "not loaded"
    cache.lend(entry("a"))
    assert calls == [("a", "cpu", "auto")] * 2
    assert cache.state(entry("a")) == "ready"


@pytest.mark.parametrize("budget", [{"models": 2}, {"gigabytes": 2.5}, {"models": 2, "gigabytes": 9}])
def test_the_least_recently_used_goes_first(loader: Loader, budget: dict[str, float]) -> None:
    cache = cache_of(loader, **budget)
    for name in "abac":
        cache.lend(entry(name))
    assert states(cache, *"abc") == ["ready", "not loaded", "ready"]
    assert loader.loaded == ["a", "b", "c"]
    cache.lend(entry("b"))
    assert states(cache, *"abc") == ["not loaded", "ready", "ready"]


def test_the_model_in_use_stays_even_when_it_is_too_large(loader: Loader) -> None:
    cache = cache_of(loader, gigabytes=0.1)
    cache.lend(entry("a"))
    cache.lend(entry("b"))
    assert states(cache, *"ab") == ["not loaded", "ready"]


def test_without_limits_half_the_memory_is_for_models(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invoke_cli.models.memory.main_memory", lambda: 5 * GIGABYTE)
    cache = cache_of(loader)
    for name in "abc":
        cache.lend(entry(name))
    assert states(cache, *"abc") == ["not loaded", "ready", "ready"]


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("CUDA out of memory. Tried to allocate")])
def test_where_memory_does_not_suffice_the_others_go(error: Exception) -> None:
    small = {"large": 1, "huge": 2}

    def load(wanted: ModelEntry, device: str, precision: str) -> SimpleNamespace:
        if small.get(wanted.name, 0):
            small[wanted.name] -= 1
            raise error
        return SimpleNamespace(device=CPU)

    cache = ModelCache("cpu", "auto", load, weigh=lambda _: 1)  # type: ignore[arg-type]
    cache.lend(entry("a"))
    cache.lend(entry("large"))
    assert states(cache, "a", "large") == ["not loaded", "ready"]
    with pytest.raises(ModelError, match="not enough memory for the model huge"):
        cache.lend(entry("huge"))


def test_an_error_of_another_kind_is_not_hidden(loader: Loader) -> None:
    def load(wanted: ModelEntry, device: str, precision: str) -> SimpleNamespace:
        raise RuntimeError("a mistake of ours")

    with pytest.raises(RuntimeError, match="of ours"):
        ModelCache("cpu", "auto", load).lend(entry("a"))  # type: ignore[arg-type]


def test_nobody_waits_for_a_load_that_was_superseded(loader: Loader) -> None:
    loader.gates["slow"] = threading.Event()
    cache = cache_of(loader, models=1)
    slow = cache.start(entry("slow"))
    assert cache.lend(entry("quick")).name == "quick"
    assert states(cache, "slow", "quick") == ["loading", "ready"]
    loader.gates["slow"].set()
    assert slow.result(30).name == "slow"
    assert states(cache, "slow", "quick") == ["not loaded", "ready"]


def test_a_superseded_load_is_kept_where_there_is_room(loader: Loader) -> None:
    loader.gates["slow"] = threading.Event()
    cache = cache_of(loader, models=2)
    slow = cache.start(entry("slow"))
    cache.lend(entry("quick"))
    loader.gates["slow"].set()
    slow.result(30)
    assert states(cache, "slow", "quick") == ["ready", "ready"]


def test_what_is_dropped_while_it_loads_is_not_kept(loader: Loader) -> None:
    loader.gates["a"] = threading.Event()
    cache = cache_of(loader)
    load = cache.start(entry("a"))
    cache.drop(entry("a"))
    loader.gates["a"].set()
    load.result(30)
    assert states(cache, "a") == ["not loaded"]
    assert cache.size(entry("a")) is None


def test_a_change_that_loading_does_not_see_loads_nothing(loader: Loader) -> None:
    cache = cache_of(loader)
    cache.lend(entry("a"))
    cache.lend(entry("a", description="mine", defaults={"steps": 3}, default=True))
    cache.lend(entry("a", vae="soft", loras=(("grain", 0.8),)))
    assert loader.loaded == ["a"]
    cache.lend(entry("a", prediction="v_prediction"))
    assert loader.loaded == ["a", "a"]


def test_many_threads_share_one_load(loader: Loader) -> None:
    cache = cache_of(loader, models=2)
    with ThreadPoolExecutor(8) as pool:
        names = [name for _ in range(50) for name in "abc"]
        lent = list(pool.map(lambda name: cache.lend(entry(name)).name, names))
    assert lent == names
    assert states(cache, *"abc").count("ready") == 2


def test_sizes_are_those_of_the_parameters(tiny_model: Path) -> None:
    bundle = load_from_source(ModelEntry(name="tiny", source=str(tiny_model)), "cpu", "auto")
    half = load_from_source(ModelEntry(name="tiny", source=str(tiny_model), dtype="bf16"), "cpu", "auto")
    parts = (bundle.unet, bundle.vae, bundle.text_encoder)
    floats = sum(parameter.numel() for part in parts for parameter in part.parameters())
    integers = sum(buffer.numel() * buffer.element_size() for part in parts for buffer in part.buffers())
    assert size_of(bundle) == 4 * floats + integers
    assert size_of(half) == 2 * floats + integers


def test_a_precision_that_was_asked_for_beats_the_entrys(tiny_model: Path) -> None:
    source = str(tiny_model)
    asked = load_from_source(ModelEntry(name="tiny", source=source, dtype="bf16"), "cpu", "float32")
    fallen_back = load_from_source(ModelEntry(name="tiny", source=source, dtype="fp16"), "cpu", "auto")
    assert asked.dtype == torch.float32
    assert fallen_back.dtype != torch.float16


def test_there_is_memory() -> None:
    assert memory_of(CPU) == main_memory() > 2**28


def test_models_on_a_gpu_are_run_by_one_engine_and_keep_their_colours() -> None:
    from invoke_cli.diffusion.bundle import Bundle
    from invoke_cli.diffusion.schedule import NoiseTable
    from tests.tiny import make_unet, make_vae

    def load(wanted: ModelEntry, device: str, precision: str) -> Bundle:
        parts = {"unet": make_unet(), "vae": make_vae(), "text_encoder": None, "tokenizer": None}
        made = Bundle(**parts, table=NoiseTable.from_config({}), name=wanted.name)  # type: ignore[arg-type]
        made.colour_map()
        object.__setattr__(made, "device", torch.device(device))  # nothing is computed there
        return made

    for device, is_shared in (("cuda", True), ("cpu", False)):
        cache = ModelCache(device, "auto", load, budget=Budget(gigabytes=1), weigh=lambda _: 1)
        one, other = cache.lend(entry("a")), cache.lend(entry("b"))
        assert (one.engine is other.engine) is is_shared
        assert (one.colours is not None) is is_shared
