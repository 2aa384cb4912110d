"""The hub: what is in its cache, and what fetching tells."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from invoke_cli.errors import ModelError, UnavailableError
from invoke_cli.models import vocabulary
from invoke_cli.models.entries import ModelEntry
from invoke_cli.models.folders import Folder
from invoke_cli.models.hub import (
    Fetched,
    StoppedError,
    Wish,
    _meter,
    cache_directory,
    cached,
    cached_repositories,
    fetch,
    let_go,
    until,
)
from invoke_cli.models.sources import source_of
from invoke_cli.models.wanted import AdapterFolders
from tests.models.fake_hub import PIECE, Hub, repositories, serving

CPU = torch.device("cpu")


def test_repositories_in_the_cache_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    for name in ("models--org--two", "models--an--one", "models--plain", "datasets--x--y", "version.txt"):
        (tmp_path / name).mkdir()
    assert cached_repositories() == ("an/one", "org/two")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "nowhere"))
    assert cached_repositories() == ()


@pytest.mark.parametrize(
    "variables",
    [{}, {"XDG_CACHE_HOME": "/c"}, {"HF_HOME": "~/h"}, {"HF_HUB_CACHE": "/x", "HF_HOME": "/h"}],
)
def test_the_cache_is_where_the_library_has_it(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import subprocess
    import sys

    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    code = "from huggingface_hub import constants; print(constants.HF_HUB_CACHE)"
    theirs = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert str(cache_directory()) == theirs.stdout.strip()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """An empty hub, and an empty cache for what comes from it."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr("time.sleep", lambda _: None)  # between the library's own tries
    with serving(Hub()) as served:
        reach(served.url, monkeypatch)
        yield served


def reach(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", url)
    template = url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    reach("http://127.0.0.1:9", monkeypatch)


def entry(source: str, **more: str) -> ModelEntry:
    return ModelEntry(name="some", source=source, **more)  # type: ignore[arg-type]


def files(directory: Path, **contents: bytes) -> Path:
    for name, content in contents.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(content)
    return directory


def test_a_model_is_fetched_once_and_its_progress_told(
    hub: Hub, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    hub.repositories = repositories(tiny={"main": tiny_model})
    told: list[Fetched] = []
    found = entry("org/tiny")
    source_of(found).fetch(found, told.append)
    sizes = [told_of.done for told_of in told]
    assert sizes == sorted(sizes)
    assert told[0].done == 0
    assert told[-1].done == told[-1].total > 10_000
    assert {told_of.what for told_of in told} == {"org/tiny"}
    unreachable(monkeypatch)
    asked = len(hub.asked)
    source_of(found).fetch(found, told.append)
    assert source_of(found).load(found, CPU, torch.float32).native == 64
    assert source_of(found).facts(found).native == 64
    assert len(hub.asked) == asked
    assert capfd.readouterr() == ("", "")


def test_a_revision_is_a_part_of_the_id_or_of_the_entry(hub: Hub, tmp_path: Path) -> None:
    old, new = files(tmp_path / "old", a=b"old"), files(tmp_path / "new", a=b"new")
    hub.repositories = repositories(two={"main": new, "v1": old})
    for source, revision, content in (
        ("org/two", None, b"new"),
        ("org/two@v1", None, b"old"),
        ("org/two", "v1", b"old"),
    ):
        assert (fetch(Wish(source, ("a",), (), revision), lambda _: None) / "a").read_bytes() == content
        there = cached(Wish(source, ("a",), (), revision))
        assert there is not None
        assert (there / "a").read_bytes() == content
    assert cached(Wish("org/two@v2", ("a",))) is None


def test_a_download_that_broke_off_goes_on(hub: Hub, tiny_model: Path) -> None:
    hub.repositories = repositories(tiny={"main": tiny_model})
    hub.broken = 1000
    found = entry("org/tiny")
    with pytest.raises(UnavailableError) as caught:
        source_of(found).fetch(found, lambda _: None)
    assert caught.value.message.startswith("org/tiny is not wholly in the hub's cache")
    assert "\n" not in caught.value.message
    assert source_of(found).facts(found).unsure
    hub.broken = 0
    source_of(found).fetch(found, lambda _: None)
    assert source_of(found).load(found, CPU, torch.float32).native == 64
    assert not source_of(found).facts(found).unsure


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        ("org/none", "there is no model org/none on the hub", "how it is written"),
        ("org/tiny@v9", "org/tiny has no revision 'v9'", "https://huggingface.co/org/tiny"),
        ("org/-.-", "org/-.- is not an id that the hub could have", "org/name"),
        ("org/bare", "org/bare holds no Stable Diffusion model in the diffusers layout", "!import_model"),
    ],
)
def test_a_wrong_id_is_one_sentence(
    hub: Hub, tiny_model: Path, tmp_path: Path, source: str, message: str, hint: str
) -> None:
    hub.repositories = repositories(
        tiny={"main": tiny_model}, bare={"main": files(tmp_path / "bare", **{"model_index.json": b"{}"})}
    )
    with pytest.raises(ModelError) as caught:
        source_of(entry(source)).load(entry(source), CPU, torch.float32)
    assert caught.value.message.startswith(message)
    assert hint in caught.value.hint


def test_without_a_network_the_way_out_is_told(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    unreachable(monkeypatch)
    with pytest.raises(UnavailableError, match="the hub cannot be reached") as caught:
        fetch(Wish("org/tiny", ("*",)), lambda _: None)
    assert "\n" not in caught.value.message
    assert "network" in caught.value.hint


def test_a_repository_without_a_vae_is_not_asked_for_again(
    hub: Hub, tiny_model: Path, tmp_path: Path
) -> None:
    bare = Path(shutil.copytree(tiny_model, tmp_path / "bare"))
    shutil.rmtree(bare / "vae")
    hub.repositories = repositories(bare={"main": bare})
    found = entry("org/bare")
    source_of(found).fetch(found, lambda _: None)
    asked = len(hub.asked)
    bundle = source_of(found).load(found, CPU, torch.float32)
    assert not bundle.has_vae
    assert not source_of(found).facts(found).has_vae
    assert len(hub.asked) == asked


def test_a_vae_is_not_fetched_before_it_is_needed(hub: Hub, tiny_model: Path, tmp_path: Path) -> None:
    hub.repositories = repositories(fine={"main": tiny_model})
    folders = AdapterFolders(vaes=Folder("VAE", tmp_path / "vaes"))
    planned = folders.vae("org/fine")
    assert planned.file is None
    assert not hub.asked
    told: list[Fetched] = []
    fetched = planned.fetched(told.append)
    assert fetched.file is not None
    assert fetched.file.path.parent.name == "vae"
    assert told[-1].done == told[-1].total > 0
    assert not any("unet" in path for path in hub.asked)
    asked = len(hub.asked)
    assert folders.vae("org/fine").fetched(told.append) == fetched
    assert len(hub.asked) == asked


def test_the_vocabulary_is_fetched_with_our_own_display(
    hub: Hub, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = b"{" + b",".join(b'"%d": %d' % (index, index) for index in range(49408)) + b"}"
    clip = files(tmp_path / "clip", **{"vocab.json": words, "merges.txt": b"#version: 0.2\n"})
    hub.repositories = {vocabulary.REPOSITORY: {"main": clip}}
    told: list[Fetched] = []
    kept = vocabulary.find(49408, report=told.append)
    assert kept == vocabulary.kept_directory()
    assert told[-1] == Fetched(vocabulary.REPOSITORY, told[-1].total, told[-1].total)
    assert vocabulary.find(49408) == kept
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def slow_hub(hub: Hub, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A hub whose weights wait half way at a gate; each piece of them is told of when it is here."""
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", PIECE)
    hub.repositories = repositories(tiny={"main": tiny_model})
    hub.gate = threading.Event()
    return hub


def test_a_download_that_is_stopped_ends_and_can_be_taken_up_again(slow_hub: Hub, tiny_model: Path) -> None:
    assert slow_hub.gate is not None
    found, stop, come = entry("org/tiny"), threading.Event(), threading.Event()
    weights = list(tiny_model.rglob("*.safetensors"))
    all_but_weights = sum(path.stat().st_size for path in tiny_model.rglob("*.*") if path not in weights)
    told: list[Fetched] = []

    def report(fetched: Fetched) -> None:
        told.append(fetched)
        if fetched.done >= all_but_weights:  # and what lies before the gate may be among it
            come.set()

    ends: list[BaseException] = []

    def fetching() -> None:
        try:
            source_of(found).fetch(found, until(stop, report))
        except BaseException as error:
            ends.append(error)

    thread = threading.Thread(target=fetching)
    thread.start()
    assert come.wait(60)
    stop.set()
    slow_hub.gate.set()
    thread.join(60)
    assert isinstance(ends[0], StoppedError)
    assert told[-1].done < told[-1].total
    assert source_of(found).facts(found).unsure
    source_of(found).fetch(found, lambda _: None)
    assert not source_of(found).facts(found).unsure


def test_a_download_that_is_stopped_before_it_begins_does_not_begin(slow_hub: Hub) -> None:
    stop, told = threading.Event(), []
    slow_hub.gate = None

    def report(fetched: Fetched) -> None:
        told.append(fetched)
        stop.set()  # at the sum of all that is to come, before any of it

    with pytest.raises(StoppedError):
        fetch(Wish("org/tiny", ("*",)), until(stop, report))
    assert [fetched.done for fetched in told] == [0]
    assert cached(Wish("org/tiny", ("*.safetensors",))) is None


def test_a_file_that_begins_is_told_of_so_that_it_can_be_stopped() -> None:
    stop, told = threading.Event(), []
    meter = _meter("org/tiny", 10, until(stop, told.append))(total=0, unit="B")
    meter.update(4)
    meter.refresh()  # as the library does for every file
    assert [fetched.done for fetched in told] == [4, 4]
    stop.set()
    with pytest.raises(StoppedError):
        meter.refresh()


def test_what_the_library_downloads_in_its_own_threads_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub.utils import _xet

    let_go()  # the library is there, and nothing goes on
    aborted: list[bool] = []
    monkeypatch.setattr(_xet, "abort_xet_session", lambda: aborted.append(True))
    let_go()
    assert aborted == [True]
    monkeypatch.delattr(_xet, "abort_xet_session")
    let_go()
    monkeypatch.delitem(sys.modules, "huggingface_hub.utils._xet")
    let_go()
    assert aborted == [True]
