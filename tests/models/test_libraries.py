"""Importing the large libraries leaves Python's garbage collector as it was."""

from __future__ import annotations

import subprocess
import sys

import pytest

TRIED = """
import gc, sys
{before}
from invoke_cli.models.libraries import import_once
import_once()
frozen = gc.get_freeze_count()
import_once()
print(gc.isenabled(), frozen > 50_000, gc.get_freeze_count() == frozen, "torch" in sys.modules)
"""


@pytest.mark.parametrize(("before", "collects"), [("", "True"), ("gc.disable()", "False")])
def test_modules_that_stay_are_passed_over_from_then_on(before: str, collects: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TRIED.format(before=before)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [collects, "True", "True", "True"]
