"""Threads from what a process may use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from invoke_cli.models.threads import SPINS, processors, use_threads, wait_calmly


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(12)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 12)


@pytest.mark.parametrize(
    ("limit", "expected"), [("max 100000", 12), ("250000 100000", 3), ("50000 100000", 1), ("nonsense", 12)]
)
def test_a_containers_share_counts(many: None, tmp_path: Path, limit: str, expected: int) -> None:
    (tmp_path / "cpu.max").write_text(limit)
    assert processors(tmp_path) == expected


@pytest.mark.parametrize(("quota", "expected"), [("-1", 12), ("150000", 2)])
def test_the_older_kind_of_limit_counts(many: None, tmp_path: Path, quota: str, expected: int) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota)
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000")
    assert processors(tmp_path) == expected


def test_affinity_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {3, 5}, raising=False)
    assert processors(tmp_path) == 2


def test_threads_are_only_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    monkeypatch.setattr("invoke_cli.models.threads.processors", lambda: 3)
    for before in (1, 3, 8):
        monkeypatch.setattr(torch, "get_num_threads", lambda before=before: before)
        use_threads()
    assert asked == [3]


@pytest.mark.parametrize("asked", [{"GOMP_SPINCOUNT": "7"}, {"OMP_WAIT_POLICY": "ACTIVE"}])
def test_threads_wait_as_the_user_asks(asked: dict[str, str]) -> None:
    environment = dict(asked)
    wait_calmly(environment)
    assert environment == asked


def test_openmp_is_told_before_it_is_there() -> None:
    """It reads the variable once; what it took from there, it says when asked for all of its settings."""
    code = "from invoke_cli.models.libraries import import_once; import_once()"
    kept = {
        name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**kept, "OMP_DISPLAY_ENV": "VERBOSE"},
        capture_output=True,
        text=True,
        check=True,
    )
    if "GOMP_SPINCOUNT" not in done.stderr:
        pytest.skip("torch does not wait through GNU OpenMP here")
    assert f"GOMP_SPINCOUNT = '{SPINS}'" in done.stderr
