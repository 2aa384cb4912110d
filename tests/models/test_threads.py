"""Threads from what a process may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from invoke_cli.models.threads import processors, use_threads


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
