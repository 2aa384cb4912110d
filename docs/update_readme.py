"""Writes the table of switches into the README: `python docs/update_readme.py`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from invoke_cli.language.guide import markdown_table  # noqa: E402

MARK = "<!-- switches -->\n"


def main() -> None:
    """Replace everything behind the mark, which is the README's last section."""
    readme = ROOT / "README.md"
    before, mark, _ = readme.read_text(encoding="utf-8").partition(MARK)
    readme.write_text(before + mark + "\n" + markdown_table().strip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
