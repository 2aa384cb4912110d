"""Every rough edge of the old command line has a test that names its number: `@pytest.mark.edge(15)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

NUMBERS = range(1, 50)


@cache
def marked() -> dict[int, list[str]]:
    """The tests that name each number."""
    found: dict[int, list[str]] = {}
    for path in sorted(Path(__file__).parent.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for number in numbers(node):
                    found.setdefault(number, []).append(f"{path.name}::{node.name}")
    return found


def numbers(test: ast.FunctionDef) -> Iterator[int]:
    """The arguments of a test's `edge` marks."""
    for decorator in test.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).split(".")[-1] == "edge":
            yield from (ast.literal_eval(argument) for argument in decorator.args)


def test_every_rough_edge_has_a_test() -> None:
    assert sorted(set(marked()) ^ set(NUMBERS)) == []
