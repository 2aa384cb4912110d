"""What the terminal is sent, decoded again by other code than made it."""

import numpy as np
import pyte
import pytest

from invoke_cli.repl import graphics
from tests.repl import picture_decoders as decoders


def picture(height=40, width=60, seed=0):
    """Noise over slopes: nothing that compression or a palette finds easy."""
    down, across = np.mgrid[0:height, 0:width]
    slopes = np.dstack([4 * across, 5 * down, 255 - 3 * across])
    noise = np.random.default_rng(seed).integers(-20, 20, slopes.shape)
    return np.clip(slopes + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (40, 60), (200, 300)])
def test_kitty_gets_the_very_picture(height, width):
    sent = picture(height, width)
    ((keys, got),) = decoders.kitty("".join(graphics.kitty(sent, 30, 10)))
    np.testing.assert_array_equal(got, sent)
    assert (keys["c"], keys["r"], keys["C"], keys["q"]) == ("30", "10", "1", "2")
    assert "i" not in keys


def test_kitty_replaces_and_forgets_a_numbered_picture():
    first, second = (decoders.kitty("".join(graphics.kitty(picture(seed=n), 4, 2, 77)))[0][0] for n in (1, 2))
    assert (first["i"], first["p"]) == (second["i"], second["p"]) == ("77", "1")
    ((keys, _),) = decoders.kitty(graphics.kitty_forget(77))
    assert (keys["a"], keys["d"], keys["i"]) == ("d", "I", "77")


def test_placeholders_name_their_picture_row_and_first_column():
    lines = graphics.placeholders(5, 30, 0x123456).split("\n")
    assert len(lines) == 30
    assert len(set(lines)) == 30
    for index, line in enumerate(lines):
        assert line.startswith(f"\x1b[38;2;18;52;86m{graphics.PLACEHOLDER}{graphics.MARKS[index]}\u0305")
        assert line.count(graphics.PLACEHOLDER) == 5


def test_iterm2_gets_the_very_picture():
    sent = picture()
    ((keys, got),) = decoders.iterm2(graphics.iterm2(sent, 30, 10))
    np.testing.assert_array_equal(got, sent)
    assert (keys["inline"], keys["width"], keys["height"]) == ("1", "30", "10")


@pytest.mark.parametrize(("height", "width"), [(1, 1), (6, 9), (40, 60), (13, 200)])
def test_sixels_show_the_picture_but_for_the_palette(height, width):
    sent = picture(height, width)
    got = decoders.sixel(graphics.sixel(sent, width, height))
    assert got.shape == sent.shape
    assert (got >= 0).all()  # every pixel is covered
    assert np.sqrt(np.mean((got - sent) ** 2)) < 12


def test_sixels_of_few_colours_are_exact_within_their_hundred_levels():
    sent = np.zeros((12, 8, 3), np.uint8)
    sent[3:9, 2:6] = (255, 51, 0)
    np.testing.assert_allclose(decoders.sixel(graphics.sixel(sent, 8, 12)), sent, atol=1.3)


def shown(text, columns, rows):
    screen = pyte.Screen(columns, rows)
    pyte.Stream(screen).feed(text.replace("\n", "\r\n"))
    return screen


def hex_colour(rgb):
    return "".join(f"{level:02x}" for level in rgb)


def test_half_blocks_are_right_cell_by_cell():
    sent = picture(20, 30)
    screen = shown(graphics.half_blocks(sent, 30, 10), 40, 12)
    for row in range(10):
        for column in range(30):
            cell = screen.buffer[row][column]
            assert cell.data == "▀"
            assert cell.fg == hex_colour(sent[2 * row, column])
            assert cell.bg == hex_colour(sent[2 * row + 1, column])
    assert screen.buffer[0][30].data == " "
    assert screen.buffer[0][30].bg == "default"


def test_half_blocks_with_256_colours_are_the_nearest_of_the_cube():
    sent = picture(4, 6)
    screen = shown(graphics.half_blocks(sent, 6, 2, true_colour=False), 8, 3)
    levels = np.array([0, 95, 135, 175, 215, 255])
    for column in range(6):
        got = bytes.fromhex(screen.buffer[1][column].fg)
        nearest = [levels[np.abs(levels - int(level)).argmin()] for level in sent[2, column]]
        assert list(got) == nearest


def test_codes_come_out_of_tmux_as_they_were():
    code = "".join(graphics.kitty(picture(), 8, 4, 5))
    outside, inside = decoders.out_of_tmux("before" + graphics.through_tmux(code) + "after")
    assert (outside, inside) == (code, "beforeafter")
