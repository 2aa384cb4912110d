"""Random values for every switch, and random requests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from invoke_cli.language.codecs import FLAG, LAST_SEED, SAMPLER, TEXT, Codec, Lists
from invoke_cli.language.declare import Switch
from invoke_cli.language.lists import (
    AXES,
    BATCH,
    BORDERS,
    EMBIGGEN,
    PHRASE,
    SHIFT,
    TILES,
    UPSCALE,
    VARIATIONS,
)
from invoke_cli.language.quoting import one_line
from invoke_cli.language.request import Request
from invoke_cli.language.switches import table

SIDES = st.sampled_from(["top", "bottom", "left", "right"])
SHARES = st.floats(0, 1).map(lambda value: value + 0.0)
PIXELS = st.integers(1, 8192)

# Plain words, and the pieces that the grammar treats specially, glued and spaced at random.
# fmt: off
_TRICKY = st.sampled_from([
    '"', "'", "\\", "-", "--", " - ", " -x", " --fit", "-s10", "#", "# model_id=a", "# [1, 2]", "//", "!",
    "q",
    "[", "]", "(", ")1.3", "+", ":", "=", ",", " ", "  ", "\t", "\u3000", "é", "猫", "🔥", "5", ".png",
    "' ", " '", ".png: ", "1.5", "/", "[1] ", "invoke> ", "#model_id=",
])
_SWITCH_LIKE = st.sampled_from([" -", " --", " -I", " -tm ", " -gs2", " -V", '="', " a", " -U 2 ", "--no-",
" -o "])
# fmt: on
TEXTS = (
    st.lists(st.one_of(_TRICKY, st.text(max_size=8)), max_size=8)
    .map("".join)
    .map(one_line)
    .filter(lambda text: not any("\ud800" <= letter <= "\udfff" for letter in text))
)
NAMES = TEXTS.filter(lambda text: text.strip() != "")

SAMPLERS = st.sampled_from(["k_lms", "ddim", "k_dpm_2_a", "-odd"])
# Codecs of which no field tells what they take; those of new switches have to be added.
_OF_CODEC: list[tuple[Codec[Any], st.SearchStrategy[Any]]] = [
    (FLAG, st.booleans()),
    (TEXT, TEXTS),
    (SAMPLER, SAMPLERS),
    (AXES, st.sampled_from([("x",), ("y",), ("x", "y")])),
    (PHRASE, st.tuples(NAMES, SHARES)),
    (SHIFT, st.tuples(SIDES, st.none() | PIXELS)),
    (BORDERS, st.lists(st.tuples(SIDES, PIXELS), min_size=1, max_size=4).map(tuple)),
    (
        VARIATIONS,
        st.lists(st.tuples(st.integers(0, LAST_SEED), SHARES), min_size=1, max_size=3).map(tuple),
    ),
    (UPSCALE, st.tuples(st.floats(1, 16), SHARES)),
    (EMBIGGEN, st.tuples(st.floats(1, 16), SHARES, st.floats(0, 1e6).map(lambda value: value + 0.0))),
    (TILES, st.lists(st.integers(1, 99), min_size=1, max_size=4).map(tuple)),
    (BATCH, st.integers(0, 64)),
]


def values(switch: Switch) -> st.SearchStrategy[Any]:
    """Values that the switch can take, as its codec tells; names where that tells nothing."""
    codec = switch.codec
    for known, strategy in _OF_CODEC:
        if known is codec:
            return strategy
    if codec.limits is not None:
        low, high = codec.limits
        if codec.lists is Lists.WHOLE:
            return st.integers(int(low), int(high))
        return st.floats(low, high).map(lambda value: value + 0.0)
    if codec.lists is Lists.NAMES and codec.examples:
        return st.sampled_from(codec.examples)
    assert codec.most == 1, f"{switch.name}: a codec of several values needs a strategy above"
    return NAMES


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Requests with a few switches set."""
    chosen = draw(st.lists(st.sampled_from(table()), max_size=7, unique_by=lambda switch: switch.name))
    return Request(**{switch.name: draw(values(switch)) for switch in chosen})


@st.composite
def full_requests(draw: st.DrawFn) -> Request:
    """Requests with every switch set."""
    return Request(**{switch.name: draw(values(switch)) for switch in table()})


LINES = st.lists(st.one_of(_TRICKY, _SWITCH_LIKE, st.text(max_size=6)), max_size=12).map("".join)
