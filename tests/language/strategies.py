"""Random values for every switch, and random requests."""

from __future__ import annotations

from hypothesis import strategies as st

from invoke_cli.language.codecs import FLAG, FOLDER, LAST_SEED, PICTURE, TEXT, UNIT
from invoke_cli.language.declare import Switch
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

_SPECIAL: dict[str, st.SearchStrategy[object]] = {
    "steps": st.integers(1, 10000),
    "steps_run": st.integers(1, 10000),
    "seed": st.integers(-LAST_SEED, LAST_SEED),
    "iterations": st.integers(1, 10000),
    "width": st.integers(8, 8192),
    "height": st.integers(8, 8192),
    "cfg_scale": st.floats(0, 100).map(lambda value: value + 0.0),
    "sampler": st.sampled_from(["k_lms", "ddim", "k_dpm_2_a", "-odd"]),
    "threshold": st.floats(0, 100).map(lambda value: value + 0.0),
    "perlin": SHARES,
    "karras_max": st.integers(0, 100000),
    "seamless_axes": st.sampled_from([("x",), ("y",), ("x", "y")]),
    "h_symmetry_time_pct": SHARES,
    "v_symmetry_time_pct": SHARES,
    "strength": SHARES,
    "text_mask": st.tuples(NAMES, SHARES),
    "seam_size": st.integers(0, 1024),
    "seam_blur": st.integers(0, 1024),
    "seam_steps": st.integers(1, 10000),
    "tile_size": st.integers(1, 1024),
    "out_direction": st.tuples(SIDES, st.none() | PIXELS),
    "outcrop": st.lists(st.tuples(SIDES, PIXELS), min_size=1, max_size=4).map(tuple),
    "variation_amount": SHARES,
    "with_variations": st.lists(st.tuples(st.integers(0, LAST_SEED), SHARES), min_size=1, max_size=3).map(
        tuple
    ),
    "upscale": st.tuples(st.floats(1, 16), SHARES),
    "facetool": st.sampled_from(["gfpgan", "codeformer"]),
    "embiggen": st.tuples(st.floats(1, 16), SHARES, st.floats(0, 1e6).map(lambda value: value + 0.0)),
    "embiggen_tiles": st.lists(st.integers(1, 99), min_size=1, max_size=4).map(tuple),
    "save_intermediates": st.integers(0, 10000),
    "intermediates": st.sampled_from(["clean", "noisy"]),
    "animate": st.sampled_from(["gif", "webp"]),
    "png_compression": st.integers(0, 9),
    "quality": st.integers(1, 100),
}
_BY_CODEC = [(FLAG, st.booleans()), (TEXT, TEXTS), (PICTURE, NAMES), (FOLDER, NAMES), (UNIT, SHARES)]


def values(switch: Switch) -> st.SearchStrategy[object]:
    """Values that the switch can take; a new kind of codec has to be named above."""
    if switch.name in _SPECIAL:
        return _SPECIAL[switch.name]
    return next(strategy for codec, strategy in _BY_CODEC if codec is switch.codec)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Requests with a few switches set."""
    chosen = draw(st.lists(st.sampled_from(table()), max_size=7, unique_by=lambda switch: switch.name))
    return Request(**{switch.name: draw(values(switch)) for switch in chosen})


LINES = st.lists(st.one_of(_TRICKY, _SWITCH_LIKE, st.text(max_size=6)), max_size=12).map("".join)
