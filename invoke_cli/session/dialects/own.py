"""Our own files: the line that makes exactly the picture, and the facts about it."""

from __future__ import annotations

from invoke_cli.errors import InvokeError
from invoke_cli.imaging.metadata import FACTS, LINE, unpack
from invoke_cli.language.grammar import parse, write
from invoke_cli.language.quoting import one_line
from invoke_cli.language.request import Request
from invoke_cli.session.dialects.found import Found, Texts, mapping

PROGRAM = "invoke-cli"
SHEETS = ("grid", "sheet")


def read(texts: Texts) -> Found | None:
    """What our JSON says, or where that is missing or damaged, our line."""
    stored = unpack(texts)
    if stored.line is None:
        return None
    request = _parsed(stored.line)
    if request is None:
        return None
    # Others wrote their lines under the same name; ours are in the one form that we write, nothing left open.
    is_pinned = request.threshold is not None and write(request, full=True) == texts.get(LINE)
    if FACTS not in texts and not is_pinned:
        return None
    model = mapping(stored.facts.get("model")).get("name")
    known = {"init_img": "init", "init_mask": "mask", "init_color": "init_color"}
    hashes = {switch: mapping(stored.facts.get(fact)).get("sha256") for switch, fact in known.items()}
    sha256 = {switch: digest for switch, digest in hashes.items() if isinstance(digest, str)}
    kind, lines = next(
        ((kind, lines) for kind in SHEETS if (lines := _lines(stored.facts.get(kind)))), ("", ())
    )
    lost = (f"that it is a {kind} of {len(lines)} pictures; this line is the first one's",) if kind else ()
    name = model if isinstance(model, str) else ""
    return Found(PROGRAM, request, _harmless(stored.line, request), lost, name, sha256, lines)


def _lines(stored: object) -> tuple[str, ...]:
    """The lines of the pictures on a sheet."""
    lines = [line for line in stored if isinstance(line, str)] if isinstance(stored, list) else []
    return tuple(_harmless(line, request) for line in lines if (request := _parsed(line)) is not None)


def _parsed(line: str) -> Request | None:
    try:
        return parse(line)
    except InvokeError:
        return None


def _harmless(line: str, request: Request) -> str:
    """The line; but a forged one that would be a command, a comment or the end is put into quotes."""
    plain = one_line(line).strip()
    return write(request) if plain.startswith(("!", "#", "//")) or plain == "q" else plain
