"""The list of models as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from invoke_cli.repl.visible import cells, visible
from invoke_cli.repl.wording import size_words
from invoke_cli.session.lists import Model

_HEADINGS = ("name", "state", "memory")
_GAP = "  "
_NARROWEST = 20


def model_lines(models: Sequence[Model], width: int | None) -> Iterator[str]:
    """The list of models in columns; descriptions are broken to fit into `width`, where there is one."""
    cells_of_rows = [(visible(model.name), model.state, size_words(model.size)) for model in models]
    widths = [max(map(cells, column)) for column in zip(_HEADINGS, *cells_of_rows, strict=True)]
    yield _line(_HEADINGS, widths, "description").rstrip()
    indent = sum(widths) + len(_GAP) * len(widths)
    for model, texts in zip(models, cells_of_rows, strict=True):
        text = visible(model.description)
        broken = [text] if width is None else wrap(text, max(width - indent, _NARROWEST))
        first, *rest = broken or [""]
        yield _line(texts, widths, first).rstrip()
        yield from (" " * indent + more for more in rest)


def _line(texts: tuple[str, ...], widths: list[int], last: str) -> str:
    padded = (text + " " * (width - cells(text)) for text, width in zip(texts, widths, strict=True))
    return _GAP.join([*padded, last])
