"""What tests of several layers share."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# Nothing here may reach for a network, whatever a library would like to look up.
os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A diffusers directory of random weights, native size 64."""
    from tests.tiny import save_model

    return save_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(autouse=True)
def home_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the tester's configuration nor their environment decides a test."""
    for name in [name for name in os.environ if name.startswith("INVOKE_CLI_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture(autouse=True)
def log_of_its_own() -> Iterator[None]:
    """A program that a test ran in this process leaves no log file open for the next test."""
    logger = logging.getLogger("invoke_cli")
    before = [*logger.handlers], logger.propagate
    yield
    for handler in logger.handlers:
        if handler not in before[0]:
            handler.close()
    logger.handlers, logger.propagate = before
