"""What the documents say is what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from invoke_cli.language.grammar import check, read
from invoke_cli.language.guide import markdown_table
from invoke_cli.language.prompts import split
from invoke_cli.shell import read_arguments

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("training/*.md")])
# Shown because they are wrong.
MISTAKES = {"a cat -f 75"}


def lines() -> list[str]:
    found = [
        line for path in DOCUMENTS for line in re.findall(r"^invoke> (.*)$", path.read_text(), re.MULTILINE)
    ]
    prompts = (re.sub(r"^!(explain|schedule|compare) ", "", line) for line in found)
    return sorted({line for line in prompts if line not in MISTAKES})


@pytest.mark.parametrize("line", lines())
def test_every_line_at_the_prompt_is_understood(line: str) -> None:
    for reading in read(line).singles():
        check(reading.request)
        assert split(reading.request.prompt).positive or reading.request.init_img is not None


def test_the_readme_shows_lines() -> None:
    assert len(lines()) >= 4


def test_the_table_of_switches_is_the_declared_one() -> None:
    _, _, shown = (ROOT / "README.md").read_text().partition("<!-- switches -->\n")
    assert shown.strip() == markdown_table().strip(), "run: python docs/update_readme.py"


def test_the_start_command_draws_what_the_guide_quotes() -> None:
    text = (ROOT / "README.md").read_text()
    (line,) = re.findall(r"invoke-cli '(tree [^']*)'", text)
    request = read(line).request
    assert request.init_img is not None
    assert (ROOT / request.init_img).is_file()
    assert read_arguments([line]).line == line


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_pictures_and_files_that_are_linked_exist(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", path.read_text()):
        assert (path.parent / target).exists(), target
