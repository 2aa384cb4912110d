"""VAEs by name: on a line, from the entry, and for models that come without one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from invoke_cli.language.request import Request
from invoke_cli.models import architectures, vocabulary
from invoke_cli.models.cache import ModelCache, load_from_source
from invoke_cli.models.catalog import Catalog
from invoke_cli.session.imports import Wish, convert_model, import_models
from invoke_cli.session.session import Session
from invoke_cli.settings import Settings
from tests.checkpoints import Kind
from tests.session.conftest import failure, notices, pixels, planned, saved
from tests.tiny import make_tokenizer, make_vae

LINE = "a cat -s1 -W64 -H64 -S1"


@pytest.fixture
def vaes(tmp_path: Path) -> Path:
    """A folder with a VAE called soft, which decodes in another way than the tiny model's own."""
    vae = make_vae()
    drawn = torch.Generator().manual_seed(9)
    for parameter in vae.parameters():
        parameter.add_(0.1 * torch.randn(parameter.shape, generator=drawn))
    vae.save_pretrained(tmp_path / "vaes" / "soft")
    return tmp_path / "vaes"


def session_of(model: Path | str, vaes: Path, tmp_path: Path, **more: Any) -> Session:
    """Its loads are counted in `session.models.cache.loads`."""
    loads: list[str] = []

    def load(*wanted: Any) -> Any:
        loads.append(wanted[0].name)
        return load_from_source(*wanted)

    settings = Settings(
        model=str(model),
        device="cpu",
        vae_directory=str(vaes),
        defaults=Request(outdir=str(tmp_path / "out"), **more.pop("defaults", {})),
        **more,
    )
    catalog = Catalog.read(tmp_path / "shipped.yaml", tmp_path / "config" / "invoke-cli" / "models.yaml")
    session = Session(settings, catalog, ModelCache("cpu", "auto", load))
    session.models.cache.loads = loads  # type: ignore[attr-defined]
    return session


def drawn(session: Session, line: str) -> np.ndarray:
    return pixels(saved(session.run(line))[0].path)


def test_a_vae_is_changed_from_line_to_line(tiny_model: Path, vaes: Path, tmp_path: Path) -> None:
    session = session_of(tiny_model, vaes, tmp_path)
    own, soft = drawn(session, LINE), drawn(session, f"{LINE} --vae soft")
    assert not np.array_equal(own, soft)
    assert np.array_equal(drawn(session, LINE), own)
    assert np.array_equal(drawn(session, f"{LINE} --vae={vaes / 'soft'}"), soft)
    assert np.array_equal(drawn(session, f"{LINE} --vae own"), own)
    assert session.models.cache.loads == ["tiny"]  # type: ignore[attr-defined]


def test_the_vae_of_an_entry_is_pinned_and_gives_way_to_the_line(
    tiny_model: Path, vaes: Path, tmp_path: Path
) -> None:
    plain = session_of(tiny_model, vaes, tmp_path)
    own, soft = drawn(plain, LINE), drawn(plain, f"{LINE} --vae soft")
    (tmp_path / "shipped.yaml").write_text(f"mine: {{source: {tiny_model}, vae: soft}}\n")
    session = session_of("mine", vaes, tmp_path)
    (picture,) = planned(session.run(LINE))
    assert "--vae soft" in picture.line.replace("=", " ")
    assert np.array_equal(drawn(session, LINE), soft)
    assert np.array_equal(drawn(session, f"{LINE} --vae own"), own)
    assert np.array_equal(drawn(plain, picture.line), soft)


def test_an_unknown_vae_is_marked_in_the_line(tiny_model: Path, vaes: Path, tmp_path: Path) -> None:
    line = f"{LINE} --vae sofd"
    error = failure(session_of(tiny_model, vaes, tmp_path).run(line)).error
    assert (error.hint, line[error.span.start : error.span.end]) == ("did you mean soft?", "--vae sofd")  # type: ignore[union-attr]


@pytest.fixture
def bare(tiny_model: Path, tmp_path: Path) -> Path:
    """The tiny model as a directory without its VAE, which lies beside it."""
    path = Path(shutil.copytree(tiny_model, tmp_path / "bare"))
    (path / "vae").rename(tmp_path / "its-vae")
    return path


def test_a_directory_without_a_vae_draws_with_one_that_is_named(
    bare: Path, tiny_model: Path, vaes: Path, tmp_path: Path
) -> None:
    whole = drawn(session_of(tiny_model, vaes, tmp_path), LINE)
    session = session_of(bare, vaes, tmp_path)
    error = failure(session.run(LINE)).error
    assert error.message == "the model bare has no VAE of its own"
    assert "--vae" in error.hint
    assert "vae=NAME" in error.hint
    assert session.models.cache.loads == []  # type: ignore[attr-defined]  # found while planning
    assert np.array_equal(drawn(session, f"{LINE} --vae {tmp_path / 'its-vae'}"), whole)
    assert "no VAE" in failure(session.run(f"{LINE} --vae own")).error.message
    assert np.array_equal(drawn(session, f"{LINE} --vae {tmp_path / 'its-vae'}"), whole)


@pytest.mark.parametrize("name", ["sd-1", "sdxl"])
def test_a_file_without_a_vae_draws_the_picture_of_the_whole_one(
    name: str, vaes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = {known: Kind(known) for known in ("sd-1", "sd-2", "sdxl", "sdxl-refiner")}
    for known, made in kinds.items():
        made.save_configs(tmp_path / "configs" / "architectures" / known)
    kind = kinds[name]
    monkeypatch.setattr(architectures, "configs_directory", lambda: tmp_path / "configs")
    make_tokenizer().save_pretrained(vocabulary.kept_directory())
    tensors = kind.tensors()
    save_file(tensors, tmp_path / "whole.safetensors")
    parts = {n: t for n, t in tensors.items() if not n.startswith("first_stage_model.")}
    save_file(parts, tmp_path / "part.safetensors")
    vae = {n: t for n, t in tensors.items() if n.startswith("first_stage_model.")}
    save_file(vae, vaes / "apart.safetensors")
    whole = drawn(session_of(tmp_path / "whole.safetensors", vaes, tmp_path), LINE)
    session = session_of(tmp_path / "whole.safetensors", vaes, tmp_path)
    said = notices(import_models(session.models, str(tmp_path / "part.safetensors"), Wish()))
    assert "it has no VAE; name one: !edit_model part vae=NAME" in said
    list(session.models.switch("part"))
    assert "no VAE" in failure(session.run(LINE)).error.message
    list(session.models.edit("part", (("vae", "apart"),)))
    assert np.array_equal(drawn(session, LINE), whole)
    list(convert_model(session.models, "part", ""))
    assert not (tmp_path / "part" / "vae").exists()
    assert np.array_equal(drawn(session, LINE), whole)
