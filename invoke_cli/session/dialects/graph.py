"""A ComfyUI graph: nodes, and links from the inputs of each to the nodes that feed them.

Graphs come from strangers, so a walk never visits a node twice and a value is never looked for far away.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from invoke_cli.session.dialects.found import mapping, plain

MOST_NODES = 5000
_FARTHEST = 8
# Inputs that lead away from a sampler's own settings.
_ELSEWHERE = frozenset(
    {"model", "positive", "negative", "latent_image", "latent", "samples", "clip", "vae", "conditioning"}
)


@dataclass(frozen=True, eq=False)
class Node:
    """A node by its number in the graph. kind: its class."""

    number: str
    kind: str
    inputs: Mapping[str, Any]


class Graph:
    """The nodes of a graph as they are queued to be run."""

    def __init__(self, stored: Mapping[str, Any]) -> None:
        self.nodes: dict[str, Node] = {}
        for number, node in list(stored.items())[:MOST_NODES]:
            kind = mapping(node).get("class_type")
            if isinstance(kind, str):
                self.nodes[number] = Node(number, kind, mapping(mapping(node).get("inputs")))

    def linked(self, node: Node, name: str) -> Node | None:
        """The node behind an input; None where there is a plain value or nothing."""
        return self._behind(node.inputs.get(name))

    def value(self, node: Node, names: Collection[str]) -> Any:
        """The first plain value under one of the names: in the node, or in the small nodes that feed it."""
        for near in self._near(node):
            for name in names:
                if plain(near.inputs.get(name)):
                    return near.inputs[name]
                if (behind := self._behind(near.inputs.get(name))) is not None:
                    found = self._scalar(behind, names)
                    if found is not None:
                        return found
        return None

    def upstream(self, start: Node, names: Collection[str] | None = None) -> Iterator[Node]:
        """The node and all that feed it through inputs of these names, nearest first; None is all inputs."""
        seen, waiting = {start.number}, deque([start])
        while waiting:
            node = waiting.popleft()
            yield node
            for name, value in node.inputs.items():
                behind = self._behind(value) if names is None or name in names else None
                if behind is not None and behind.number not in seen:
                    seen.add(behind.number)
                    waiting.append(behind)

    def ends(self) -> list[Node]:
        """The nodes that feed no other, such as those that save pictures."""
        links = (value for node in self.nodes.values() for value in node.inputs.values())
        feeding = {behind.number for value in links if (behind := self._behind(value)) is not None}
        return [node for number, node in self.nodes.items() if number not in feeding]

    def _near(self, node: Node) -> Iterator[Node]:
        """The node, and those that hold its settings for it."""
        settings = {name for name in node.inputs if name not in _ELSEWHERE}
        yield node
        for name in settings:
            behind = self.linked(node, name)
            if behind is not None:
                yield behind

    def _scalar(self, node: Node, names: Collection[str]) -> Any:
        """The value that a node passes on, found under the same names or as its only plain one."""
        for number, near in enumerate(self.upstream(node)):
            if number > _FARTHEST:
                break
            values = [near.inputs[name] for name in names if plain(near.inputs.get(name))]
            values += [value for value in near.inputs.values() if plain(value)]
            if values:
                return values[0]
        return None

    def _behind(self, value: object) -> Node | None:
        is_link = isinstance(value, list) and len(value) == 2 and isinstance(value[0], str | int)
        return self.nodes.get(str(value[0])) if is_link and isinstance(value, list) else None
