"""What the evaluation asks for: prompts with the subjects that must appear."""

from __future__ import annotations

SINGLES: tuple[tuple[str, str], ...] = (
    ("fire", "fire"),
    ("a campfire", "campfire"),
    ("a photo of a fireplace", "fireplace"),
    ("a burning candle", "candle"),
    ("a tree", "tree"),
    ("a pine forest, nature photograph, national geographic", "forest"),
    ("a green hill", "hill"),
    ("a snow-capped mountain, highly detailed, 4k", "mountain"),
    ("a winding river", "river"),
    ("a calm lake", "lake"),
    ("the ocean, nature photograph", "sea"),
    ("a photograph of a sailing boat", "boat"),
    ("a house", "house"),
    ("sunset", "sun"),
    ("a full moon", "moon"),
    ("a sky full of stars", "stars"),
    ("clouds", "clouds"),
    ("snow", "snow"),
    ("heavy rain", "rain"),
    ("a sandy desert", "desert"),
    ("a cactus", "cactus"),
    ("a country road", "road"),
    ("a stone bridge", "bridge"),
    ("a red flower", "flower"),
)
PAIRS: tuple[tuple[str, str, str], ...] = (
    ("a tree on a hill", "tree", "hill"),
    ("a tree by a river", "tree", "river"),
    ("a house by a lake", "house", "lake"),
    ("a house on a hill", "house", "hill"),
    ("a house in front of a forest", "house", "forest"),
    ("a boat on the sea", "boat", "sea"),
    ("a boat on a lake", "boat", "lake"),
    ("a lighthouse by the sea at sunset", "lighthouse", "sea"),
    ("a campfire in a forest at night", "campfire", "forest"),
    ("a campfire under the stars", "campfire", "stars"),
    ("a cactus in the desert", "cactus", "desert"),
    ("a cactus under the moon", "cactus", "moon"),
    ("a bridge over a river", "bridge", "river"),
    ("a lake in front of mountains", "lake", "mountain"),
    ("a river with mountains", "river", "mountain"),
    ("the moon over the sea", "moon", "sea"),
    ("a castle on a hill", "castle", "hill"),
    ("a house in the snow", "house", "snow"),
    ("a tree in the rain", "tree", "rain"),
    ("a fireplace with a candle", "fireplace", "candle"),
)
# A prompt, what is to be left out of it, and the subject that the negative prompt should remove.
NEGATIVES: tuple[tuple[str, str, str], ...] = (
    ("a tree by a river", "river", "river"),
    ("the moon and stars", "moon", "moon"),
    ("a boat on the sea", "boat", "boat"),
    ("a house by a lake", "house", "house"),
    ("a mountain with clouds", "clouds", "clouds"),
    ("a campfire in a forest at night", "forest, trees", "forest"),
)
# A drawing among the test pictures, the prompt for it, and the subjects that should come out of it.
SKETCHES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("fire-drawing.png", "fire", ("fire", "fireplace")),
    (
        "tree-and-river-sketch.png",
        "tree on a hill with a river, nature photograph, national geographic",
        ("tree", "hill", "river"),
    ),
    ("big-sketch.png", "a house by a lake with mountains, photograph", ("house", "lake", "mountain")),
)
STRENGTHS = (0.2, 0.4, 0.6, 0.7, 0.8, 0.85, 1.0)
# Sizes beside the native one, (width, height) in pixels, and what is drawn at each of them.
SIZES: tuple[tuple[int, int], ...] = ((192, 128), (128, 192), (256, 256), (384, 256), (256, 384), (384, 384))
SIZE_PROMPTS = (
    "a house by a lake, photograph",
    "tree on a hill with a river, nature photograph, national geographic",
    "a campfire at night",
    "a boat on the sea at sunset",
)
