"""Our own files: the line that makes exactly the picture, and the facts about it."""

from __future__ import annotations

from invoke_cli.errors import InvokeError
from invoke_cli.imaging.metadata import FACTS, LINE, unpack
from invoke_cli.language.grammar import parse, write
from invoke_cli.session.dialects.found import Found, Texts, mapping

PROGRAM = "invoke-cli"
SHEETS = ("grid", "sheet")


def read(texts: Texts) -> Found | None:
    """What our JSON says, or where that is missing or damaged, our line."""
    stored = unpack(texts)
    if stored.line is None:
        return None
    try:
        request = parse(stored.line)
    except InvokeError:
        return None
    # Others wrote their lines under the same name; ours are in the one form that we write, nothing left open.
    is_pinned = request.threshold is not None and write(request, full=True) == texts.get(LINE)
    if FACTS not in texts and not is_pinned:
        return None
    model = mapping(stored.facts.get("model")).get("name")
    known = {"init_img": "init", "init_mask": "mask"}
    hashes = {switch: mapping(stored.facts.get(fact)).get("sha256") for switch, fact in known.items()}
    sha256 = {switch: digest for switch, digest in hashes.items() if isinstance(digest, str)}
    sheet = next((kind for kind in SHEETS if isinstance(stored.facts.get(kind), list)), None)
    lost = (f"that it is a {sheet} of several pictures, of which this is the first",) if sheet else ()
    name = model if isinstance(model, str) else ""
    return Found(PROGRAM, request, stored.line, lost, name, sha256)
