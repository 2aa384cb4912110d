"""The house rules that a program can check: who imports whom, and what stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "invoke_cli"
LONGEST = 320
"""Lines of a module, be it of the program or of its tests."""
COMMON = {"errors", "registry", "paths", "wording"}
ALLOWED = {
    "errors": set(),
    "registry": {"errors"},
    "paths": set(),
    "wording": set(),
    "yaml_file": COMMON,
    "yaml_edit": COMMON | {"yaml_file"},
    "language": COMMON,
    "imaging": COMMON,
    "networks": set(),
    "diffusion": COMMON,
    "models": COMMON | {"yaml_file", "yaml_edit", "diffusion", "networks"},
    "settings": COMMON | {"yaml_file", "language", "models"},
    "old_shell": set(),
    "init_file": COMMON | {"shell"},
    "shell": COMMON | {"language", "settings", "old_shell"},
    "session": COMMON | {"yaml_edit", "settings", "language", "imaging", "diffusion", "models"},
    "repl": COMMON | {"session", "language"},
    "__main__": COMMON | {"shell", "init_file", "settings", "models", "session", "repl"},
}
HEAVY = {
    "torch",
    "diffusers",
    "transformers",
    "tokenizers",
    "numpy",
    "PIL",
    "prompt_toolkit",
    "yaml",
    "safetensors",
}
MAY_IMPORT_AT_TOP = {
    "language": set(),
    "imaging": {"numpy", "PIL"},
    "networks": {"torch", "tokenizers"},
    "diffusion": {"torch", "numpy"},
    "models": {"torch"},
    "session": set(),
    "repl": {"prompt_toolkit"},
}
TORCH_FREE = (
    "diffusion/schedule",
    "diffusion/samplers",
    "diffusion/seeds",
    "diffusion/step",
    "diffusion/recipe",
)


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def layer(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else path.stem


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module


def top_level(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from imported(node)


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_follow_the_arrows(path: Path) -> None:
    own = layer(path)
    for module in imported(ast.parse(path.read_text())):
        if module.startswith("invoke_cli."):
            other = module.split(".")[1]
            assert other == own or other in ALLOWED[own], f"{own} must not import {module}"


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_heavy_imports_stay_in_the_layer_that_owns_them(path: Path) -> None:
    allowed = MAY_IMPORT_AT_TOP.get(layer(path), {"yaml"} if layer(path).startswith("yaml_") else set())
    if str(path.relative_to(PACKAGE).with_suffix("")) in TORCH_FREE:
        allowed = allowed - {"torch"}
    heavy = {module.split(".")[0] for module in top_level(ast.parse(path.read_text()))} & HEAVY
    assert heavy <= allowed


def test_few_rooms_open_the_slow_libraries() -> None:
    """Plain models are drawn without them; see models/libraries.py."""
    opening = {
        path.stem
        for path in sources()
        if {"diffusers", "transformers"}
        & {name.split(".")[0] for name in imported(ast.parse(path.read_text()))}
    }
    assert opening == {"libraries", "networks", "bundles", "diffusers_directory"}


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_rooms_stay_small(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert len(lines) <= LONGEST, "would read better as two modules"
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.FunctionDef) and node.end_lineno is not None:
            assert node.end_lineno - node.lineno <= 45, f"{node.name} does more than one thing"


@pytest.mark.parametrize("path", sorted(TESTS.rglob("*.py")), ids=lambda path: str(path.relative_to(TESTS)))
def test_files_of_tests_stay_small(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= LONGEST, "would be found more easily as two files, named for what they test"


def loaded_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*(name for name in sys.modules if '.' not in name))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_prompt_appears_before_anything_heavy_is_imported() -> None:
    loaded = loaded_after("import invoke_cli.repl.app, invoke_cli.repl.editor, invoke_cli.shell")
    assert not loaded & {"torch", "diffusers", "transformers", "PIL", "huggingface_hub"}


def test_planning_needs_no_torch() -> None:
    loaded = loaded_after("import invoke_cli.session.session, invoke_cli.settings")
    assert not loaded & {"torch", "diffusers", "transformers", "prompt_toolkit"}
