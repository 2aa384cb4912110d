"""The lines that InvokeAI 1.x and 2.x stored under `Dream`, which they could not always read back.

Nothing in them is quoted or escaped, so that their switches are found by name and by order: a line always
goes on with `-s N -S N -W N -H N -C X` after its prompt. The prompt stands in double quotes up to 2.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from invoke_cli.language.declare import Switch
from invoke_cli.language.quoting import unquoted
from invoke_cli.language.switches import by_flag
from invoke_cli.session.dialects.emphasis import without_wildcards
from invoke_cli.session.dialects.found import Gathering

_HEAD = re.compile(r"(?:\A|(?<=\s))-s ?\d+ -S ?-?\d+ -W ?\d+ -H ?\d+ -C ?[\d.]+(?=\s|\Z)")
_FLAG = re.compile(r"(?:\A|(?<=\s))(?:--?[A-Za-z][A-Za-z_]*)(?=\s|\Z)")
_COMMENTS = re.compile(r"\s#\s*(model_id=\S.*|\[[\d\s,-]*\])\s*\Z")
_FIX = re.compile(r"!fix\s+")
_SEEDS = re.compile(r"\d+")


def is_dream(line: str) -> bool:
    """Whether an InvokeAI wrote the line."""
    return _FIX.match(line) is not None or _HEAD.search(line) is not None


def take_dream(gathering: Gathering, line: str, *, is_quoted: bool) -> None:
    """Note what the line says. is_quoted: whether double quotes around the whole prompt are none of it."""
    line = _without_comments(gathering, line.strip())
    if _FIX.match(line):
        gathering.lose(f"a change of the finished picture by {line}")
        return
    heads = list(_HEAD.finditer(line))
    if not heads:
        return
    start = heads[-1].start()
    gathering.take(prompt=without_wildcards(_prompt(line[:start].strip(), is_quoted)))
    for switch, value in _switches(line[start:]):
        _take(gathering, switch, value)


def _without_comments(gathering: Gathering, line: str) -> str:
    """The line before its comments: the model it was drawn with, and the seeds on a sheet."""
    while comment := _COMMENTS.search(line):
        line = line[: comment.start()]
        text = comment[1]
        if text.startswith("model_id="):
            gathering.model = text.removeprefix("model_id=").strip()
        else:
            take_seeds(gathering, [int(seed) for seed in _SEEDS.findall(text)[:1000]])
    return line


def take_seeds(gathering: Gathering, seeds: list[int]) -> None:
    """Note that the picture is a sheet of several; the line is that of the first."""
    if len(seeds) > 1:
        shown = ", ".join(map(str, seeds[:12]))
        more = " ..." if len(seeds) > 12 else ""
        gathering.lose(f"that it is a sheet of {len(seeds)} pictures, with the seeds {shown}{more}")


def _prompt(text: str, is_quoted: bool) -> str:
    inside = text[1:-1]
    is_whole = len(text) > 1 and text.startswith('"') and text.endswith('"')
    if is_whole and (is_quoted or '"' not in inside.replace('\\"', "")):
        return unquoted(inside)
    return text


def _switches(text: str) -> Iterator[tuple[Switch | str, str]]:
    """Switches with all the text up to the next one; a path may hold blanks, and no quotes are around it."""
    found = list(_FLAG.finditer(text))
    flags = [flag for flag in found if flag[0] in by_flag() or flag[0].startswith("--")]
    ends = [*(flag.start() for flag in flags[1:]), len(text)]
    for flag, end in zip(flags, ends, strict=True):
        yield by_flag().get(flag[0], flag[0]), text[flag.end() : end].strip()


def _take(gathering: Gathering, switch: Switch | str, value: str) -> None:
    if isinstance(switch, str):
        gathering.lose(switch)
    elif switch.on_off:
        gathering.take(**{switch.name: True})
    elif value:
        gathering.take(**{switch.name: value})
    else:  # as 2.x wrote --inpaint_replace
        gathering.lose(f"the value of {switch.flags[0]}, which is not stored")
