"""Networks made without weights of their own, which then take over those of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from invoke_cli.errors import ModelError
from invoke_cli.models.kept import Kept
from invoke_cli.models.libraries import quiet
from invoke_cli.networks.autoencoder import AutoencoderKL
from invoke_cli.networks.base import Network, empty
from invoke_cli.networks.clip import read_encoder
from invoke_cli.networks.unet import UNet2DConditionModel

ALIGNMENT = 64
"""Bytes at whose multiples torch puts tensors; products of others may be rounded in another way."""

INNER = "text_model."
"""Under which some versions of the library, and most files, have the tensors of a text encoder."""


def empty_network(config: Mapping[str, Any]) -> Any:
    """The network that a config.json describes, without memory for its weights.

    One of ours where it is plain; else the library's, which knows every kind and takes long to import.
    """
    with empty():
        name = config.get("_class_name", "")
        plain = KINDS[name].read(config) if name in KINDS else None if name else read_encoder(config)
    return library_network(config) if plain is None else plain


KINDS = {kind.__name__: kind for kind in (UNet2DConditionModel, AutoencoderKL)}


def library_network(config: Mapping[str, Any]) -> Any:
    """The same from diffusers or transformers, whatever its kind."""
    with quiet(), empty():
        import diffusers
        import transformers

        if "_class_name" in config:
            return getattr(diffusers, config["_class_name"]).from_config(dict(config))
        kind = getattr(transformers, config["architectures"][0])
        return kind(transformers.CLIPTextConfig(**config))


def in_the_library(network: Any) -> Any:
    """A network of ours as the library's class, which knows how files are written; weights are shared."""
    if not isinstance(network, Network):
        return network
    name = type(network).__name__
    said = {"_class_name": name} if name in KINDS else {"architectures": [name]}
    twin = library_network({**network.config, **said})
    return fill(twin, network.state_dict(), network.device, network.dtype)


def fill(network: Any, tensors: dict[str, Tensor], device: torch.device, dtype: torch.dtype) -> Any:
    """Give an empty network its weights; each goes to its device and dtype once, and is never copied else.

    tensors: each is taken out as its turn comes, so that what it was made of need not stay in memory.
    Raises ModelError when names or shapes are not those that the network has.
    """
    own = _inside(network, tensors)
    placed = {name: own.pop(name).to(device, dtype) for name in list(own)}
    try:
        network.load_state_dict(placed, strict=True, assign=True)
    except RuntimeError as error:
        detail = str(error).strip().splitlines()[-1].strip()
        raise ModelError(f"the weights do not fit a {type(network).__name__}: {detail}") from error
    for module in network.modules():
        _number_positions(module, device)
    return network.eval().requires_grad_(False)


SMALL = 2**28


def align(networks: Iterable[Any]) -> None:
    """Copy weights that lie askew in memory to where they lie straight, unless they are many.

    A file's weights are used where the file is mapped, at any address, and matrix products on a CPU round
    differently by address: the same weights from another file would draw a picture that differs in a few
    pixels by one level. Weights that were brought into another dtype lie straight anyway, as those of large
    models nearly always were; to copy them would need their size once more.
    """
    askew = [
        tensor
        for network in networks
        for tensor in network.parameters()
        if tensor.device.type == "cpu" and tensor.data_ptr() % ALIGNMENT
    ]
    if sum(tensor.nbytes for tensor in askew) <= SMALL:
        for tensor in askew:
            tensor.data = tensor.data.clone()


def lay_out(networks: Iterable[Any], device: torch.device) -> None:
    """Put the weights of convolutions as the device multiplies them: on CUDA channels last, once and for all.

    Its libraries multiply half precision so, and would turn weights that lie otherwise around at every call.
    """
    if device.type != "cuda":
        return
    for weight in (weight for network in networks for weight in network.parameters()):
        if weight.dim() == 4:
            weight.data = weight.data.contiguous(memory_format=torch.channels_last)


def fill_kept(
    network: Any,
    part: str,
    sources: Sequence[Path],
    tensors: Callable[[], dict[str, Tensor]],
    device: torch.device,
    dtype: torch.dtype,
    kept: Kept | None,
) -> Any:
    """The same, from weights kept in this dtype; where there are none, what is converted is kept first.

    On a CPU the packed weights of a model that was converted earlier are kept, too; see `shelf`. part: of
    the model. sources: the files that `tensors` reads. Raises ModelError as `fill` does.
    """
    if kept is None:
        return fill(network, tensors(), device, dtype)
    path = kept.path(sources, part, dtype)
    was_there = path.is_file()
    filled = _filled(network, path, tensors, device, dtype, kept)
    is_new = path.is_file() and not was_there
    if device.type == "cpu" and not is_new:  # many a model is tried once, and half as much is written then
        from invoke_cli.models.shelf import shelve

        shelve(filled, kept, path.stem)
    return filled


def _filled(
    network: Any,
    path: Path,
    tensors: Callable[[], dict[str, Tensor]],
    device: torch.device,
    dtype: torch.dtype,
    kept: Kept,
) -> Any:
    known = kept.tensors(path)
    if known is not None:
        with suppress(ModelError):  # kept with another version of the library
            return fill(network, known, device, dtype)
    found = tensors()
    if _fits(network, found) and any(_is_converted(tensor, dtype) for tensor in found.values()):
        # on the way through the disk, only one tensor at a time is in memory twice
        known = kept.tensors(path) if kept.keep(path, found, dtype) else None
        found = tensors() if known is None else known
    return fill(network, found, device, dtype)


def _is_converted(tensor: Tensor, dtype: torch.dtype) -> bool:
    return tensor.is_floating_point() and tensor.dtype != dtype


def _fits(network: Any, tensors: Mapping[str, Tensor]) -> bool:
    """Whether these are all the network's tensors, so that it makes sense to keep them."""
    wanted = {name: tensor.shape for name, tensor in network.state_dict().items()}
    return wanted == {name: tensor.shape for name, tensor in _inside(network, dict(tensors)).items()}


def _inside(network: Any, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors, which are taken out, under the names that this version of the library gives them."""
    nested = any(name.startswith(INNER) for name in network.state_dict())
    found = {}
    for name in list(tensors):
        bare, tensor = name.removeprefix(INNER), tensors.pop(name)
        if not bare.endswith("position_ids"):
            found[f"{INNER}{bare}" if nested and not bare.startswith("text_projection.") else bare] = tensor
    return found


def _number_positions(module: nn.Module, device: torch.device) -> None:
    """The one buffer that no file holds, because it follows from its length."""
    positions = module._buffers.get("position_ids")
    if positions is not None and positions.is_meta:
        numbered = torch.arange(positions.shape[-1], device=device).expand(positions.shape)
        module.register_buffer("position_ids", numbered, persistent=False)
