"""Decoders of terminal pictures, written from the protocols, sharing nothing with the encoders."""

import base64
import io
import re
import zlib

import numpy as np
from PIL import Image


def kitty(text):
    """The transmissions in a stream: (keys of the first chunk, picture)."""
    found, keys, data = [], None, ""
    for control, payload in re.findall(r"\x1b_G([^;\x1b]*);?([^\x1b]*)\x1b\\", text):
        given = dict(pair.split("=") for pair in control.split(","))
        assert len(payload) <= 4096
        keys = given if keys is None else keys
        data += payload
        if given.get("m", "0") == "0":
            found.append((keys, kitty_picture(keys, data) if keys["a"] == "T" else None))
            keys, data = None, ""
    assert keys is None, "the last transmission is not finished"
    return found


def kitty_picture(keys, data):
    raw = base64.b64decode(data, validate=True)
    raw = zlib.decompress(raw) if keys.get("o") == "z" else raw
    assert keys["f"] == "24"
    return np.frombuffer(raw, np.uint8).reshape(int(keys["v"]), int(keys["s"]), 3)


def iterm2(text):
    """The inline files in a stream: (keys, picture)."""
    found = []
    for arguments, payload in re.findall(r"\x1b\]1337;File=([^:]*):([^\x07]*)\x07", text):
        keys = dict(pair.split("=") for pair in arguments.split(";"))
        content = base64.b64decode(payload, validate=True)
        assert len(content) == int(keys["size"])
        found.append((keys, np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))))
    return found


def sixel(text):
    """The picture of a stream of sixels, float; what no sixel covered is -1."""
    (body,) = re.findall(r"\x1bP[\d;]*q(.*?)\x1b\\", text, re.DOTALL)
    width, height = map(int, re.match(r'"1;1;(\d+);(\d+)', body).groups())
    canvas = np.full((-(-height // 6) * 6, width, 3), -1.0)
    palette, colour, x, y, count = {}, 0, 0, 0, 1
    for piece in re.findall(r'"[\d;]+|#\d+(?:;\d+){4}|#\d+|!\d+|\$|-|[?-~]', body):
        if piece.startswith("#"):
            colour, *rest = map(int, piece[1:].split(";"))
            if rest:
                assert rest[0] == 2
                palette[colour] = np.array(rest[1:]) * 2.55
        elif piece.startswith("!"):
            count = int(piece[1:])
        elif piece == "$":
            x = 0
        elif piece == "-":
            x, y = 0, y + 6
        elif not piece.startswith('"'):
            for row in range(6):
                if ord(piece) - 63 >> row & 1:
                    canvas[y + row, x : x + count] = palette[colour]
            x, count = x + count, 1
    return canvas[:height]


def out_of_tmux(text):
    """What reaches the terminal around tmux, and what stays inside."""
    outside = []

    def take(found):
        outside.append(found[1].replace("\x1b\x1b", "\x1b"))
        return ""

    inside = re.sub(r"\x1bPtmux;((?:[^\x1b]|\x1b\x1b)*)\x1b\\", take, text)
    return "".join(outside), inside
