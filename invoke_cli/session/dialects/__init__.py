"""How pictures were made, read from the texts that the programs which drew them left in their files.

To read another program's files, write a module with a function `read(texts) -> Found | None` and add it to
`DIALECTS`; the first that finds anything is believed. What is read was written by strangers: it is parsed,
never run, and every value goes through the codec of the switch that takes it.
"""

from __future__ import annotations

from collections.abc import Callable

from invoke_cli.imaging.exif import FOREIGN
from invoke_cli.imaging.metadata import from_json
from invoke_cli.registry import Registry
from invoke_cli.session.dialects import a1111, comfyui, invokeai, invokeai3, novelai, own
from invoke_cli.session.dialects.found import Found, Texts, mapping

__all__ = ["DIALECTS", "Found", "Texts", "read"]

Reader = Callable[[Texts], Found | None]

DIALECTS: Registry[Reader] = Registry("dialect")
for _module in (own, invokeai, invokeai3, a1111, comfyui, novelai):
    DIALECTS.add(_module.PROGRAM)(_module.read)


def read(texts: Texts) -> Found | None:
    """What the texts say of how their picture was made; None where nobody wrote anything that is known."""
    # Some keep all their texts in one comment, as a JSON object.
    inside = mapping(from_json(texts.get(FOREIGN, "")))
    whole = {**{name: text for name, text in inside.items() if isinstance(text, str)}, **texts}
    readings = (DIALECTS[name](whole) for name in DIALECTS)
    return next((found for found in readings if found is not None), None)
