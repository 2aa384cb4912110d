"""Which subjects can share a picture, and what each needs to stand on."""

from __future__ import annotations

BASES: dict[str, tuple[str, ...]] = {
    "boat": ("sea", "lake"),
    "bridge": ("river",),
    "cactus": ("desert",),
    "lighthouse": ("sea",),
}

# Each line reads: the first goes well with every one of the rest. The relation is symmetric.
_TOGETHER = """
tree: hill river lake house mountain sun moon stars snow road flower rain clouds campfire bridge castle sea
house: hill river lake mountain sun moon stars snow road forest flower clouds rain sea bridge campfire
boat: sea lake sun moon stars mountain clouds lighthouse hill tree
hill: river road sun moon stars snow clouds castle flower rain mountain lake
mountain: river lake forest snow sun moon stars clouds road castle campfire bridge desert cactus flower
forest: river lake sun moon snow road stars campfire rain clouds castle bridge
river: bridge sun moon snow castle clouds stars rain flower
lake: sun moon stars clouds snow castle campfire rain flower
sea: sun moon stars clouds lighthouse rain castle campfire
desert: cactus sun moon stars road clouds campfire
cactus: sun moon stars road clouds
road: sun moon snow clouds rain stars castle flower bridge
bridge: sun moon snow clouds castle
flower: sun clouds rain
lighthouse: sun moon stars clouds rain
castle: sun moon stars snow clouds rain
campfire: stars moon snow
moon: stars
snow: moon stars sun
candle: fireplace
"""


def _read_pairs(table: str) -> frozenset[frozenset[str]]:
    """The unordered pairs that a table of "name: others" lines holds."""
    pairs: set[frozenset[str]] = set()
    for line in table.strip().splitlines():
        name, rest = line.split(":")
        pairs.update(frozenset((name, other)) for other in rest.split())
    return frozenset(pairs)


_PAIRS = _read_pairs(_TOGETHER)


def compatible(first: str, second: str) -> bool:
    """Whether both can be clearly visible in one picture."""
    return frozenset((first, second)) in _PAIRS


def _companions() -> dict[str, tuple[str, ...]]:
    """For each subject, sorted names of the subjects that go with it."""
    names = sorted({name for pair in _PAIRS for name in pair} | {"fire"})
    return {name: tuple(other for other in names if compatible(name, other)) for name in names}


COMPANIONS = _companions()
