"""The hub: what is in its cache, and what fetching tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from invoke_cli.models.hub import cache_directory, cached_repositories


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
