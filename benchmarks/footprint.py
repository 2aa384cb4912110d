"""The memory that drawing takes on a GPU, counted on tensors without memory: no GPU is needed.

    python -m benchmarks.footprint [--sizes 512 768 1024]

Weights that are on the device are counted, and every tensor of the run from when it is made until nothing
holds it any more. Not counted are the driver's context, the workspaces of its libraries, CUDA graphs, and
what torch's allocator keeps for later. Attention is taken to be one kernel that keeps no scores. That the
largest layers of the autoencoder wait in main memory, too, where the picture is large, is not taken off.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from weakref import finalize

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from invoke_cli.diffusion.bands import Bands
from invoke_cli.diffusion.kernels import Plain
from invoke_cli.diffusion.streamed import LAYERS
from invoke_cli.diffusion.walk import Walk
from invoke_cli.models.architectures import configs_directory
from invoke_cli.models.networks import empty_network

META = torch.device("meta")
HALF = torch.float16


class Peak(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of the tensors that are made within it and alive at once.

    networks: whose weights were there before, and are looked at.
    """

    def __init__(self, networks: Sequence[Any] = ()) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.bytes = 0
        self._alive = 0
        self._holders: dict[int, int] = {}
        self._known = {_key(weight) for each in networks for weight in (*each.parameters(), *each.buffers())}

    def __torch_dispatch__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, tuple | list) else (made,):
            if isinstance(tensor, Tensor):
                self._note(tensor)
        return made

    def _note(self, tensor: Tensor) -> None:
        key, size = _key(tensor), tensor.untyped_storage().nbytes()
        if key in self._known:
            return
        if key not in self._holders:
            self._holders[key] = 0
            self._alive += size
            self.bytes = max(self.bytes, self._alive)
        self._holders[key] += 1
        finalize(tensor, self._let_go, key, size)

    def _let_go(self, key: int, size: int) -> None:
        self._holders[key] -= 1
        if self._holders[key] == 0:
            del self._holders[key]
            self._alive -= size


def _key(tensor: Tensor) -> int:
    """What tensors have in common that lie in the same memory."""
    return int(tensor.untyped_storage()._cdata)


class Fused(Plain):
    """Kernels whose attention keeps no scores."""

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:  # noqa: ARG002
        """See Kernels."""
        return torch.empty_like(q).transpose(1, 2)


def peak(run: Callable[[], object], *networks: Any) -> int:
    """The most bytes of tensors that a run of networks on the meta device has, beside their weights."""
    with torch.inference_mode(), Peak(networks) as counted:
        run()
    found: int = counted.bytes
    return found


def network(part: str, architecture: str = "sd-1") -> Any:
    """A network of this kind of checkpoint, without memory."""
    path = configs_directory() / "architectures" / architecture / part / "config.json"
    return empty_network(json.loads(path.read_text("utf-8"))).to(HALF).eval().requires_grad_(False)


def weight_of(*parts: Any) -> int:
    """The bytes of networks, or of their parts."""
    return sum(tensor.nbytes for part in parts for tensor in part.parameters())


def step(unet: Any, rows: int, height: int, width: int) -> int:
    """The bytes beside its weights of one call of a walk, for latents (1, C, h, w) and `rows` embeddings."""
    latents = torch.empty(1, unet.config.in_channels, height, width, dtype=HALF, device=META)
    embeddings = torch.empty(rows, 77, unet.config.cross_attention_dim, dtype=HALF, device=META)
    walk = Walk(unet, Fused())

    def run() -> None:
        texts = walk.texts(embeddings, {})
        walk(latents, walk.times(500.0, HALF, None, None), texts)

    return peak(run, unet)


def decoding(vae: Any, height: int, width: int, *, tiled: bool) -> int:
    """The bytes beside its weights of decoding latents (1, C, h, w)."""
    latents = torch.empty(1, vae.config.latent_channels, height, width, dtype=HALF, device=META)
    for attention in vae.decoder.mid_block.attentions:
        attention.attend = Fused().attend
    decode = partial(Bands(Fused(), META).decode, vae) if tiled else vae.decode
    return peak(lambda: decode(latents), vae)


@dataclass(frozen=True)
class Footprint:
    """Bytes on the device at most in each part of drawing a picture, weights included."""

    reading: int
    sampling: int
    decoding: int

    @property
    def peak(self) -> int:
        """The most of them."""
        return max(self.reading, self.sampling, self.decoding)


READING = 32 * 2**20
"""What a text encoder needs beside its weights, generously."""


def usual(height: int, width: int) -> Footprint:
    """Of Stable Diffusion 1.5 in half precision, with all networks on the device."""
    unet, vae, text = (network(part) for part in ("unet", "vae", "text_encoder"))
    weights = weight_of(unet, vae, text)
    h, w = height // 8, width // 8
    sampling, decoded = step(unet, 2, h, w), decoding(vae, h, w, tiled=False)
    return Footprint(weights + READING, weights + sampling, weights + decoded)


def low_memory(height: int, width: int) -> Footprint:
    """Of the same with `--low_memory`."""
    unet, vae, text = (network(part) for part in ("unet", "vae", "text_encoder"))
    blocks = (*unet.down_blocks, unet.mid_block, *unet.up_blocks)
    layers = [
        module.weight
        for block in blocks
        for module in block.modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    ]
    small = weight_of(unet) - sum(layer.nbytes for layer in layers)
    kept = small + LAYERS * max(layer.nbytes for layer in layers)
    h, w = height // 8, width // 8
    return Footprint(
        kept + weight_of(text) + READING,
        kept + step(unet, 1, h, w),
        kept + weight_of(vae) + decoding(vae, h, w, tiled=True),
    )


def main() -> None:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.footprint", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[512, 768, 1024], help="sides in pixels")
    head = "| size | how | reading | sampling | decoding | at most |"
    rows = [head, "|" + " --- |" * 6]
    for size in parser.parse_args().sizes:
        for how, count in (("usual", usual), ("`--low_memory`", low_memory)):
            found = count(size, size)
            cells = (found.reading, found.sampling, found.decoding, found.peak)
            rows.append(
                f"| {size}x{size} | {how} | {' | '.join(f'{value / 1e9:.2f} GB' for value in cells)} |"
            )
    sys.stdout.write("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
