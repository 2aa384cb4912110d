"""Loading models: from directories and the hub's cache, and what is refused."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from pathlib import Path

import pytest
import torch

from invoke_cli.errors import ModelError, SettingsError
from invoke_cli.models.cache import load_from_source
from invoke_cli.models.catalog import ModelEntry
from invoke_cli.models.devices import check_device, check_precision, pick_device, pick_dtype
from invoke_cli.models.files import fingerprint, read_facts
from invoke_cli.models.sources import source_of

CPU = torch.device("cpu")
SHIPPED = Path(__file__).parent.parent.parent / "configs"


def entry(source: Path | str) -> ModelEntry:
    return ModelEntry(name="some", source=str(source))


@pytest.fixture
def copied(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


def test_a_directory_loads_on_the_device_and_in_the_dtype_asked_for(tiny_model: Path) -> None:
    bundle = source_of(entry(tiny_model)).load(entry(tiny_model), CPU, torch.bfloat16)
    assert bundle.native == 64
    for network in (bundle.unet, bundle.vae, bundle.text_encoder):
        assert {parameter.dtype for parameter in network.parameters()} == {torch.bfloat16}
        assert not network.training


def test_loading_says_nothing(tiny_model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    load_from_source(entry(tiny_model), "cpu", "auto")
    assert capfd.readouterr() == ("", "")


def test_facts_come_from_the_configuration(copied: Path) -> None:
    path = copied / "scheduler" / "scheduler_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"prediction_type": "v_prediction"}))
    facts = read_facts(copied)
    assert (facts.native, facts.prediction) == (64, "v_prediction")
    assert facts.table.sigmas[-1] == pytest.approx(14.614641229)
    assert read_facts(copied, native=96).native == 96
    assert read_facts(copied, prediction="sample").prediction == "sample"
    assert not facts.table.trailing
    assert read_facts(copied, spacing="trailing").table.trailing


@pytest.mark.parametrize("part", ["unet", "text_encoder", "tokenizer", "scheduler"])
def test_a_missing_part_is_named(copied: Path, part: str) -> None:
    shutil.rmtree(copied / part)
    with pytest.raises(ModelError, match=part):
        load_from_source(entry(copied), "cpu", "auto")


def test_a_tokenizer_without_vocabulary_is_refused(copied: Path) -> None:
    for path in (copied / "tokenizer").iterdir():
        if path.name != "tokenizer_config.json":
            path.unlink()
    with pytest.raises(ModelError, match="no vocabulary"):
        load_from_source(entry(copied), "cpu", "auto")


def test_a_directory_of_pickles_is_told_from_an_incomplete_one(copied: Path) -> None:
    weights = copied / "unet" / "diffusion_pytorch_model.safetensors"
    pickled = weights.rename(weights.with_suffix(".bin"))
    for hint in ("may run code", "fetch it again"):
        with pytest.raises(ModelError, match="lacks weights as safetensors") as caught:
            load_from_source(entry(copied), "cpu", "auto")
        assert hint in caught.value.hint
        pickled.unlink(missing_ok=True)


@pytest.mark.parametrize("content", [b"", b"not a safetensors file", b"\xff" * 4096])
def test_broken_weights_are_one_sentence(copied: Path, content: bytes) -> None:
    (copied / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="unet cannot be loaded"):
        load_from_source(entry(copied), "cpu", "auto")


def test_a_pickle_is_never_opened(copied: Path, tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "ran"),)

    weights = copied / "unet" / "diffusion_pytorch_model.safetensors"
    for name in ("diffusion_pytorch_model.bin", "diffusion_pytorch_model.safetensors"):
        (copied / "unet" / name).write_bytes(pickle.dumps(Payload()))
    with pytest.raises(ModelError):
        load_from_source(entry(copied), "cpu", "auto")
    weights.unlink()
    with pytest.raises(ModelError):
        load_from_source(entry(copied), "cpu", "auto")
    assert not (tmp_path / "ran").exists()


def test_a_hub_model_in_the_cache_needs_no_network(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    repository = tmp_path / "models--some--model"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("0" * 40)
    shutil.copytree(tiny_model, repository / "snapshots" / ("0" * 40))
    found = entry("some/model")
    assert source_of(found).facts(found).native == 64
    assert source_of(found).load(found, CPU, torch.float32).native == 64


def test_a_hub_model_that_cannot_be_fetched_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    found = entry("some/model")
    assert source_of(found).facts(found).native == 512
    with pytest.raises(ModelError) as caught:
        source_of(found).load(found, CPU, torch.float32)
    assert "some/model" in caught.value.message


def test_fingerprints_tell_weights_apart(copied: Path) -> None:
    before = fingerprint(copied)
    assert fingerprint(copied) == before
    weights = copied / "vae" / "diffusion_pytorch_model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert fingerprint(copied) != before


def test_devices_and_precisions() -> None:
    assert pick_device("cpu").type == "cpu"
    assert pick_dtype("auto", CPU) == torch.float32
    assert pick_dtype("auto", torch.device("cuda")) == torch.float16
    assert pick_dtype(check_precision("bf16"), CPU) == torch.bfloat16
    with pytest.raises(SettingsError, match="not made for CPUs"):
        pick_dtype("float16", CPU)
    with pytest.raises(SettingsError, match="gpu"):
        check_device("gpu")
    with pytest.raises(SettingsError, match="fp8"):
        check_precision("fp8")


@pytest.mark.parametrize(("has", "expected"), [(True, torch.bfloat16), (False, torch.float32)])
def test_full_size_models_are_halved_on_cpus_that_compute_so(
    has: bool, expected: torch.dtype, monkeypatch: pytest.MonkeyPatch, tiny_model: Path
) -> None:
    monkeypatch.setattr("invoke_cli.models.devices.cpu_has_bfloat16", lambda: has)
    assert pick_dtype("auto", CPU, full_size=True) == expected
    assert pick_dtype("float32", CPU, full_size=True) == torch.float32
    assert not read_facts(tiny_model).full_size
    assert read_facts(SHIPPED / "architectures" / "sd-1").full_size


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_device_that_is_not_there_is_said() -> None:
    with pytest.raises(SettingsError) as caught:
        pick_device("cuda")
    assert "cpu" in caught.value.hint
