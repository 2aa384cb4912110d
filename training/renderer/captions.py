"""Captions as people write prompts, true of the plan they are written from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import words
from .plan import COLOURS, GUIDE_SCENE, INDOOR, Plan

_SKYWARD = ("sun", "moon", "stars", "clouds", "snow", "rain", "flower")


def write_caption(plan: Plan, rng: np.random.Generator) -> str:
    """One of the many captions that are true of the plan."""
    if plan.free == GUIDE_SCENE and rng.random() < 0.5:
        if plan.style == "photo" and rng.random() < 0.5:
            return words.GUIDE_PROMPT
        scene = choose(rng, words.GUIDE_IDIOMS)
    elif plan.style == "photo" and len(plan.free) == 1 and rng.random() < 0.42:
        # What people type first: the bare name, which means a photograph.
        return noun_phrase(plan, plan.main, rng)
    else:
        scene = _scene(plan, rng)
        brief = rng.random() < (0.42 if len(plan.free) == 1 else 0.25)
        scene = scene if brief else scene + _circumstance(plan, rng, scene)
    return _styled(plan, rng, scene)


def choose(rng: np.random.Generator, options: Sequence[str]) -> str:
    """One of the options, evenly."""
    return options[int(rng.integers(len(options)))]


def _scene(plan: Plan, rng: np.random.Generator) -> str:
    """The subjects and how they stand to each other."""
    named = [name for name in plan.subjects if name not in plan.implied or rng.random() < 0.4]
    first = noun_phrase(plan, named[0], rng)
    if len(named) == 1:
        return first
    text = _related(plan, named[0], named[1], first, rng)
    rest = [noun_phrase(plan, name, rng) for name in named[2:]]
    if rest:
        text += " " + choose(rng, words.FURTHER).format(c=" and ".join(rest))
    return text


def _related(plan: Plan, main: str, other: str, first: str, rng: np.random.Generator) -> str:
    """Two subjects joined by a relation that holds in the picture."""
    second = noun_phrase(plan, other, rng)
    if other == "sun" and plan.time != "day" and rng.random() < 0.4:
        return f"{first} {choose(rng, words.SUNSET_ENDINGS[plan.time])}"
    if (main, other) in words.RELATIONS:
        return choose(rng, words.RELATIONS[main, other]).format(a=first, b=second)
    if (other, main) in words.RELATIONS:
        return choose(rng, words.RELATIONS[other, main]).format(a=second, b=first)
    if other in _SKYWARD and main not in _SKYWARD:
        return choose(rng, words.UNDER[other]).format(a=first, b=second)
    if main in _SKYWARD and other not in _SKYWARD:
        return choose(rng, words.UNDER[main]).format(a=second, b=first)
    return choose(rng, words.ANY_RELATION).format(a=first, b=second)


def noun_phrase(plan: Plan, name: str, rng: np.random.Generator) -> str:
    """What one subject is called: "a tree", "two red candles", "the sea"."""
    detail = plan.detail(name)
    if name == "sun" and rng.random() < 0.75:
        return choose(rng, words.SUN_AT[plan.time])
    phrases = words.SORT_PHRASES.get((name, detail.variety), ()) if rng.random() < 0.75 else ()
    nouns = words.SORT_NOUNS.get((name, detail.variety), words.NOUNS.get(name, ()))
    if not phrases and (not nouns or (detail.count == 1 and rng.random() < 0.2)):
        phrases = words.PHRASES.get(name, ())
    if phrases:
        return choose(rng, phrases)
    return _counted(plan, name, choose(rng, nouns), rng)


def _counted(plan: Plan, name: str, noun: str, rng: np.random.Generator) -> str:
    """A noun with its number or article and what is known of its look."""
    detail = plan.detail(name)
    look = _look(plan, name, noun, rng)
    if detail.count == 1:
        bare = rng.random() < 0.22
        whole = f"{look} {noun}".strip()
        return whole if bare else with_article(whole)
    head = noun.split(" without ")[0]
    *before, last = head.split()
    plural = " ".join([*before, words.PLURALS[last]]) + noun[len(head) :]
    return f"{choose(rng, words.NUMBERS[detail.count])} {look} {plural}".replace("  ", " ").strip()


def _look(plan: Plan, name: str, noun: str, rng: np.random.Generator) -> str:
    """An adjective that is true of the subject, or nothing."""
    colour = plan.detail(name).colour
    visible = plan.time != "night" or name == "candle" or plan.style in ("flat", "crayon", "child")
    if name in COLOURS and visible and plan.style != "sketch" and rng.random() < 0.5:
        return colour
    if name == "tree" and "without" not in noun and rng.random() < 0.25:
        return _tree_look(plan, rng)
    if name == "hill" and plan.season in ("summer", "spring") and "green" not in noun and rng.random() < 0.2:
        return "green"
    return ""


def _tree_look(plan: Plan, rng: np.random.Generator) -> str:
    """What a tree's crown looks like in this season."""
    variety = plan.detail("tree").variety
    if plan.season == "winter":
        return "snowy" if variety == "pine" else "winter"
    if variety == "bare":
        return ""
    if plan.season == "autumn" and variety in ("oak", "birch"):
        return "autumn"
    return choose(rng, ("green", "tall", "lonely" if plan.detail("tree").count == 1 else "green"))


def with_article(noun: str) -> str:
    """The noun behind "a" or "an"."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _circumstance(plan: Plan, rng: np.random.Generator, scene: str) -> str:
    """Time of day, season or weather, where it shows and is not said yet."""
    options: list[str] = []
    if plan.main in INDOOR:
        options += list(words.TIMES["night"]) * 2 if plan.time == "night" else []
    else:
        options += list(words.TIMES[plan.time]) * (1 if plan.time == "day" else 4)
        if plan.time == "day" and not plan.has("rain", "snow", "clouds"):
            options += list(words.WEATHERS.get(plan.weather, ())) * 2
        if plan.weather == "snow":
            options += list(words.WEATHERS["snow"])
        if plan.season in ("autumn", "winter") or plan.has("tree", "forest", "flower"):
            options += list(words.SEASONS[plan.season]) * 2
    said = {"sunset", "sunrise", "snow", "night", "dusk", "autumn"} & set(scene.split())
    fresh = [option for option in options if not said & set(option.split())]
    if not fresh or rng.random() < (0.5 if plan.time == "day" else 0.2):
        return ""
    return (", " if rng.random() < 0.25 else " ") + choose(rng, fresh)


def _styled(plan: Plan, rng: np.random.Generator, scene: str) -> str:
    """The scene in the words by which the style is asked for."""
    if plan.style != "photo":
        return choose(rng, words.STYLED[plan.style]).format(scene)
    if rng.random() < 0.38:
        return choose(rng, words.PHOTO_PLAIN).format(scene)
    outdoors = () if plan.main in INDOOR else words.PHOTO_OUTDOORS
    return choose(rng, words.PHOTO_STYLED + outdoors).format(scene)


def vocabulary() -> frozenset[str]:
    """Every word that a caption can hold, as split at blanks and commas."""
    texts: list[str] = list(words.GUIDE_IDIOMS + words.ANY_RELATION + words.FURTHER)
    texts += words.PHOTO_PLAIN + words.PHOTO_STYLED + words.PHOTO_OUTDOORS
    for table in (words.NOUNS, words.PHRASES, words.SUN_AT, words.UNDER, words.SUNSET_ENDINGS, words.TIMES,
                  words.WEATHERS, words.SEASONS, words.STYLED, COLOURS):  # fmt: skip
        texts += [text for options in table.values() for text in options]
    for sorts in (words.SORT_NOUNS, words.SORT_PHRASES, words.RELATIONS):
        texts += [text for options in sorts.values() for text in options]
    texts += [text for options in words.NUMBERS.values() for text in options]
    texts += [*words.PLURALS.values(), "a an and green tall lonely autumn snowy winter"]
    found = {word for text in texts for word in text.replace(",", " ").split()}
    return frozenset(word for word in found if "{" not in word)
