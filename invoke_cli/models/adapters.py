"""A loaded model with what a line adds to it: LoRAs merged into its weights, learned words, another VAE.

Merging puts new tensors in the places of the model's own, which are kept; taking a LoRA off puts the very
same ones back. So nothing is loaded anew, and a line without adapters is drawn as if there had been none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.packed import dense
from invoke_cli.diffusion.recent import Recent
from invoke_cli.models.embeddings import teach
from invoke_cli.models.folders import Stamp
from invoke_cli.models.lora import Layer, Lora, matched, read_lora
from invoke_cli.models.vae import load_vae
from invoke_cli.models.wanted import UsedLora, Wanted, without_vae


@dataclass
class _State:
    """What a model wears. own: the weights that merged ones have taken the places of."""

    wanted: Wanted = field(default_factory=Wanted)
    dressed: Bundle | None = None
    own: list[tuple[nn.Module, nn.Parameter]] = field(default_factory=list)


class Wardrobe:
    """Dresses models with adapters, one set at a time for each model."""

    def __init__(self) -> None:
        self._states: WeakKeyDictionary[Bundle, _State] = WeakKeyDictionary()
        self._loras: Recent[Lora] = Recent(4)
        self._vaes: Recent[Any] = Recent(2)

    def dress(self, bundle: Bundle, wanted: Wanted) -> tuple[Bundle, tuple[str, ...]]:
        """The model with these adapters and no others, and what to say of them the first time.

        The bundle that comes back is to be used until the next call for the same model. Its memory of
        embeddings is its own, and kept while the adapters stay the same.
        Raises ModelError for an adapter that does not fit; the model then wears nothing.
        """
        if not bundle.has_vae and wanted.vae is None:
            raise without_vae(bundle.name)
        state = self._states.setdefault(bundle, _State())
        if wanted != state.wanted:
            _undress(state)
        if wanted == Wanted():
            return bundle, ()
        if state.dressed is not None:
            return state.dressed, ()
        notices = self._merge(bundle, wanted.loras, state)
        words = {word.trigger: word.file.path for word in wanted.words}
        try:
            state.dressed = teach(self._with_vae(bundle, wanted), words)
        except Exception:
            _undress(state)
            raise
        state.wanted = wanted
        return state.dressed, notices

    def _with_vae(self, bundle: Bundle, wanted: Wanted) -> Bundle:
        """A copy of the model with the VAE that was asked for, loaded once, or else with its own.

        Colours of previews belong to a VAE: those of the model's own are kept with it.
        """
        if wanted.vae is None:
            return replace(bundle, colours=bundle.colour_map())
        file = wanted.vae.file
        if file is None:
            raise ValueError("a VAE has to be fetched before a model wears it")
        path = file.path
        key = (file, bundle.device, bundle.dtype)
        return replace(bundle, vae=self._vaes.get(key, lambda: load_vae(path, bundle)), colours=None)

    def _merge(self, bundle: Bundle, loras: tuple[UsedLora, ...], state: _State) -> tuple[str, ...]:
        """Put merged weights in the places of the model's own; all are computed before any is put."""
        shares: dict[nn.Module, list[tuple[Layer, float]]] = defaultdict(list)
        notices = []
        for used in loras:
            lora = self._loras.get(used.file, _reading(used.file))
            pairs = matched(lora, bundle)
            keys = sum(layer.keys for _, layer in pairs)
            notices.append(f"LoRA {used.name} at {used.weight:g}: {keys} of {lora.total} keys match")
            for module, layer in pairs:
                if used.weight != 0:
                    shares[module].append((layer, used.weight))
        merged = [(module, _sum(module, layers, bundle.device)) for module, layers in shares.items()]
        state.own = [(module, _weight(module)) for module, _ in merged]
        for module, weight in merged:
            module.weight = weight
        return tuple(notices)


def _reading(file: Stamp) -> Callable[[], Lora]:
    return lambda: read_lora(file.path)


def _weight(module: nn.Module) -> nn.Parameter:
    weight: Any = module.weight
    if not isinstance(weight, nn.Parameter):
        raise TypeError(f"the weight of {module} is not a parameter")
    return weight


def _sum(module: nn.Module, layers: list[tuple[Layer, float]], device: torch.device) -> nn.Parameter:
    """The module's weight with the shares of all LoRAs, added in float32 on the device and rounded once.

    It comes to where the weight is, which may wait in main memory.
    """
    own = dense(_weight(module)).data
    total = own.to(device).float()
    for layer, weight in layers:
        total = total + weight * layer.delta(own.shape, device)
    return nn.Parameter(total.to(own.device, own.dtype), requires_grad=False)


def _undress(state: _State) -> None:
    for module, weight in state.own:
        module.weight = weight
    state.own, state.dressed, state.wanted = [], None, Wanted()
