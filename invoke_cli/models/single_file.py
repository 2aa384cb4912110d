"""Checkpoints in one file, in the layout of the original Stable Diffusion code: .safetensors and .ckpt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke_cli.errors import ModelError
from invoke_cli.models.architectures import (
    GUIDED,
    VAE,
    Architecture,
    Shapes,
    TextPart,
    recognise,
)
from invoke_cli.models.entries import ModelEntry
from invoke_cli.models.files import Facts, file_fingerprint, read_facts
from invoke_cli.paths import expanded

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from invoke_cli.diffusion.bundle import Bundle
    from invoke_cli.models.hub import Report
    from invoke_cli.models.kept import Kept

SUFFIXES = (".safetensors", ".ckpt", ".pt", ".bin")
WORDS_FOR_VELOCITY = {"v", "v_prediction", "v-prediction"}


class SingleFileSource:
    """A path of a checkpoint file. Needs no network, but for CLIP's vocabulary; see `vocabulary.find`."""

    def claims(self, source: str) -> bool:
        """See Source."""
        path = expanded(source)
        return path.is_file() or (path.suffix in SUFFIXES and not path.is_dir())

    def facts(self, entry: ModelEntry) -> Facts:
        """See Source. Of a .ckpt the list of tensors can be read by torch alone."""
        path = _path(entry)
        shapes, metadata = described(path)
        return facts_of(recognise(shapes, path, entry.kind), entry, shapes, metadata)

    def fetch(self, entry: ModelEntry, report: Report) -> None:
        """See Source. The first checkpoint brings CLIP's vocabulary."""
        from invoke_cli.models.vocabulary import find

        path = _path(entry)
        shapes, _ = described(path)
        find(_words(recognise(shapes, path, entry.kind), shapes), entry.tokenizer, report)

    def load(
        self, entry: ModelEntry, device: torch.device, dtype: torch.dtype, kept: Kept | None = None
    ) -> Bundle:
        """See Source."""
        return load(_path(entry), entry, device, dtype, kept)


def _path(entry: ModelEntry) -> Path:
    path = expanded(entry.source)
    if not path.is_file():
        raise ModelError(f"the model {entry.name!r} should be in {path}, and there is no such file")
    return path


def described(path: Path) -> tuple[dict[str, tuple[int, ...]], dict[str, str]]:
    """The shapes of a file's tensors by name, and its metadata. Raises ModelError for a broken file."""
    from invoke_cli.models.headers import header, is_safetensors
    from invoke_cli.models.pickles import check_weights, load_tensors

    check_weights(path)
    if not is_safetensors(path):
        return {name: tuple(tensor.shape) for name, tensor in load_tensors(path).items()}, {}
    try:
        found = header(path)
        metadata = found.pop("__metadata__", {})
        return {name: tuple(tensor["shape"]) for name, tensor in found.items()}, metadata
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} is damaged: its list of tensors cannot be read") from error


def facts_of(found: Architecture, entry: ModelEntry, shapes: Shapes, metadata: Mapping[str, str]) -> Facts:
    """What the tensors and the entry say; of Stable Diffusion 2, whether it predicts v is seen on loading.

    A file says that it predicts v by its metadata (as the model specification of Stability AI has it) or
    by an empty tensor of that name, and by one called "ztsnr" that it is trained down to zero signal.
    """
    zero_snr = True if entry.zero_snr is None and "ztsnr" in shapes else entry.zero_snr
    # told the guidance scale, as `read_facts` knows it of a directory
    spacing = "trailing" if entry.spacing is None and GUIDED in shapes else entry.spacing
    velocity = "v_pred" in shapes or metadata.get("modelspec.prediction_type") in WORDS_FOR_VELOCITY
    said = "v_prediction" if velocity and entry.prediction is None else entry.prediction
    facts = read_facts(
        found.directory, entry.native_size, prediction=said, spacing=spacing, zero_snr=zero_snr
    )
    return replace(
        facts,
        unsure=_is_undecided(found, entry, facts),
        has_vae=any(name.startswith(VAE) for name in shapes),
    )


def load(
    path: Path, entry: ModelEntry, device: torch.device, dtype: torch.dtype, kept: Kept | None = None
) -> Bundle:
    """The Bundle of a checkpoint. Raises ModelError for what is unfit."""
    from invoke_cli.models.bundles import assemble, load_tokenizer
    from invoke_cli.models.vocabulary import find

    shapes, metadata = described(path)
    found = recognise(shapes, path, entry.kind)
    facts = facts_of(found, entry, shapes, metadata)
    vocabulary = find(_words(found, shapes), entry.tokenizer)
    networks = load_networks(path, found, device, dtype, kept)
    tokenizers = {
        text.part.replace("text_encoder", "tokenizer"): load_tokenizer(vocabulary, text.pad)
        for text in found.texts
    }
    return assemble(
        networks,
        tokenizers,
        entry,
        facts,
        **_told_by(networks["unet"], found, entry, facts),
        blank_negative=found.blank_negative,
        hash=file_fingerprint(path),
        device=device,
        dtype=dtype,
    )


def _words(found: Architecture, shapes: Shapes) -> int:
    return int(found.config(found.texts[0].part, shapes)["vocab_size"])


def load_networks(
    path: Path, found: Architecture, device: torch.device, dtype: torch.dtype, kept: Kept | None = None
) -> dict[str, Any]:
    """The networks of a checkpoint by their names in the diffusers layout. Raises ModelError."""
    from invoke_cli.models.bundles import vae_dtype
    from invoke_cli.models.headers import is_safetensors
    from invoke_cli.models.ldm_names import under, unet_tensors, vae_tensors
    from invoke_cli.models.networks import empty_network, fill_kept
    from invoke_cli.models.pickles import load_tensors

    # each part maps the file for itself, so that what it has converted leaves memory; a pickle may be read
    tensors = partial(load_tensors, path) if is_safetensors(path) else cache(lambda: load_tensors(path))
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors().items()}
    parts = ("unet", "vae", *(text.part for text in found.texts))
    configs = {part: found.config(part, shapes) for part in parts}
    networks = {part: empty_network(config) for part, config in configs.items()}
    named: dict[str, Callable[[], dict[str, Tensor]]] = {
        "unet": lambda: unet_tensors(tensors(), networks["unet"]),
        "vae": lambda: vae_tensors(under(tensors(), VAE), configs["vae"]),
        **{text.part: partial(_text, tensors, text, configs[text.part]) for text in found.texts},
    }
    # without a VAE of its own that stays empty, for the user has another in mind; see Bundle.has_vae
    missing = set() if any(name.startswith(VAE) for name in shapes) else {"vae"}
    for part, network in networks.items():
        if part in missing:
            continue
        suited = vae_dtype(configs["vae"], dtype) if part == "vae" else dtype
        fill_kept(network, part, [path], named[part], device, suited, kept)
    return networks


def _text(
    tensors: Callable[[], Mapping[str, Tensor]], text: TextPart, config: Mapping[str, Any]
) -> dict[str, Tensor]:
    from invoke_cli.models.ldm_names import clip_tensors, open_clip_tensors, under

    own = under(tensors(), text.prefix)
    if not text.is_open_clip:
        return clip_tensors(own)
    projects = config["architectures"] == ["CLIPTextModelWithProjection"]
    return open_clip_tensors(own, config["num_hidden_layers"], projects=projects)


def _told_by(unet: Any, found: Architecture, entry: ModelEntry, facts: Facts) -> dict[str, Any]:
    """What only the loaded network of Stable Diffusion 2 says: its prediction, and so its native size."""
    if not _is_undecided(found, entry, facts):
        return {}
    prediction = "v_prediction" if predicts_velocity(unet) else "epsilon"
    # the versions that predict the noise are those of 512 pixels
    share = 1.0 if prediction == "v_prediction" else 512 / 768
    native = facts.native if entry.native_size is not None else round(facts.native * share)
    return {"prediction": prediction, "native": native}


def _is_undecided(found: Architecture, entry: ModelEntry, facts: Facts) -> bool:
    return found.name == "sd-2" and entry.prediction is None and facts.prediction == "epsilon"


def predicts_velocity(unet: Any) -> bool:
    """Whether a UNet of Stable Diffusion 2 predicts v, asked of itself: no tensor differs.

    From nearly pure noise, the noise predicted is nearly the input, and v is far below it. (The heuristic
    of the web UI of AUTOMATIC1111.) Inpainting networks of this kind all predict the noise.
    """
    import torch

    if unet.config.in_channels != 4:
        return False
    like = {"device": unet.device, "dtype": unet.dtype}
    flat = torch.full((1, 4, 8, 8), 0.5, **like)
    words = torch.full((1, 2, unet.config.cross_attention_dim), 0.5, **like)
    with torch.inference_mode():
        answer = unet(flat, torch.tensor([999], device=unet.device), words).sample
    return float((answer - flat).float().mean()) < -1
