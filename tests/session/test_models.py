"""The models of a session: what is in use, what the list says, and what a mistake leaves behind."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from invoke_cli.errors import InvokeError, ModelError, SettingsError
from invoke_cli.imaging.metadata import read_texts, unpack
from invoke_cli.language.request import Request
from invoke_cli.models.cache import Budget, ModelCache, load_from_source
from invoke_cli.models.catalog import Catalog
from invoke_cli.models.entries import ModelEntry
from invoke_cli.session.events import Ask, Event, Notice
from invoke_cli.session.models import Models
from invoke_cli.session.session import Session
from invoke_cli.settings import Settings
from tests.session.conftest import failure, planned, saved

SHORT = "a cat -s1 -W64 -H64 -S1"


class Loads:
    """The real loader, counted."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, entry: ModelEntry, device: str, precision: str):  # type: ignore[no-untyped-def]
        self.names.append(entry.name)
        return load_from_source(entry, device, precision)


@pytest.fixture
def loads() -> Loads:
    return Loads()


@pytest.fixture
def own(tmp_path: Path, tiny_model: Path) -> Path:
    """The user's models.yaml: two models, one that is nowhere, one whose defaults make no sense."""
    path = tmp_path / "models.yaml"
    path.write_text(
        f"""\
# my models
first:
  source: {tiny_model}
  description: the first one
  default: true
second: {{source: {tiny_model}, defaults: {{steps: 2, width: 72}}, native_size: 72}}
nowhere: {{source: {tmp_path / "nowhere"}}}
odd: {{source: {tiny_model}, defaults: {{stepz: 2}}}}
"""
    )
    return path


@pytest.fixture
def session(own: Path, loads: Loads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.chdir(tmp_path)
    cache = ModelCache("cpu", "auto", loads)
    settings = Settings(device="cpu", defaults=Request(outdir=str(tmp_path / "out")))
    return Session(settings, Catalog.read(own), cache)


def told(events: Iterable[Event]) -> str:
    return "\n".join(event.text for event in events if isinstance(event, Notice))


def answered(events: Generator[Event, bool | None, None], answer: bool) -> list[Event]:
    """All events of a use case whose questions get this answer."""
    found = []
    try:
        event = next(events)
        while True:
            found.append(event)
            event = events.send(answer if isinstance(event, Ask) else None)
    except StopIteration:
        return found


def state(session: Session, name: str) -> str:
    return next(row.state for row in session.models.rows() if row.name == name)


def test_the_list_says_what_is_where(session: Session) -> None:
    assert [(row.name, row.state) for row in session.models.rows()] == [
        ("first", "active, not loaded"),
        ("second", "not loaded"),
        ("nowhere", "missing"),
        ("odd", "not loaded"),
    ]
    session.models.lend()
    first = next(iter(session.models.rows()))
    assert (first.state, first.description) == ("active", "the first one")
    assert first.size is not None
    assert first.size > 1000


def test_a_model_that_is_not_in_the_catalog_is_listed_while_it_is_in_use(own: Path, tiny_model: Path) -> None:
    session = Session(Settings(model=str(tiny_model)), Catalog.read(own))
    assert [row.name for row in session.models.rows()][-1] == "tiny"


def test_a_switch_keeps_the_other_model_loaded_and_going_back_loads_nothing(
    session: Session, loads: Loads
) -> None:
    saved(session.run(SHORT))
    list(session.models.switch("second"))
    assert (state(session, "first"), state(session, "second")) == ("cached", "active")
    assert session.status().model == "second"
    list(session.models.switch("first"))
    saved(session.run(SHORT))
    assert loads.names == ["first", "second"]


def test_the_next_line_is_drawn_with_the_other_model_and_its_defaults(session: Session) -> None:
    list(session.models.switch("second"))
    events = list(session.run("a cat -S1"))
    (picture,) = planned(events)
    assert (picture.steps, picture.width, picture.height) == (2, 72, 72)
    stored = unpack(read_texts(saved(events)[0].path)).facts
    assert stored["model"]["name"] == "second"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("thrid", "no model 'thrid'"),
        ("nowhere", "nowhere"),
        ("odd", "models.yaml, odd: there is no switch stepz"),
        ("broken", "unet"),
    ],
)
def test_a_switch_that_fails_changes_nothing(
    session: Session, own: Path, tiny_model: Path, tmp_path: Path, name: str, message: str
) -> None:
    shutil.copytree(tiny_model, tmp_path / "broken")
    next((tmp_path / "broken" / "unet").glob("*.safetensors")).write_bytes(b"")
    session.models.catalog.write("broken", {"source": str(tmp_path / "broken")})
    before = saved(session.run(SHORT))[0].path.read_bytes()
    with pytest.raises(InvokeError, match=message):
        list(session.models.switch(name))
    assert session.models.active.name == "first"
    assert session.status().state == "ready"
    assert saved(session.run(SHORT))[0].path.read_bytes() == before


def test_a_size_that_only_the_loaded_model_knows_is_used(session: Session, loads: Loads) -> None:
    def load(entry: ModelEntry, device: str, precision: str):  # type: ignore[no-untyped-def]
        return replace(loads(entry, device, precision), native=48)

    models = Models(session.models.catalog, ModelCache("cpu", "auto", load), "")
    assert models.facts.native == 64
    models.lend()
    assert models.facts.native == 48


def test_a_dry_run_switches_without_loading(session: Session, loads: Loads) -> None:
    list(session.models.switch("second", load=False))
    assert session.models.active.name == "second"
    assert loads.names == []


def test_the_budget_of_the_settings_counts(own: Path) -> None:
    session = Session(Settings(max_loaded_models=1, device="cpu"), Catalog.read(own))
    list(session.models.switch("second"))
    list(session.models.switch("first"))
    assert state(session, "second") == "not loaded"
    assert Budget(1, None) == session.models.cache.budget


def test_an_edit_changes_the_file_and_the_next_line(session: Session, own: Path, loads: Loads) -> None:
    saved(session.run(SHORT))
    changes = (("defaults.steps", "3"), ("description", "mine: all of it"), ("native_size", "80"))
    said = told(session.models.edit("first", changes))
    assert said == "first is changed: defaults.steps, description, native_size"
    assert "# my models\nfirst:\n" in own.read_text()
    assert session.models.active.description == "mine: all of it"
    (picture,) = planned(list(session.run("a cat -S1")))
    assert (picture.steps, picture.width) == (3, 80)
    assert loads.names == ["first", "first"]


def test_an_edit_that_loading_does_not_see_loads_nothing(session: Session, loads: Loads) -> None:
    saved(session.run(SHORT))
    list(session.models.edit("first", (("defaults.steps", "1"),)))
    saved(session.run("a cat -W64 -H64"))
    list(session.models.edit("first", (("defaults", ""),)))
    assert session.models.active.defaults == {}
    assert loads.names == ["first"]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("native_size", "big", "native_size should be"),
        ("sauce", "x", "did you mean source"),
        ("defaults.stepz", "3", "there is no switch stepz"),
        ("source.path", "x", "source has no parts"),
        ("source", "", "needs a 'source:'"),
        ("loras", "{", "not valid YAML"),
        ("loras.grain", "much", "loras should be"),
        ("name", "x", "there is no key 'name'"),
        ("kind", "sd-9", "there are: sdxl, sdxl-refiner, sd-2, sd-1"),
        ("defaults.seed", "3", "seed belongs on a line"),
    ],
)
def test_a_wrong_edit_is_refused(session: Session, own: Path, key: str, value: str, message: str) -> None:
    before = own.read_bytes()
    with pytest.raises(SettingsError) as caught:
        list(session.models.edit("second", ((key, value),)))
    assert message in f"{caught.value.message} {caught.value.hint}"
    assert own.read_bytes() == before


def test_loras_are_edited_one_by_one(session: Session) -> None:
    list(session.models.edit("second", (("loras.grain", "0.8"), ("loras.ink", "1"))))
    assert session.models.find("second").loras == (("grain", 0.8), ("ink", 1.0))
    list(session.models.edit("second", (("loras.grain", ""),)))
    assert session.models.find("second").loras == (("ink", 1.0),)
    assert session.models.shown("second")[-3:] == (
        ("loras.ink", "1.0"),
        ("defaults.steps", "2"),
        ("defaults.width", "72"),
    )


@pytest.mark.parametrize("answer", [True, False])
def test_deleting_asks_and_touches_no_weights(
    session: Session, own: Path, tiny_model: Path, answer: bool
) -> None:
    before = own.read_text()
    events = answered(session.models.delete("second"), answer)
    assert isinstance(events[0], Ask)
    assert ("second" in session.world().models) is not answer
    assert (own.read_text() == before) is not answer
    assert any((tiny_model / "unet").glob("*.safetensors"))


def test_the_model_in_use_stays_on_the_list(session: Session) -> None:
    with pytest.raises(ModelError, match="in use"):
        next(session.models.delete("first"))


def test_a_shipped_model_stays_on_the_list(own: Path, tmp_path: Path, tiny_model: Path) -> None:
    shipped = tmp_path / "shipped.yaml"
    shipped.write_text(f"base: {{source: {tiny_model}, description: plain}}\n")
    models = Session(Settings(), Catalog.read(shipped, own)).models
    with pytest.raises(ModelError, match="came with the program"):
        next(models.delete("base"))
    assert "copied to" in told(models.edit("base", (("description", "mine"),)))
    assert "is back" in told(answered(models.delete("base"), True))
    assert models.find("base").description == "plain"


def test_a_line_whose_model_is_gone_fails_and_the_session_goes_on(session: Session, tmp_path: Path) -> None:
    list(session.models.edit("first", (("source", str(tmp_path / "gone")),)))
    assert "gone" in failure(session.run(SHORT)).error.message
    list(session.models.switch("second"))
    saved(session.run(SHORT))


@pytest.mark.parametrize("name", ["seed", "variation_amount", "init_img"])
def test_an_entry_cannot_change_what_stored_lines_mean(tiny_model: Path, name: str) -> None:
    value = {"seed": 5, "variation_amount": 0.2, "init_img": "a.png"}[name]
    entry = ModelEntry(name="tiny", source=str(tiny_model), default=True, defaults={name: value})
    session = Session(Settings(device="cpu", dry_run=True), Catalog({"tiny": entry}))
    assert f"{name} belongs on a line" in failure(session.run("a cat -s3")).error.message
