"""Checkpoints in one file: what they are told by, what they draw, and what is refused."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.generate import Picture, generate
from invoke_cli.diffusion.recipe import Recipe
from invoke_cli.errors import ModelError
from invoke_cli.models import architectures, vocabulary
from invoke_cli.models.architectures import ARCHITECTURES, recognise
from invoke_cli.models.bundles import vae_dtype
from invoke_cli.models.entries import ModelEntry
from invoke_cli.models.networks import empty_network
from invoke_cli.models.sources import source_of
from tests.checkpoints import Kind
from tests.tiny import make_tokenizer

CPU = torch.device("cpu")
NAMES = ["sd-1", "sd-2", "sdxl", "sdxl-refiner"]
SHIPPED = architectures.configs_directory()


@pytest.fixture(autouse=True)
def own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nobody's real configuration, and no hub's cache."""
    from huggingface_hub import constants

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "own" / "invoke-cli"


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    tried: list[Any] = []

    def connect(*args: Any, **_more: Any) -> None:
        tried.append(args)
        raise OSError("no network in this test")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, connect)
    monkeypatch.setattr(socket, "getaddrinfo", connect)
    monkeypatch.setattr(socket, "create_connection", connect)
    return tried


@pytest.fixture
def tiny_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes tiny models, and has their configurations taken for the shipped ones."""
    monkeypatch.setattr(architectures, "configs_directory", lambda: tmp_path / "configs")
    make_tokenizer().save_pretrained(tmp_path / "own" / "invoke-cli" / "tokenizer")

    def make(name: str, **changes: Any) -> Kind:
        kind = Kind(name, **changes)
        kind.save_configs(tmp_path / "configs" / "architectures" / name)
        return kind

    return make


def loaded(path: Path, dtype: torch.dtype = torch.float32, **more: Any) -> Bundle:
    entry = ModelEntry(name="some", source=str(path), **more)
    return source_of(entry).load(entry, CPU, dtype)


def recipe(**changes: Any) -> Recipe:
    plain: dict[str, Any] = {"positive": (("a cat", 1.0),), "width": 64, "height": 64, "steps": 3, "seed": 4}
    return Recipe(**(plain | changes))


def drawn(bundle: Bundle, **changes: Any) -> np.ndarray:
    *_, last = generate(bundle, recipe(**changes))
    assert isinstance(last, Picture)
    return last.rgb


@pytest.mark.parametrize("name", NAMES)
def test_a_file_and_a_directory_of_the_same_weights_draw_the_same(
    name: str, tiny_sizes: Any, tmp_path: Path, no_network: list[Any]
) -> None:
    kind = tiny_sizes(name)
    save_file(kind.tensors(), tmp_path / "model.ckpt")  # the suffix says nothing
    torch.save({"state_dict": kind.tensors(), "global_step": 7}, tmp_path / "pickled.safetensors")
    directory = loaded(kind.save_directory(tmp_path / "directory"))
    negative = (("dull", 1.0),)
    expected = [drawn(directory), drawn(directory, negative=negative)]
    for file in ("model.ckpt", "pickled.safetensors"):
        bundle = loaded(tmp_path / file, prediction="epsilon")
        assert np.array_equal(drawn(bundle), expected[0])
        assert np.array_equal(drawn(bundle, negative=negative), expected[1])
    assert not no_network


@pytest.mark.parametrize("name", NAMES)
def test_half_precision_files_become_what_is_asked_for(name: str, tiny_sizes: Any, tmp_path: Path) -> None:
    kind = tiny_sizes(name)
    halves = {key: tensor.half() if tensor.is_floating_point() else tensor
              for key, tensor in kind.tensors().items()}  # fmt: skip
    save_file(halves, tmp_path / "model.safetensors", metadata={"format": "pt"})
    bundle = loaded(tmp_path / "model.safetensors", torch.bfloat16)
    for network in (bundle.unet, bundle.vae, *(encoder for _, encoder in bundle.readers)):
        assert {parameter.dtype for parameter in network.parameters()} == {torch.bfloat16}
        assert not any(tensor.is_meta for tensor in (*network.parameters(), *network.buffers()))


def test_loading_a_file_says_nothing(
    tiny_sizes: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    save_file(tiny_sizes("sdxl").tensors(), tmp_path / "model.safetensors")
    capfd.readouterr()
    loaded(tmp_path / "model.safetensors")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("changes", [{"in_channels": 9}, {"time_cond_proj_dim": 8}])
def test_variants_are_read_off_the_tensors(changes: dict[str, int], tiny_sizes: Any, tmp_path: Path) -> None:
    kind = tiny_sizes("sd-1", **changes)
    save_file(kind.tensors(), tmp_path / "model.safetensors")
    bundle = loaded(tmp_path / "model.safetensors")
    assert bundle.inpaints == ("in_channels" in changes)
    assert bundle.scale_within == bundle.table.trailing == ("time_cond_proj_dim" in changes)
    assert not loaded(tmp_path / "model.safetensors", spacing="linspace").table.trailing
    assert loaded(tmp_path / "model.safetensors", spacing="trailing").table.trailing
    directory = loaded(kind.save_directory(tmp_path / "directory"))
    assert np.array_equal(drawn(bundle), drawn(directory))


def test_only_the_autoencoder_that_overflows_stays_in_float32() -> None:
    def kept(half: torch.dtype = torch.float16, **config: Any) -> torch.dtype:
        return vae_dtype(config, half)

    assert kept(scaling_factor=0.13025) == kept(scaling_factor=0.13025, force_upcast=True) == torch.float32
    assert kept(scaling_factor=0.13025, force_upcast=False) == torch.float16
    assert kept(scaling_factor=0.18215, force_upcast=True) == torch.float16
    assert kept(torch.bfloat16, scaling_factor=0.13025) == torch.bfloat16


# --- what it is -----------------------------------------------------------------------------------------


def real_shapes(name: str) -> dict[str, tuple[int, ...]]:
    """The names and shapes of a full-size checkpoint, as far as recognising it looks at them."""
    config = json.loads((SHIPPED / "architectures" / name / "unet" / "config.json").read_text())
    shapes: dict[str, tuple[int, ...]] = {
        "model.diffusion_model.input_blocks.0.0.weight": (config["block_out_channels"][0], 4, 3, 3),
        "model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight": (
            640,
            {"sd-1": 768, "sd-2": 1024, "sdxl": 2048, "sdxl-refiner": 1280}[name],
        ),
        "first_stage_model.quant_conv.weight": (8, 8, 1, 1),
    }
    if name.startswith("sdxl"):
        shapes["model.diffusion_model.label_emb.0.0.weight"] = (1280, 2816)
    texts = {
        "sd-1": ["cond_stage_model.transformer.text_model.embeddings.token_embedding.weight"],
        "sd-2": ["cond_stage_model.model.token_embedding.weight"],
        "sdxl": [
            "conditioner.embedders.0.transformer.text_model.embeddings.token_embedding.weight",
            "conditioner.embedders.1.model.token_embedding.weight",
        ],
        "sdxl-refiner": ["conditioner.embedders.0.model.token_embedding.weight"],
    }
    return shapes | dict.fromkeys(texts[name], (49408, 768))


@pytest.mark.parametrize("name", NAMES)
def test_each_kind_is_recognised_by_its_tensors(name: str) -> None:
    assert recognise(real_shapes(name), Path("sdxl_v2_inpainting.safetensors")).name == name


@pytest.mark.parametrize(
    ("name", "part", "parameters"),
    [
        ("sd-1", "unet", 859_520_964),
        ("sd-1", "vae", 83_653_863),
        ("sd-1", "text_encoder", 123_060_480),
        ("sd-2", "unet", 865_910_724),
        ("sd-2", "text_encoder", 340_387_840),
        ("sdxl", "unet", 2_567_463_684),
        ("sdxl", "text_encoder_2", 694_659_840),
    ],
)
def test_shipped_configurations_make_networks_of_the_published_size(
    name: str, part: str, parameters: int
) -> None:
    config = json.loads((SHIPPED / "architectures" / name / part / "config.json").read_text())
    assert sum(tensor.numel() for tensor in empty_network(config).parameters()) == parameters


def test_what_is_no_checkpoint_is_said(tmp_path: Path, tiny_sizes: Any) -> None:
    tensors = tiny_sizes("sd-1").tensors()
    unet = {name: tensor for name, tensor in tensors.items() if name.startswith("model.")}
    for content, message in (
        ({"lora_unet_mid.alpha": torch.ones(1)}, "is a LoRA, not a model"),
        ({name: t for name, t in tensors.items() if name.startswith("first")}, "is a VAE, not a model"),
        ({"clip_l": torch.ones(1, 4)}, "holds no UNet"),
        (unet, "holds no text encoder"),
        ({name: t for name, t in tensors.items() if not name.startswith("cond")}, "text encoder"),
        ({name: t for name, t in tensors.items() if "input_blocks.1" not in name}, "lacks tensors"),
    ):
        save_file(content, tmp_path / "part.safetensors")
        with pytest.raises(ModelError, match=message):
            loaded(tmp_path / "part.safetensors")
    with pytest.raises(ModelError, match="no such file"):
        loaded(tmp_path / "away.safetensors")
    with pytest.raises(ModelError, match="called 'sd-9'"):
        recognise(real_shapes("sd-1"), Path("x"), "sd-9")


def test_a_checkpoint_with_a_hole_is_said(tmp_path: Path, tiny_sizes: Any) -> None:
    tensors = tiny_sizes("sdxl").tensors()
    del tensors["model.diffusion_model.label_emb.0.2.bias"]
    save_file(tensors, tmp_path / "torn.safetensors")
    with pytest.raises(ModelError, match=r"lacks tensors .*add_embedding\.linear_2\.bias"):
        loaded(tmp_path / "torn.safetensors")


def test_an_unfit_width_is_said() -> None:
    shapes = {
        name: shape if "attn2" not in name else (640, 512) for name, shape in real_shapes("sd-1").items()
    }
    with pytest.raises(ModelError, match="text of width 512 instead of 768"):
        recognise(shapes, Path("x"))


# --- prediction -----------------------------------------------------------------------------------------


def steered(kind: Kind, answer: float) -> None:
    """Make the UNet answer nearly this everywhere, whatever it is given."""
    kind.unet.conv_out.weight.zero_()
    kind.unet.conv_out.bias.fill_(answer)


@pytest.mark.parametrize(("answer", "prediction", "native"), [(0.5, "epsilon", 40), (-3, "v_prediction", 64)])
def test_version_2_is_asked_what_it_predicts(
    answer: float, prediction: str, native: int, tiny_sizes: Any, tmp_path: Path
) -> None:
    kind = tiny_sizes("sd-2")
    steered(kind, answer)
    save_file(kind.tensors(), tmp_path / "model.safetensors")
    bundle = loaded(tmp_path / "model.safetensors")
    assert bundle.prediction == prediction
    assert bundle.native == pytest.approx(native, abs=3)
    assert loaded(tmp_path / "model.safetensors", prediction="sample").prediction == "sample"
    assert loaded(tmp_path / "model.safetensors", native_size=96).native == 96


def test_metadata_and_marks_say_what_is_predicted(tiny_sizes: Any, tmp_path: Path) -> None:
    tensors = tiny_sizes("sd-1").tensors()
    save_file(tensors, tmp_path / "noted.safetensors", metadata={"modelspec.prediction_type": "v"})
    save_file({**tensors, "v_pred": torch.zeros(0)}, tmp_path / "marked.safetensors")
    save_file({**tensors, "ztsnr": torch.zeros(0)}, tmp_path / "zero.safetensors")
    assert loaded(tmp_path / "noted.safetensors").prediction == "v_prediction"
    assert loaded(tmp_path / "marked.safetensors").prediction == "v_prediction"
    assert loaded(tmp_path / "zero.safetensors").table.sigmas[-1] == pytest.approx(4096, rel=1e-3)
    assert loaded(tmp_path / "zero.safetensors", zero_snr=False).table.sigmas[-1] < 15
    assert loaded(tmp_path / "noted.safetensors", zero_snr=True).table.sigmas[-1] > 4000


# --- the vocabulary -------------------------------------------------------------------------------------

WORDS = len(make_tokenizer())


def test_a_vocabulary_is_taken_from_the_catalog_and_kept(
    own_directory: Path, tiny_model: Path, tmp_path: Path, no_network: list[Any]
) -> None:
    own_directory.mkdir(parents=True)
    (own_directory / "models.yaml").write_text(f"tiny:\n  source: {tiny_model}\n")
    assert vocabulary.find(WORDS) == own_directory / "tokenizer"
    (own_directory / "models.yaml").unlink()
    assert vocabulary.find(WORDS) == own_directory / "tokenizer"
    assert not no_network


def test_a_vocabulary_is_taken_from_the_hubs_cache(
    own_directory: Path, tiny_model: Path, tmp_path: Path, no_network: list[Any]
) -> None:
    repository = tmp_path / "hub" / "models--openai--clip-vit-large-patch14"
    snapshot = repository / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    words = {str(index): index for index in range(WORDS)}
    (snapshot / "vocab.json").write_text(json.dumps(words))
    (snapshot / "merges.txt").write_text("#version: 0.2\n")
    assert vocabulary.find(WORDS) == own_directory / "tokenizer"
    assert (own_directory / "tokenizer" / "vocab.json").is_file()
    assert not no_network


def test_without_a_vocabulary_the_error_says_how_to_get_one(no_network: list[Any]) -> None:
    with pytest.raises(ModelError) as caught:
        vocabulary.find(49408)
    assert "vocabulary" in caught.value.message
    for way in ("fetched once", "--tokenizer DIR", "models.yaml"):
        assert way in caught.value.hint


def test_broken_and_foreign_tokenizers_are_refused(tmp_path: Path, tiny_model: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "tokenizer_config.json").write_text("{}")
    torn = tmp_path / "torn"
    torn.mkdir()
    (torn / "tokenizer.json").write_text('{"model": {"vocab": {"a"')
    for directory, holds in (
        (empty, "no vocabulary"),
        (torn, "no vocabulary"),
        (tmp_path / "away", "no voc"),
    ):
        with pytest.raises(ModelError, match=holds):
            vocabulary.find(WORDS, str(directory))
    with pytest.raises(ModelError, match=f"vocabulary of {WORDS} words; this model needs 49408"):
        vocabulary.find(49408, str(tiny_model / "tokenizer"))


def test_the_demos_vocabulary_is_not_taken_for_real_checkpoints() -> None:
    demo = Path(architectures.__file__).parent.parent / "data" / "demo" / "tokenizer"
    assert vocabulary.vocabulary_size(demo) != 49408


def test_every_architecture_ships_its_configurations() -> None:
    for found in ARCHITECTURES:
        parts = {path.name for path in (SHIPPED / "architectures" / found.name).iterdir()}
        assert parts == {"unet", "vae", "scheduler", *(text.part for text in found.texts)}


def test_the_shell_switch_takes_a_vocabulary_from_a_directory(
    own_directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from invoke_cli.__main__ import main

    given = tmp_path / "given"
    given.mkdir()
    assert main(["--tokenizer", str(given), "--model", "nowhere", "a cat"]) == 2
    assert "no vocabulary" in capsys.readouterr().err
    (given / "vocab.json").write_text(json.dumps({str(index): index for index in range(49408)}))
    (given / "merges.txt").write_text("#version: 0.2\n")
    assert main(["--tokenizer", str(given), "--model", "nowhere", "a cat"]) == 2
    assert "no model 'nowhere'" in capsys.readouterr().err
    assert vocabulary.vocabulary_size(own_directory / "tokenizer") == 49408
