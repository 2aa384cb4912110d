from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageSequence

from invoke_cli.imaging.animation import FRAME_MILLISECONDS, LAST_MILLISECONDS, animation


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_frames_come_in_order_and_the_last_stays_longest(kind: str) -> None:
    colours = [(250, 0, 0), (0, 250, 0), (0, 0, 250)]
    content = animation([np.full((16, 24, 3), colour, np.uint8) for colour in colours], kind)
    with Image.open(io.BytesIO(content)) as image:
        assert (image.format, image.size) == (kind.upper(), (24, 16))
        frames, durations = [], []
        for frame in ImageSequence.Iterator(image):
            frame.load()
            frames.append(np.asarray(frame.convert("RGB")))
            durations.append(frame.info["duration"])
    assert [tuple(frame[8, 12]) for frame in frames] == colours
    assert durations == [FRAME_MILLISECONDS, FRAME_MILLISECONDS, LAST_MILLISECONDS]
