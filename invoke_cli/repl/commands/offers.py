"""What Tab offers for the words behind commands: OFFERS, the kinds that their declarations name.

To add a kind, write a function like those below. It gets the word as far as it is typed, the words before
it, and the names that the session knows; it yields what the whole word may become.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from invoke_cli.language.declare import Switch
from invoke_cli.language.switches import by_name, table
from invoke_cli.language.world import World
from invoke_cli.registry import Registry
from invoke_cli.repl.commands.registry import COMMANDS
from invoke_cli.repl.commands.topics import TOPICS
from invoke_cli.repl.paths import PICTURE_SUFFIXES, TEXT_SUFFIXES, VAE_SUFFIXES, WEIGHT_SUFFIXES, path_choices
from invoke_cli.session.entry_keys import default_switch, entry_keys, entry_values


@dataclass(frozen=True)
class Offer:
    """What a word may become. text: its meaning, without quotes. shown, meta: what a menu says of it.

    goes_on: more can be typed behind it without a blank, as in a folder.
    """

    text: str
    shown: str = ""
    meta: str = ""
    goes_on: bool = False


@dataclass(frozen=True)
class Place:
    """The word at the cursor as far as it is typed, the words before it, and what the session knows."""

    typed: str
    before: Sequence[str]
    world: World

    def beginning(self, names: Iterable[str], meta: str = "") -> Iterator[Offer]:
        """The names that begin like the word, in any case."""
        return (Offer(name, meta=meta) for name in names if name.lower().startswith(self.typed.lower()))


Offering = Callable[[Place], Iterator[Offer]]

OFFERS: Registry[Offering] = Registry("kind of word")


@OFFERS.add("model")
def models(place: Place) -> Iterator[Offer]:
    """Names of the catalog."""
    return place.beginning(place.world.models)


@OFFERS.add("hub")
def hub_ids(place: Place) -> Iterator[Offer]:
    """Repositories that the hub's cache holds, and that therefore need no network."""
    return place.beginning(place.world.hub_ids, "in the hub's cache")


@OFFERS.add("lora")
def loras(place: Place) -> Iterator[Offer]:
    """Names of LoRAs."""
    return place.beginning(place.world.loras)


@OFFERS.add("vae")
def vaes(place: Place) -> Iterator[Offer]:
    """Names of VAEs."""
    return place.beginning(place.world.vaes)


@OFFERS.add("folder")
def folders(place: Place) -> Iterator[Offer]:
    """Folders on the disk."""
    return _paths(place, ())


@OFFERS.add("weights")
def weights(place: Place) -> Iterator[Offer]:
    """Checkpoint files, and folders."""
    return _paths(place, WEIGHT_SUFFIXES)


@OFFERS.add("vae file")
def vae_files(place: Place) -> Iterator[Offer]:
    """Weight files of any kind, and folders."""
    return _paths(place, VAE_SUFFIXES)


@OFFERS.add("picture")
def pictures(place: Place) -> Iterator[Offer]:
    """Pictures of this session, then those on the disk."""
    own = [*place.beginning(place.world.images)]
    yield from own
    known = {offer.text for offer in own}
    found = _paths(place, PICTURE_SUFFIXES, place.world.outdir)
    yield from (offer for offer in found if offer.text not in known)


@OFFERS.add("text file")
def text_files(place: Place) -> Iterator[Offer]:
    """Files of lines, and folders."""
    return _paths(place, TEXT_SUFFIXES, place.world.outdir)


@OFFERS.add("topic")
def topics(place: Place) -> Iterator[Offer]:
    """What help can be had on: topics, commands and, with or without dashes, switches."""
    yield from place.beginning(TOPICS)
    for name, command in COMMANDS.items():
        if name.startswith(place.typed):
            yield Offer(name, meta=command.help.partition("\n")[0])
    yield from switches(place) if place.typed else ()


@OFFERS.add("switch")
def switches(place: Place) -> Iterator[Offer]:
    """Long names of switches, with dashes where one is typed."""
    dashes = "--" if place.typed.startswith("-") else ""
    for switch in table():
        if f"{dashes}{switch.name}".startswith(place.typed):
            yield Offer(f"{dashes}{switch.name}", meta=switch.help)


@OFFERS.add("all")
def everything(place: Place) -> Iterator[Offer]:
    """The word for all of them."""
    return place.beginning(("all",))


@OFFERS.add("value")
def switch_values(place: Place) -> Iterator[Offer]:
    """Values of the switch that is named before."""
    name = place.before[-1].lstrip("-").replace("-", "_") if place.before else ""
    switch = by_name().get(name)
    if switch is None:
        return
    yield from _switch_values(switch, place)
    if switch.codec.completes == "picture":
        yield from pictures(place)


@OFFERS.add("change")
def changes(place: Place) -> Iterator[Offer]:
    """A key of a model's entry with `=`; behind that, what its value may be."""
    key, equals, value = place.typed.partition("=")
    if not equals:
        yield from (Offer(name, goes_on=True) for name in entry_keys(key, place.world))
        return
    for offer in _values(key, Place(value, place.before, place.world)):
        yield Offer(f"{key}={offer.text}", offer.shown or offer.text, offer.meta, offer.goes_on)


_VALUES = {
    "source": ("weights", "hub"),
    "vae": ("vae", "vae file", "hub"),
    "tokenizer": ("folder",),
}


def _values(key: str, place: Place) -> Iterator[Offer]:
    switch = default_switch(key)
    if switch is not None:
        yield from _switch_values(switch, place)
    yield from place.beginning(entry_values(key))
    for kind in _VALUES.get(key, ()):
        yield from OFFERS[kind](place)


def _switch_values(switch: Switch, place: Place) -> Iterator[Offer]:
    """Values of a switch of lines, from its own declaration."""
    known = {"sampler": place.world.samplers, "vae": place.world.vaes}
    names = ("true", "false") if switch.on_off else known.get(switch.codec.completes, ())
    yield from place.beginning((*names, *switch.codec.examples), switch.help)
    if switch.codec.completes == "folder":
        yield from _paths(place, ())


def _paths(place: Place, suffixes: Iterable[str], within: str = "") -> Iterator[Offer]:
    for choice in path_choices(place.typed, suffixes=frozenset(suffixes), within=within):
        end = "/" if choice.is_folder else ""
        yield Offer(choice.path + end, choice.name + end, goes_on=choice.is_folder)
