"""Sessions on the tiny model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from invoke_cli.language.request import Request
from invoke_cli.models.catalog import Catalog
from invoke_cli.session.events import Event, Failed, Notice, Planned, PlannedPicture, Saved
from invoke_cli.session.session import Session
from invoke_cli.settings import Settings

Pixels = NDArray[np.uint8]
Make = Callable[..., Session]
SHORT = "a cat -s3 -W64 -H64"
"""A line that is drawn in a moment."""


@pytest.fixture
def make_session(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """A session whose working directory is empty; keyword arguments are fields of Request."""
    monkeypatch.chdir(tmp_path)

    def make(*, dry_run: bool = False, **defaults: object) -> Session:
        settings = Settings(
            model=str(tiny_model), device="cpu", dry_run=dry_run, defaults=Request(**defaults)
        )
        return Session(settings, Catalog({}))

    return make


@pytest.fixture
def session(make_session: Make) -> Session:
    return make_session()


@pytest.fixture
def sketch(tmp_path: Path) -> Path:
    """An init picture, 96x64, with something to tell left from right and top from bottom."""
    path = tmp_path / "sketch.png"
    across, down = np.meshgrid(np.linspace(0, 255, 96), np.linspace(0, 255, 64))
    Image.fromarray(np.dstack([across, down, 255 - across]).astype(np.uint8)).save(path)
    return path


def pixels(path: Path) -> Pixels:
    return np.asarray(Image.open(path).convert("RGB"))


def saved(events: Iterable[Event], kind: str = "picture") -> list[Saved]:
    found = list(events)
    failures = [event.error.message for event in found if isinstance(event, Failed)]
    assert not failures
    return [event for event in found if isinstance(event, Saved) and event.kind == kind]


def planned(events: Iterable[Event]) -> tuple[PlannedPicture, ...]:
    return next(event.pictures for event in events if isinstance(event, Planned))


def notices(events: Iterable[Event]) -> str:
    return "\n".join(event.text for event in events if isinstance(event, Notice))


def failure(events: Iterable[Event]) -> Failed:
    return next(event for event in events if isinstance(event, Failed))
