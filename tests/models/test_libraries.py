"""Which of the large libraries are imported when, and that it leaves the garbage collector as it was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TRIED = """
import gc, sys
{before}
class Watch:
    collects = []
    def find_spec(self, name, path=None, target=None):
        self.collects += [gc.isenabled()] if name == "torch" else []
sys.meta_path.insert(0, Watch())
from invoke_cli.models.libraries import import_once
import_once()
frozen = gc.get_freeze_count()
import_once()
frozen_once = frozen > 50_000 and gc.get_freeze_count() == frozen
print(gc.isenabled(), frozen_once, "torch" in sys.modules, *Watch.collects)
"""


@pytest.mark.parametrize(("before", "collects"), [("", "True"), ("gc.disable()", "False")])
def test_modules_that_stay_are_passed_over_from_then_on(before: str, collects: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TRIED.format(before=before)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [collects, "True", "True", "False"]


DRAWN = """
import sys
from pathlib import Path
from invoke_cli.__main__ import main
status = main(["a lake -s1", "-o", {out!r}])
print(status, *sorted({unwanted!r} & sys.modules.keys()), file=sys.stderr)
"""
UNWANTED = {"diffusers", "transformers", "torch._dynamo", "sympy", "torch._inductor", "scipy"}


def test_a_plain_model_draws_without_the_large_libraries(tmp_path: Path) -> None:
    """Nor with torch's compiler, which a random number in a tensor without memory brings in."""
    code = DRAWN.format(out=str(tmp_path / "out"), unwanted=UNWANTED)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.split()[-1:] == ["0"], done.stderr
    assert [*(tmp_path / "out").rglob("*.png")]


BEHIND = """
import gc, sys, threading
from invoke_cli.__main__ import main
main(["--dry_run", "a lake -s1"])
print("torch" in sys.modules, "import" in [thread.name for thread in threading.enumerate()])
from invoke_cli.models.libraries import import_behind
import_behind()
(importing,) = [thread for thread in threading.enumerate() if thread.name == "import"]
importing.join()
print("torch" in sys.modules, gc.isenabled())
import_behind()
print([thread for thread in threading.enumerate() if thread.name == "import"])
"""


def test_torch_is_imported_behind_what_draws_and_not_for_a_dry_run() -> None:
    done = subprocess.run([sys.executable, "-c", BEHIND], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-3:] == ["False False", "True True", "[]"]
