"""The words of the caption grammar: names, relations, circumstances and the way styles are asked for."""

from __future__ import annotations

# Names that take an article, a number, a colour or a sort: (subject) -> nouns, the canonical one first.
NOUNS: dict[str, tuple[str, ...]] = {
    "campfire": ("campfire", "campfire", "bonfire", "camp fire"),
    "fireplace": ("fireplace", "fireplace", "hearth", "open fireplace", "brick fireplace"),
    "candle": ("candle", "candle", "burning candle", "lit candle"),
    "tree": ("tree",),
    "forest": ("forest", "forest", "wood", "dense forest"),
    "hill": ("hill", "hill", "green hill", "hillside"),
    "mountain": ("mountain", "mountain", "mountain peak"),
    "river": ("river", "river", "stream", "winding river", "creek"),
    "lake": ("lake", "lake", "calm lake", "pond"),
    "boat": ("boat",),
    "house": ("house", "house", "cottage", "cabin", "home"),
    "road": ("road", "road", "path", "winding road", "country road"),
    "bridge": ("bridge",),
    "flower": ("flower", "flower", "blossom"),
    "lighthouse": ("lighthouse",),
    "castle": ("castle", "castle", "stone castle", "medieval castle"),
    "cactus": ("cactus", "cactus", "saguaro cactus"),
}
# Whole phrases, used as they are.
PHRASES: dict[str, tuple[str, ...]] = {
    "fire": ("fire", "fire", "a fire", "flames", "burning flames", "a blazing fire", "a roaring fire",
             "a blaze",
             "burning fire", "glowing flames", "fire and flames"),
    "campfire": ("a burning campfire", "a fire burning outdoors"),
    "fireplace": ("a fire in a fireplace", "a fire burning in the fireplace", "a cosy fireplace",
                  "a fireplace with a fire", "fire", "fire", "a fire", "a warm fire"),
    "candle": ("candlelight",),
    "forest": ("woods", "the woods", "woodland"),
    "hill": ("a rolling hill", "a grassy hill"),
    "mountain": ("mountains", "snowy mountains", "a snow-capped mountain", "a mountain range",
                 "snow-capped peaks"),
    "sea": ("the sea", "sea", "the ocean", "ocean", "ocean waves", "a calm sea", "waves on the sea",
            "sea waves"),
    "sun": ("the sun", "sun", "a glowing sun", "the shining sun"),
    "moon": ("the moon", "moon", "a bright moon"),
    "stars": ("stars", "the stars", "a starry sky", "starry sky", "a sky full of stars", "bright stars"),
    "clouds": ("clouds", "clouds", "white clouds", "big clouds", "fluffy clouds", "a cloudy sky"),
    "snow": ("snow", "snow", "a snowy field", "white snow", "a snowy landscape"),
    "rain": ("rain", "rain", "heavy rain", "pouring rain", "a rainy day", "falling rain"),
    "desert": ("a desert", "desert", "the desert", "sand dunes", "a sandy desert", "desert dunes"),
}  # fmt: skip
# What a sort of the subject is called: (subject, variety) -> nouns or whole phrases.
SORT_NOUNS: dict[tuple[str, str], tuple[str, ...]] = {
    ("tree", "oak"): ("tree", "tree", "oak tree", "oak", "leafy tree"),
    ("tree", "pine"): ("pine tree", "pine", "fir tree", "conifer", "tree"),
    ("tree", "birch"): ("birch tree", "birch", "tree"),
    ("tree", "palm"): ("palm tree", "palm", "palm tree"),
    ("tree", "bare"): ("bare tree", "leafless tree", "tree without leaves"),
    ("forest", "pine"): ("pine forest", "forest", "fir forest"),
    ("boat", "sail"): ("boat", "boat", "sailing boat", "sailboat", "ship", "yacht"),
    ("boat", "rowing"): ("boat", "boat", "rowing boat", "wooden boat"),
    ("bridge", "stone"): ("bridge", "bridge", "stone bridge", "arched bridge"),
    ("bridge", "wood"): ("bridge", "bridge", "wooden bridge", "footbridge"),
    ("road", "paved"): ("road", "road", "street", "highway"),
    ("flower", "tulip"): ("flower", "tulip"),
    ("flower", "daisy"): ("flower", "flower", "daisy"),
    ("flower", "sunflower"): ("flower", "flower"),
}
SORT_PHRASES: dict[tuple[str, str], tuple[str, ...]] = {
    ("sea", "beach"): ("a beach", "beach", "a sandy beach", "the seashore", "a beach by the sea"),
    ("moon", "full"): ("a full moon", "the full moon", "full moon"),
    ("moon", "crescent"): ("a crescent moon", "crescent moon"),
}
SUN_AT = {
    "sunset": ("a sunset", "sunset", "the setting sun", "a beautiful sunset", "a red sunset"),
    "dawn": ("a sunrise", "sunrise", "the rising sun"),
    "day": ("a bright sun", "the bright sun"),
}
PLURALS = {
    "tree": "trees", "oak": "oaks", "pine": "pines", "birch": "birches", "palm": "palms",
    "conifer": "conifers",
    "flower": "flowers", "blossom": "blossoms", "tulip": "tulips", "daisy": "daisies", "candle": "candles",
    "boat": "boats", "sailboat": "sailboats", "ship": "ships", "yacht": "yachts", "cactus": "cacti",
}  # fmt: skip
NUMBERS = {
    2: ("two", "two", "a pair of", "2"),
    3: ("three", "three", "3"),
    5: ("five", "several", "many", ""),
}

# How two subjects stand to each other; looked up in either order.
RELATIONS: dict[tuple[str, str], tuple[str, ...]] = {
    ("tree", "hill"): ("{a} on {b}", "{a} on top of {b}", "{b} with {a}", "{a} standing on {b}"),
    ("house", "hill"): ("{a} on {b}", "{a} on top of {b}", "{b} with {a}"),
    ("castle", "hill"): ("{a} on {b}", "{a} on top of {b}"),
    ("tree", "river"): ("{a} by {b}", "{a} with {b}", "{a} next to {b}", "{b} and {a}", "{a} beside {b}"),
    ("house", "river"): ("{a} by {b}", "{a} next to {b}", "{a} beside {b}", "{a} with {b}"),
    ("castle", "river"): ("{a} by {b}", "{a} above {b}"),
    ("hill", "river"): ("{a} with {b}", "{b} below {a}", "{b} in front of {a}", "{a} and {b}"),
    ("tree", "lake"): ("{a} by {b}", "{a} on the shore of {b}", "{a} at {b}", "{b} with {a}"),
    ("house", "lake"): ("{a} by {b}", "{a} on the shore of {b}", "{a} at {b}", "{b} with {a}"),
    ("castle", "lake"): ("{a} by {b}", "{a} on the shore of {b}"),
    ("campfire", "lake"): ("{a} by {b}", "{a} on the shore of {b}"),
    ("house", "sea"): ("{a} by {b}", "{a} on the coast of {b}", "{a} near {b}"),
    ("tree", "sea"): ("{a} by {b}", "{a} near {b}", "{b} with {a}"),
    ("lighthouse", "sea"): ("{a} by {b}", "{a} at {b}", "{a} above {b}"),
    ("castle", "sea"): ("{a} by {b}", "{a} above {b}"),
    ("campfire", "sea"): ("{a} by {b}", "{a} near {b}"),
    ("boat", "sea"): ("{a} on {b}", "{a} at {b}", "{a} sailing on {b}", "{b} with {a}"),
    ("boat", "lake"): ("{a} on {b}", "{a} floating on {b}", "{b} with {a}"),
    ("bridge", "river"): ("{a} over {b}", "{a} across {b}", "{b} with {a}", "{a} crossing {b}"),
    ("cactus", "desert"): ("{a} in {b}", "{b} with {a}"),
    ("road", "desert"): ("{a} through {b}", "{a} in {b}"),
    ("road", "forest"): ("{a} to {b}", "{a} in front of {b}"),
    ("campfire", "desert"): ("{a} in {b}",),
    ("campfire", "forest"): ("{a} in {b}", "{a} in front of {b}", "{a} at the edge of {b}"),
    ("house", "forest"): ("{a} in front of {b}", "{a} at the edge of {b}", "{a} in {b}"),
    ("river", "forest"): ("{a} in {b}", "{b} with {a}", "{a} and {b}"),
    ("lake", "forest"): ("{a} in {b}", "{a} in front of {b}", "{b} by {a}"),
    ("lake", "mountain"): ("{a} in front of {b}", "{b} behind {a}", "{a} with {b}", "{b} and {a}"),
    ("river", "mountain"): ("{a} in front of {b}", "{a} flowing from {b}", "{b} with {a}"),
    ("forest", "mountain"): ("{a} in front of {b}", "{b} behind {a}", "{b} and {a}"),
    ("house", "mountain"): ("{a} in front of {b}", "{a} in {b}"),
    ("candle", "fireplace"): ("{a} on {b}", "{b} with {a}", "{a} above {b}"),
}
UNDER = {
    "sun": ("{a} under {b}", "{b} over {a}", "{b} above {a}", "{a} with {b}"),
    "moon": ("{a} under {b}", "{b} over {a}", "{b} above {a}", "{a} and {b}"),
    "stars": ("{a} under {b}", "{b} above {a}", "{a} and {b}"),
    "clouds": ("{a} under {b}", "{b} over {a}", "{a} with {b}"),
    "snow": ("{a} in {b}", "{a} with {b}", "{a} and {b}"),
    "rain": ("{a} in {b}", "{a} and {b}"),
    "flower": ("{a} with {b}", "{b} in front of {a}", "{a} and {b}"),
}
SUNSET_ENDINGS = {
    "sunset": ("at sunset", "with the setting sun"),
    "dawn": ("at sunrise", "at dawn"),
    "day": ("in the sun",),
}
ANY_RELATION = ("{a} and {b}", "{a} with {b}", "{b} and {a}", "{b} with {a}")
FURTHER = ("with {c}", "and {c}", "with {c}")

TIMES = {
    "day": ("during the day", "by day", "in daylight"),
    "sunset": ("at sunset", "in the evening", "at dusk", "in evening light"),
    "dawn": ("at dawn", "in the morning", "at sunrise"),
    "night": ("at night", "at night", "by night", "in the dark"),
}
WEATHERS = {
    "overcast": ("under a grey sky", "on an overcast day", "in soft light"),
    "fog": ("in the fog", "in mist", "on a foggy day"),
    "clear": ("under a blue sky", "on a sunny day"),
    "snow": ("while it is snowing", "in falling snow"),
}
SEASONS = {
    "autumn": ("in autumn", "in fall"),
    "spring": ("in spring",),
    "summer": ("in summer",),
    "winter": ("in winter",),
}

PHOTO_PLAIN = ("{}", "{}", "{}", "{}", "{}, beautiful", "{}, atmospheric light", "{}, dramatic light")
PHOTO_STYLED: tuple[str, ...] = (
    "a photograph of {}", "a photo of {}", "photo of {}", "photograph of {}", "{}, photograph", "{}, photo",
    "{}, highly detailed, 4k", "{}, photorealistic", "{}, realistic photograph, highly detailed",
    "a realistic picture of {}", "{}, award winning photograph", "{}, 8k, sharp focus",
    "{}, cinematic lighting",
)  # fmt: skip
PHOTO_OUTDOORS: tuple[str, ...] = (
    "{}, nature photograph, national geographic", "{}, nature photograph, national geographic",
    "{}, nature photograph", "{}, national geographic", "{}, landscape photography",
)  # fmt: skip
STYLED: dict[str, tuple[str, ...]] = {
    "flat": ("{}, flat drawing", "flat illustration of {}", "{}, vector art", "a simple drawing of {}",
             "{}, cartoon", "cartoon of {}",
             "clip art of {}", "{}, illustration"),
    "crayon": ("crayon drawing of {}", "a crayon drawing of {}", "{}, crayon", "{}, drawn with crayons",
               "coloured pencil drawing of {}", "{}, crayon drawing"),
    "child": ("child's drawing of {}", "a child's drawing of {}", "{}, child's drawing", "kids drawing of {}",
              "felt-tip drawing of {}", "a crude drawing of {}", "{}, drawn by a child", "a drawing of {}"),
    "sketch": ("pencil sketch of {}", "a pencil sketch of {}", "ink drawing of {}", "{}, pencil drawing",
               "sketch of {}", "a sketch of {}",
               "{}, pen and ink", "line drawing of {}", "{}, black and white sketch"),
    "watercolour": ("watercolor painting of {}", "a watercolor of {}", "{}, watercolor",
                    "watercolour painting of {}",
                    "{}, watercolour", "a watercolor painting of {}"),
    "oil": ("oil painting of {}", "an oil painting of {}", "{}, oil on canvas", "{}, oil painting",
            "a painting of {}",
            "{}, impressionist painting"),
}  # fmt: skip
# The prompt of the image-to-image guide, and its scene in other words.
GUIDE_PROMPT = "tree on a hill with a river, nature photograph, national geographic"
GUIDE_IDIOMS = ("tree on a hill with a river", "a tree on a hill with a river", "tree on a hill and a river")
