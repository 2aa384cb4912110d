"""Pictures as terminals take them: kitty's protocol, iTerm2's, sixels, and half blocks of text.

Each function gives the text that shows a picture, uint8 (H, W, 3), with its upper left corner at the cursor.
"""

from __future__ import annotations

import base64
import io
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

CHUNK = 4096  # bytes of base64 in one of kitty's escape codes, at most
PLACEHOLDER = "\U0010eeee"
# The marks with which a placeholder says its row or column, from kitty's rowcolumn-diacritics.txt.
MARKS = (
    "\u0305\u030d\u030e\u0310\u0312\u033d\u033e\u033f\u0346\u034a\u034b\u034c\u0350\u0351\u0352\u0357\u035b"
    "\u0363\u0364\u0365\u0366\u0367\u0368\u0369\u036a\u036b\u036c\u036d\u036e\u036f"
)
SIXEL_COLOURS = 128
RAMP = (0, 95, 135, 175, 215, 255)  # of the colour cube that terminals with 256 colours have


def resized(rgb: Pixels, width: int, height: int) -> Pixels:
    """The picture at another size, smoothly."""
    import numpy as np
    from PIL import Image

    if rgb.shape[:2] == (height, width):
        return rgb
    return np.asarray(Image.fromarray(rgb).resize((width, height), Image.Resampling.BICUBIC))


def half_blocks(rgb: Pixels, columns: int, rows: int, *, true_colour: bool = True) -> str:
    """Two pixels a character: the upper one in the colour of a half block, the lower one behind it."""
    pixels = resized(rgb, columns, 2 * rows).tolist()
    lines = []
    for upper, lower in zip(pixels[::2], pixels[1::2], strict=True):
        pairs = zip(upper, lower, strict=True)
        cells = [f"\x1b[{_colour(38, u, true_colour)};{_colour(48, w, true_colour)}m▀" for u, w in pairs]
        lines.append("".join(cells) + "\x1b[0m")
    return "\n".join(lines)


def _colour(ground: int, rgb: list[int], true_colour: bool) -> str:
    """The parameters that choose a colour; ground is 38 for a letter, 48 for what is behind it."""
    if true_colour:
        return f"{ground};2;{rgb[0]};{rgb[1]};{rgb[2]}"
    red, green, blue = (min(range(6), key=lambda i: abs(RAMP[i] - level)) for level in rgb)
    return f"{ground};5;{16 + 36 * red + 6 * green + blue}"


def kitty(rgb: Pixels, columns: int, rows: int, image: int = 0, *, virtual: bool = False) -> list[str]:
    """The escape codes of kitty's protocol that show the picture over so many cells.

    image: a number under which it can be replaced or removed; 0 gives it none. virtual: do not show it
    here, but wherever `placeholders` of that number stand. The cursor stays where it is.
    """
    height, width, _ = rgb.shape
    keys = f"a=T,f=24,o=z,s={width},v={height},c={columns},r={rows},C=1,q=2"
    keys += f",i={image},p=1" if image else ""
    keys += ",U=1" if virtual else ""
    data = base64.standard_b64encode(zlib.compress(rgb.tobytes(), 1)).decode("ascii")
    chunks = [data[at : at + CHUNK] for at in range(0, len(data), CHUNK)]
    heads = [keys, *["q=2"] * (len(chunks) - 1)]
    last = len(chunks) - 1
    return [
        f"\x1b_G{head},m={int(index < last)};{chunk}\x1b\\"
        for index, (head, chunk) in enumerate(zip(heads, chunks, strict=True))
    ]


def kitty_forget(image: int) -> str:
    """Remove a numbered picture from the screen and from the terminal's memory."""
    return f"\x1b_Ga=d,d=I,i={image},q=2\x1b\\"


def placeholders(columns: int, rows: int, image: int) -> str:
    """Text in whose place kitty shows the picture of that number (below 2^24), also inside of tmux."""
    colour = f"\x1b[38;2;{image >> 16 & 255};{image >> 8 & 255};{image & 255}m"
    # Cells without marks continue the one to their left.
    rest = PLACEHOLDER * (columns - 1)
    return "\n".join(f"{colour}{PLACEHOLDER}{MARKS[row]}{MARKS[0]}{rest}\x1b[39m" for row in range(rows))


def iterm2(rgb: Pixels, columns: int, rows: int) -> str:
    """The escape code of iTerm2's protocol that shows the picture over so many cells."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "PNG", compress_level=1)
    data = base64.standard_b64encode(file.getvalue()).decode("ascii")
    keys = f"inline=1;size={len(file.getvalue())};width={columns};height={rows};preserveAspectRatio=0"
    return f"\x1b]1337;File={keys}:{data}\x07"


def through_tmux(code: str) -> str:
    """An escape code wrapped so that tmux hands it on to the terminal around it."""
    return "\x1bPtmux;" + code.replace("\x1b", "\x1b\x1b") + "\x1b\\"


def sixel(rgb: Pixels, width: int, height: int) -> str:
    """Sixels: the picture at this size in pixels, in at most SIXEL_COLOURS colours of its own."""
    import numpy as np
    from PIL import Image

    picture = Image.fromarray(resized(rgb, width, height)).quantize(SIXEL_COLOURS)
    palette = np.array(picture.getpalette()).reshape(-1, 3)
    percents = np.rint(palette * (100 / 255)).astype(int).tolist()
    colours = "".join(f"#{index};2;{r};{g};{b}" for index, (r, g, b) in enumerate(percents))
    bands = "-".join(_bands(np.asarray(picture)))
    # 1: what is left out stays as it is. The raster attributes say that pixels are square.
    return f'\x1bP0;1;0q"1;1;{width};{height}{colours}{bands}\x1b\\'


def _bands(indices: Pixels) -> Iterator[str]:
    """Six rows of pixels each, one colour over the other; indices: (H, W) into the palette."""
    import numpy as np

    for top in range(0, len(indices), 6):
        band = indices[top : top + 6]
        weights = 1 << np.arange(len(band))[:, None]
        layers = ((index, ((band == index) * weights).sum(0)) for index in np.unique(band).tolist())
        yield "$".join(f"#{index}{_run_lengths(bits)}" for index, bits in layers)


def _run_lengths(bits: NDArray[np.int_]) -> str:
    """A row of six-bit columns as letters, repetitions shortened: `!12~`."""
    import numpy as np

    starts = np.flatnonzero(np.diff(bits, prepend=-1))
    lengths = np.diff(starts, append=len(bits))
    runs = zip(bits[starts].tolist(), lengths.tolist(), strict=True)
    return "".join(chr(63 + value) * n if n < 4 else f"!{n}{chr(63 + value)}" for value, n in runs)
