"""When the networks ran: clocks around their entry points, for us and for peers alike."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from itertools import pairwise
from typing import Any

UNET = "unet"
POINTS = (
    ("diffusers.models.unets.unet_2d_condition", "UNet2DConditionModel", "forward", UNET),
    ("invoke_cli.diffusion.walk", "Walk", "texts", UNET),
    ("invoke_cli.diffusion.walk", "Walk", "times", UNET),
    ("invoke_cli.diffusion.walk", "Walk", "with_features", UNET),
    ("diffusers.models.autoencoders.autoencoder_kl", "AutoencoderKL", "encode", "encode"),
    ("diffusers.models.autoencoders.autoencoder_kl", "AutoencoderKL", "decode", "decode"),
    ("transformers.models.clip.modeling_clip", "CLIPTextModel", "forward", "text"),
    ("invoke_cli.networks.clip", "CLIPTextModel", "forward", "text"),
    ("invoke_cli.networks.unet", "UNet2DConditionModel", "forward", UNET),
    ("invoke_cli.networks.autoencoder", "AutoencoderKL", "encode", "encode"),
    ("invoke_cli.networks.autoencoder", "AutoencoderKL", "decode", "decode"),
    ("torch.cuda", "CUDAGraph", "replay", UNET),
    ("invoke_cli.diffusion.coding", "Encoding", "by", "encode"),
    ("invoke_cli.diffusion.coding", "Decoding", "by", "decode"),
    ("optimum.intel.openvino.modeling_diffusion", "OVModelUnet", "forward", UNET),
    ("optimum.intel.openvino.modeling_diffusion", "OVModelVaeEncoder", "forward", "encode"),
    ("optimum.intel.openvino.modeling_diffusion", "OVModelVaeDecoder", "forward", "decode"),
    ("optimum.intel.openvino.modeling_diffusion", "OVModelTextEncoder", "forward", "text"),
)
"""Module, class, method and what it counts as. A call within another is part of that.

We walk through the parts of a UNet instead of calling it; `texts` and `times` are what of it is kept between
walks, and every walk passes through `with_features`. A graph that is replayed does not: within a `Coding` it
is the autoencoder's, and else the UNet's, with guidance and the sampler's sum. What is copied to and from its
tensors is outside. Nobody else has a `Walk`.
"""

Interval = tuple[str, float, float]


@contextmanager
def probed(wait: Callable[[], None]) -> Iterator[list[Interval]]:
    """The calls made within: what ran, from when to when (`time.perf_counter`).

    wait: returns when the device has done what it was told.
    """
    calls: list[Interval] = []
    depth = [0]
    replaced = []
    for module, name, method, what in POINTS:
        kind = getattr(sys.modules.get(module), name, None)  # what nobody has imported, nobody calls
        if kind is None:
            continue
        original = getattr(kind, method)
        replaced.append((kind, method, original))
        setattr(kind, method, _clocked(original, what, calls, depth, wait))
    try:
        yield calls
    finally:
        for kind, method, original in replaced:
            setattr(kind, method, original)


def _clocked(
    original: Callable[..., Any], what: str, calls: list[Interval], depth: list[int], wait: Callable[[], None]
) -> Callable[..., Any]:
    @wraps(original)
    def clocked(*given: Any, **named: Any) -> Any:
        if depth[0]:
            return original(*given, **named)
        depth[0] += 1
        wait()
        started = time.perf_counter()
        try:
            return original(*given, **named)
        finally:
            wait()
            calls.append((what, started, time.perf_counter()))
            depth[0] -= 1

    return clocked


def split(calls: list[Interval], started: float, ended: float, steps: int, pictures: int) -> dict[str, float]:
    """Where the time between `started` and `ended` went, in seconds.

    steps: that each of the `pictures` takes.
    first: until the first call of a UNet. outside: not in a network. step: not in a network, for each step
    of each picture but its first. What is done between two pictures belongs to no step: there, something
    else than the UNet runs. Empty without a call of a UNet.
    """
    first = next((start for what, start, _ in calls if what == UNET), None)
    if first is None:
        return {}
    inside = sum(end - start for _, start, end in calls)
    between = sum(after[1] - before[2] for before, after in pairwise(calls) if before[0] == after[0] == UNET)
    step = between / max(1, (steps - 1) * pictures)
    return {"first": first - started, "outside": ended - started - inside, "step": step}
