"""models.yaml: what it may hold, and what a wrong one says."""

from __future__ import annotations

from pathlib import Path

import pytest

from invoke_cli.errors import ModelError, SettingsError
from invoke_cli.models.catalog import Catalog
from invoke_cli.models.sources import SOURCES, source_of
from invoke_cli.settings import shipped_directory

SHIPPED = shipped_directory() / "models.yaml"


def written(directory: Path, text: str) -> Path:
    path = directory / "models.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_catalog_starts_with_the_demo() -> None:
    entry = Catalog.read(SHIPPED).find("")
    assert entry.name == "demo"
    assert entry.defaults == {"fit": True}


def test_a_later_file_overrides_and_adds(tmp_path: Path) -> None:
    own = written(
        tmp_path, "demo: {source: 'embedded:demo', description: mine}\nnew: {source: a/b, default: true}\n"
    )
    catalog = Catalog.read(SHIPPED, own)
    assert catalog.find("demo").description == "mine"
    assert catalog.find("").name == "new"


def test_missing_files_are_no_mistake(tmp_path: Path) -> None:
    assert Catalog.read(tmp_path / "none.yaml").names == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("demo: {source: x, revison: main}", "line 1: demo: there is no key 'revison'"),
        ("demo: {description: x}", "needs a 'source:'"),
        ("demo: just text", "should have keys"),
        ("demo:\n  source: a\n\n  native_size: big", "line 4: demo: native_size should be a number"),
        ("demo: {source: 3}", "source should be text"),
        ("demo: {source: ''}", "source should be text"),
        ("demo: {source: a, default: perhaps}", "default should be true or false"),
        ("demo: {source: a, dtype: fp8}", "dtype should be one of"),
        ("demo: {source: a, prediction: noise}", "prediction should be one of epsilon"),
        ("demo: {source: a, loras: {grain: much}}", "loras should be names with weights"),
        ("demo: {source: a, defaults: 30}", "defaults should be switches"),
        ("demo: {source: a}\ndemo: {source: b}", "line 2.*twice"),
        ("demo: [", "not valid YAML"),
        ("- demo", "should hold names"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Catalog.read(written(tmp_path, text))


def test_a_misspelt_key_is_suggested(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        Catalog.read(written(tmp_path, "demo: {source: x, revison: main}"))
    assert "revision" in caught.value.hint


def test_every_key_has_its_form(tmp_path: Path) -> None:
    text = """
012:
  source: ~/models/one.safetensors
  revision: main
  kind: sd1
  native_size: 768
  dtype: fp16
  vae: soft
  loras: {grain: 0.8, ink: 1}
  tokenizer: ~/words
  prediction: v_prediction
  defaults: {steps: 4, cfg_scale: 1}
  description: ""
  default: false
"""
    entry = Catalog.read(written(tmp_path, text)).find("012")
    assert (entry.source, entry.native_size, entry.kind) == ("~/models/one.safetensors", 768, "sd1")
    assert entry.loras == (("grain", 0.8), ("ink", 1.0))
    assert entry.defaults == {"steps": 4, "cfg_scale": 1}


@pytest.mark.parametrize("loras", ["grain", "[grain]", "{grain: 1}"])
def test_a_lora_without_a_weight_has_weight_one(tmp_path: Path, loras: str) -> None:
    path = written(tmp_path, f"a: {{source: x, loras: {loras}}}")
    assert Catalog.read(path).find("a").loras == (("grain", 1.0),)


def test_a_directory_and_a_hub_id_need_no_entry(tmp_path: Path) -> None:
    catalog = Catalog.read(SHIPPED)
    assert catalog.find(str(tmp_path)).source == str(tmp_path.resolve())
    assert catalog.find("some/model").source == "some/model"


@pytest.mark.parametrize("name", ["demmo", "./nowhere/model", "/nowhere", "a/b/c"])
def test_an_unknown_name_is_never_taken_for_a_hub_id(name: str) -> None:
    with pytest.raises(ModelError) as caught:
        Catalog.read(SHIPPED).find(name)
    assert "demo" in caught.value.hint


def test_every_kind_of_source_has_its_place(tmp_path: Path) -> None:
    catalog = Catalog.read(SHIPPED)
    assert source_of(catalog.find("demo")) is SOURCES["embedded"]
    assert source_of(catalog.find(str(tmp_path))) is SOURCES["directory"]
    assert source_of(catalog.find("some/model@v1")) is SOURCES["hub"]


OWN = "# mine\nfirst: {source: a/b, default: true}\n"


def test_the_users_file_is_made_when_first_needed(tmp_path: Path) -> None:
    own = tmp_path / "config" / "models.yaml"
    catalog = Catalog.read(SHIPPED, own)
    catalog.write("new", {"source": "a/b", "description": "fresh"})
    assert catalog.find("new").description == Catalog.read(own).find("new").description == "fresh"
    assert catalog.is_own("new")
    assert not catalog.is_own("demo")


def test_a_shipped_entry_is_copied_before_it_is_changed(tmp_path: Path) -> None:
    own = written(tmp_path, OWN)
    shipped = SHIPPED.read_bytes()
    catalog = Catalog.read(SHIPPED, own)
    catalog.write("demo", {"description": "mine"})
    assert catalog.find("demo").description == "mine"
    assert catalog.find("demo").defaults == {"fit": True}
    assert own.read_text().startswith(OWN)
    catalog.remove("demo")
    assert "travels" in catalog.find("demo").description
    assert own.read_text().startswith(OWN)
    assert SHIPPED.read_bytes() == shipped


def test_the_default_passes_on(tmp_path: Path) -> None:
    own = written(tmp_path, OWN)
    catalog = Catalog.read(SHIPPED, own)
    catalog.write("demo", {"default": True})
    assert catalog.find("").name == "demo"
    assert own.read_text().startswith("# mine\nfirst: {source: a/b}\n")
    catalog.write("second", {"source": "c/d", "default": True})
    assert catalog.find("").name == Catalog.read(SHIPPED, own).find("").name == "second"


def test_a_wrong_edit_changes_nothing(tmp_path: Path) -> None:
    own = written(tmp_path, OWN)
    catalog = Catalog.read(SHIPPED, own)
    with pytest.raises(SettingsError, match="native_size"):
        catalog.write("first", {"native_size": "big"})
    assert own.read_text() == OWN
    assert catalog.find("first").native_size is None


def test_a_catalog_without_a_file_cannot_be_written() -> None:
    with pytest.raises(ModelError, match="in no file"):
        Catalog({}).write("new", {"source": "a/b"})


def test_a_file_is_called_by_its_stem(tmp_path: Path) -> None:
    (tmp_path / "one.safetensors").touch()
    assert Catalog.read(SHIPPED).find(str(tmp_path / "one.safetensors")).name == "one"


def test_yaml_never_builds_objects(tmp_path: Path) -> None:
    text = f"demo: !!python/object/apply:os.mkdir ['{tmp_path / 'made'}']"
    with pytest.raises(SettingsError):
        Catalog.read(written(tmp_path, text))
    assert not (tmp_path / "made").exists()
