"""Importing and converting: what is recognised, what is written down, and what a failure leaves behind."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from invoke_cli.errors import ModelError, UnavailableError
from invoke_cli.language.request import Request
from invoke_cli.models import architectures, vocabulary
from invoke_cli.models.catalog import Catalog
from invoke_cli.models.finds import free_name, sources_in
from invoke_cli.session.imports import Wish, autoimport, convert_model, import_models
from invoke_cli.session.session import Session
from invoke_cli.settings import Settings
from tests.checkpoints import Kind
from tests.session.conftest import pixels, planned, saved
from tests.session.test_models import told
from tests.tiny import make_tokenizer

SHORT = "a cat -s2 -W64 -H64 -S1"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "config" / "invoke-cli" / "models.yaml"


@pytest.fixture
def session(tiny_model: Path, own: Path, tmp_path: Path) -> Session:
    settings = Settings(
        model=str(tiny_model),
        device="cpu",
        precision="float32",
        defaults=Request(outdir=str(tmp_path / "out")),
    )
    return Session(settings, Catalog.read(own))


@pytest.fixture
def sd1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kind:
    """A tiny model of the kind sd-1, whose configurations are taken for the shipped ones."""
    monkeypatch.setattr(architectures, "configs_directory", lambda: tmp_path / "configs")
    make_tokenizer().save_pretrained(tmp_path / "config" / "invoke-cli" / "tokenizer")
    kind = Kind("sd-1")
    kind.save_configs(tmp_path / "configs" / "architectures" / "sd-1")
    return kind


@pytest.fixture
def checkpoint(sd1: Kind, tmp_path: Path) -> Path:
    (tmp_path / "downloads").mkdir()
    path = tmp_path / "downloads" / "Dream Shaper (v7).safetensors"
    save_file(sd1.tensors(), path)
    return path


def test_a_checkpoint_is_imported_with_nothing_asked(session: Session, own: Path, checkpoint: Path) -> None:
    said = told(import_models(session.models, str(checkpoint), Wish()))
    assert said.endswith(
        "is in the catalog: Stable Diffusion, 64 pixels; !switch Dream-Shaper-v7 draws with it"
    )
    entry = Catalog.read(own).find("Dream-Shaper-v7")
    assert entry.source == str(checkpoint)
    assert entry.description == "Stable Diffusion, 64 pixels, from Dream Shaper (v7).safetensors"
    assert session.models.cache.state(entry) == "ready"
    list(session.models.switch("Dream-Shaper-v7"))
    saved(session.run(SHORT))


def test_wishes_are_followed(session: Session, own: Path, tiny_model: Path) -> None:
    list(import_models(session.models, str(tiny_model), Wish("mine", "what I like", default=True)))
    assert "mine" in own.read_text()
    entry = Catalog.read(own).find("")
    assert (entry.name, entry.description, entry.source) == ("mine", "what I like", str(tiny_model))


@pytest.mark.parametrize("wish", [Wish(), Wish("other")])
def test_nothing_is_imported_twice(session: Session, own: Path, tiny_model: Path, wish: Wish) -> None:
    list(import_models(session.models, str(tiny_model), Wish()))
    before = own.read_bytes()
    with pytest.raises(ModelError, match="already, as tiny"):
        list(import_models(session.models, f"{tiny_model}/../{tiny_model.name}", wish))
    assert own.read_bytes() == before


def test_a_name_that_is_taken_is_refused(session: Session, tiny_model: Path, tmp_path: Path) -> None:
    list(import_models(session.models, str(tiny_model), Wish("mine")))
    copy = shutil.copytree(tiny_model, tmp_path / "copy")
    with pytest.raises(ModelError, match="mine already"):
        list(import_models(session.models, str(copy), Wish("mine")))


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x80\x02}q\x00."])
def test_what_does_not_load_is_not_imported(
    session: Session, own: Path, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "broken.ckpt"
    path.write_bytes(content)
    with pytest.raises(ModelError):
        list(import_models(session.models, str(path), Wish()))
    assert not own.exists()


LCM = {"_class_name": "LCMScheduler"}
TURBO = {"_class_name": "EulerAncestralDiscreteScheduler", "timestep_spacing": "trailing"}


@pytest.mark.parametrize(
    ("scheduler", "spacing", "defaults"),
    [
        (LCM, "trailing", {"sampler": "lcm", "steps": 4, "cfg_scale": 1}),
        (TURBO, "trailing", {"sampler": "k_euler_a", "steps": 4, "cfg_scale": 1}),
        ({"_class_name": "PNDMScheduler"}, None, {}),
    ],
)
def test_a_distilled_model_gets_what_suits_it(
    session: Session, tiny_model: Path, tmp_path: Path, scheduler: dict, spacing: str | None, defaults: dict
) -> None:
    path = Path(shutil.copytree(tiny_model, tmp_path / "quick"))
    (path / "scheduler" / "scheduler_config.json").write_text(json.dumps(scheduler))
    list(import_models(session.models, str(path), Wish()))
    entry = session.models.find("quick")
    assert (entry.spacing, entry.defaults) == (spacing, defaults)


@pytest.mark.parametrize(("answer", "prediction", "native"), [(0.5, "epsilon", 40), (-3, "v_prediction", 64)])
def test_what_loading_shows_of_version_2_is_in_the_entry_and_planned_with(
    session: Session, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    answer: float, prediction: str, native: int,
) -> None:  # fmt: skip
    kind = Kind("sd-2")
    kind.unet.conv_out.weight.zero_()
    kind.unet.conv_out.bias.fill_(answer)
    kind.save_configs(tmp_path / "configs" / "architectures" / "sd-2")
    monkeypatch.setattr(architectures, "configs_directory", lambda: tmp_path / "configs")
    make_tokenizer().save_pretrained(vocabulary.kept_directory())
    save_file(kind.tensors(), tmp_path / "second.safetensors")
    said = told(import_models(session.models, str(tmp_path / "second.safetensors"), Wish()))
    entry = Catalog.read(own).find("second")
    assert entry.prediction == prediction
    assert entry.native_size == pytest.approx(native, abs=4)
    assert re.search(r"Stable Diffusion, \d+ pixels", said)
    assert ("predicts v" in said) == (prediction == "v_prediction")
    # with a path instead of the entry it is loaded before it is planned with
    other = Session(Settings(device="cpu", model=str(tmp_path / "second.safetensors")), Catalog({}))
    (picture,) = planned(other.run("a cat -s1 -S1"))
    assert picture.width == entry.native_size // 8 * 8


def test_a_name_that_sounds_quick_brings_advice(session: Session, checkpoint: Path) -> None:
    quick = checkpoint.with_name("Dream Turbo.safetensors")
    checkpoint.rename(quick)
    said = told(import_models(session.models, str(quick), Wish()))
    assert "!edit_model Dream-Turbo spacing=trailing defaults.sampler=k_euler_a defaults.steps=4" in said
    assert session.models.find("Dream-Turbo").defaults == {}


def test_a_network_that_is_told_the_guidance_gets_what_suits_it(session: Session, tmp_path: Path) -> None:
    path = Kind("sd-1", time_cond_proj_dim=8).save_directory(tmp_path / "consistent")
    list(import_models(session.models, str(path), Wish()))
    assert session.models.find("consistent").defaults == {"sampler": "lcm", "steps": 4, "cfg_scale": 8}


def test_a_folder_is_imported_once_and_what_is_broken_says_why(
    session: Session, own: Path, checkpoint: Path, tiny_model: Path
) -> None:
    folder = checkpoint.parent
    shutil.copytree(tiny_model, folder / "tiny")
    (folder / "broken.ckpt").write_bytes(b"nothing")
    (folder / "notes.txt").touch()
    said = told(autoimport(session.models, str(folder)))
    assert "tiny is in the catalog" in said
    assert f"not imported: {folder / 'broken.ckpt'} " in said
    assert Catalog.read(own).names == ("Dream-Shaper-v7", "tiny")
    again = told(autoimport(session.models, str(folder)))
    assert again == ""
    (folder / "broken.ckpt").write_bytes(b"still nothing")
    assert told(autoimport(session.models, str(folder))).count("not imported") == 1
    assert told(autoimport(session.models, str(folder))) == ""
    assert Catalog.read(own).names == ("Dream-Shaper-v7", "tiny")


def test_what_failed_for_want_of_a_network_is_tried_again(
    session: Session, own: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object, **__: object) -> Path:
        raise UnavailableError("no vocabulary")

    with monkeypatch.context() as patched:
        patched.setattr("invoke_cli.models.vocabulary.find", none)
        for _ in range(2):
            assert "no vocabulary" in told(autoimport(session.models, str(checkpoint.parent)))
    assert "is in the catalog" in told(autoimport(session.models, str(checkpoint.parent)))


def test_a_folder_that_is_not_there_is_a_notice(session: Session, tmp_path: Path) -> None:
    assert told(autoimport(session.models, str(tmp_path / "none"))).startswith("nothing is imported: ")
    (tmp_path / "empty").mkdir()
    assert "there is no model in" in told(autoimport(session.models, str(tmp_path / "empty")))


@pytest.mark.parametrize("text", ["org/name", "org/name@v1.0", "https://huggingface.co/org/name"])
def test_a_hub_id_is_told_from_a_path(text: str) -> None:
    assert sources_in(text) == (text.removeprefix("https://huggingface.co/"),)


def test_what_is_nowhere_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(ModelError) as caught:
        sources_in(str(tmp_path / "modle.safetensors"))
    assert caught.value.hint.endswith("model.safetensors?")
    with pytest.raises(ModelError, match="no file"):
        sources_in("a/b/c")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("/m/one v2.safetensors", "one-v2"),
        ("org/name@main", "name"),
        ("/m/taken", "taken-2"),
        ("/m/v1.5", "v1.5"),
        ("/m/(((.ckpt", "model"),
    ],
)
def test_names_are_free_and_need_no_quotes(source: str, name: str) -> None:
    assert free_name(source, {"taken"}) == name


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_a_converted_model_draws_the_same_picture(
    session: Session, own: Path, sd1: Kind, tmp_path: Path, dtype: torch.dtype
) -> None:
    path = tmp_path / "one.safetensors"
    halves = {n: t.to(dtype) if t.is_floating_point() else t for n, t in sd1.tensors().items()}
    save_file(halves, path)
    list(import_models(session.models, str(path), Wish()))
    list(session.models.switch("one"))
    before = saved(session.run(SHORT))[0].path
    list(convert_model(session.models, "one", ""))
    directory = tmp_path / "one"
    assert Catalog.read(own).find("one").source == session.models.active.source == str(directory)
    path.unlink()
    assert np.array_equal(pixels(saved(session.run(SHORT))[0].path), pixels(before))
    with safe_open(next((directory / "unet").glob("*.safetensors")), "pt") as weights:
        assert weights.get_tensor("conv_in.weight").dtype == dtype
    assert not [item for item in tmp_path.iterdir() if item.name.startswith(".one")]


def test_a_file_that_is_not_in_the_catalog_is_converted_into_it(
    session: Session, own: Path, checkpoint: Path, tmp_path: Path
) -> None:
    list(convert_model(session.models, str(checkpoint), str(tmp_path / "made")))
    entry = Catalog.read(own).find("Dream-Shaper-v7")
    assert entry.source == str(tmp_path / "made")
    assert json.loads((tmp_path / "made" / "model_index.json").read_text())["unet"] == [
        "diffusers",
        "UNet2DConditionModel",
    ]
    list(session.models.switch("Dream-Shaper-v7"))


def test_a_conversion_that_cannot_be_done_leaves_nothing(
    session: Session, own: Path, checkpoint: Path, tiny_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "file").touch()
    for wanted, target, message in (
        (tiny_model, tmp_path / "new", "not a checkpoint file"),
        (checkpoint, tmp_path / "there", "exists already"),
        (checkpoint, tmp_path / "file" / "new", "cannot be written"),
    ):
        with pytest.raises(ModelError, match=message):
            list(convert_model(session.models, str(wanted), str(target)))
    assert not own.exists()
    assert not (tmp_path / "new").exists()
