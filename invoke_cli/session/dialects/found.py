"""What a stranger's file says of its making, in our words, and what of it has no word here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from invoke_cli.errors import SettingsError
from invoke_cli.language.declare import Switch
from invoke_cli.language.defaults import from_pairs
from invoke_cli.language.grammar import write
from invoke_cli.language.quoting import one_line, told
from invoke_cli.language.request import Request
from invoke_cli.language.switches import by_name, unbuilt

_TOLD = 200

Texts = Mapping[str, str]
"""The texts of a picture file by name, as imaging.metadata reads them."""


@dataclass(frozen=True)
class Found:
    """How a picture was made, as far as its file says.

    program: who wrote it. request: what our line can say of it. line: the line that says it.
    lost: what it cannot say, each a phrase. model: what the picture was drawn with, as the file names it.
    sha256: of the pictures that it was drawn from, by the switch that names each. sheet: the lines of all
    pictures, where it is a sheet of several.
    """

    program: str
    request: Request
    line: str
    lost: tuple[str, ...] = ()
    model: str = ""
    sha256: Mapping[str, str] = field(default_factory=dict)
    sheet: tuple[str, ...] = ()


class Gathering:
    """Collects what a foreign file says, value by value; what no switch of ours takes is noted as lost."""

    def __init__(self, program: str) -> None:
        self.program = program
        self.model = ""
        self.sha256: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        self._lost: dict[str, None] = {}  # a set that keeps its order

    def take(self, **values: object) -> None:
        """Note values by the names of our switches; None says nothing. The last value of a name counts."""
        for name, value in values.items():
            if value is None:
                continue
            try:
                self._values[name] = getattr(from_pairs({name: value}, self.program), name)
            except SettingsError:
                self.lose(f"{name} {told(str(value))}")

    def holds(self, name: str) -> bool:
        """Whether a value was noted for the switch."""
        return name in self._values

    def size(self) -> tuple[int, int] | None:
        """(width, height) as noted so far; None where one of them was not."""
        width, height = self._values.get("width"), self._values.get("height")
        return None if width is None or height is None else (width, height)

    def lose(self, what: str) -> None:
        """Note something that our line cannot say, as a short phrase."""
        what = one_line(what)
        self._lost[what if len(what) <= _TOLD else f"{what[:_TOLD]}..."] = None

    def lose_all(self, values: Mapping[str, object], known: frozenset[str]) -> None:
        """Note every value that says something and whose name is not among the known ones."""
        for name, value in values.items():
            if name not in known and value not in (None, "", False, [], {}):
                self.lose(f"{name} {value}" if plain(value) else name)

    def found(self) -> Found:
        """What was gathered; switches that do nothing yet are taken out and told."""
        request = Request(**self._values)
        for switch in unbuilt(request):
            self.lose(_written(switch, request))
            unset: dict[str, Any] = {switch.name: None}
            request = replace(request, **unset)
        request = _without_what_it_belongs_to(request)
        return Found(self.program, request, write(request), tuple(self._lost), self.model, self.sha256)


def _written(switch: Switch, request: Request) -> str:
    return write(Request(**{switch.name: getattr(request, switch.name)}))


def _without_what_it_belongs_to(request: Request) -> Request:
    """Values that only make our line contradict itself, because what they belong to is not in it."""
    if request.init_img is None and request.init_mask is not None:
        request = replace(request, init_mask=None)
    if request.seed is None and request.with_variations is not None:
        request = replace(request, with_variations=None)
    return request


def mapping(value: object) -> Mapping[str, Any]:
    """The value where it is a JSON object, else an empty one: strangers put anything anywhere."""
    return value if isinstance(value, dict) else {}


def plain(value: object) -> bool:
    """Whether the value is one text or number."""
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def is_switch(name: str) -> bool:
    """Whether our line has a switch of that name."""
    return name in by_name()
