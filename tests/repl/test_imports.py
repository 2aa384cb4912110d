"""The prompt has to be there at once, so nothing heavy may come with it."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "numpy", "PIL", "diffusers", "transformers")


def loaded_by(statement):
    program = f"{statement}\nimport sys\nsys.stdout.write(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["app", "console", "commands", "editor"])
def test_nothing_heavy_is_imported(module):
    assert not loaded_by(f"import invoke_cli.repl.{module}") & set(HEAVY)


def test_a_run_without_a_prompt_does_without_prompt_toolkit():
    statement = "import invoke_cli.repl.app, invoke_cli.repl.console, invoke_cli.repl.commands"
    assert "prompt_toolkit" not in loaded_by(statement)
