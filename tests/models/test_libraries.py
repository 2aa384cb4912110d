"""Importing the large libraries leaves Python's garbage collector as it was."""

from __future__ import annotations

import subprocess
import sys

import pytest

TRIED = """
import gc, sys
{before}
from invoke_cli.models.libraries import import_libraries
import_libraries()
frozen = gc.get_freeze_count()
import_libraries()
print(gc.isenabled(), frozen > 100_000, gc.get_freeze_count() == frozen, "diffusers.models" in sys.modules)
"""


@pytest.mark.parametrize(("before", "collects"), [("", "True"), ("gc.disable()", "False")])
def test_modules_that_stay_are_passed_over_from_then_on(before: str, collects: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TRIED.format(before=before)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [collects, "True", "True", "True"]
