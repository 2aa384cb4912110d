"""What the files of a diffusers directory say about a model, read without torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invoke_cli.diffusion.schedule import NoiseTable
from invoke_cli.errors import ModelError

PREVIEW = "preview.json"  # the map of preview colours, where a model has one of its own
PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
SAMPLED_BLOCKS = 64
BLOCK_BYTES = 65536
FULL_SIZE_CHANNELS = 256


@dataclass(frozen=True)
class Facts:
    """What planning a picture needs to know of a model before it is loaded.

    native: the size in pixels that the model was trained for. table: the noise levels of its training.
    prediction: "epsilon", "v_prediction" or "sample". full_size: whether it is large enough for half
    precision to save time on a CPU, as every Stable Diffusion is and the demo is not. unsure: whether
    native is only likely, until the model has been loaded. has_vae: whether it holds an autoencoder.
    """

    native: int
    table: NoiseTable
    prediction: str
    full_size: bool = False
    unsure: bool = False
    has_vae: bool = True


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises ModelError when it is missing or broken."""
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"the model is incomplete: {path} is missing") from error
    except (OSError, ValueError) as error:
        raise ModelError(f"the model's file {path} cannot be read: {error}") from error
    if not isinstance(loaded, dict):
        raise ModelError(f"the model's file {path} does not hold a configuration")
    return loaded


def read_facts(
    directory: Path,
    native: int | None = None,
    *,
    prediction: str | None = None,
    spacing: str | None = None,
    zero_snr: bool | None = None,
) -> Facts:
    """The facts of the diffusers directory; what a model's entry says overrides its configuration."""
    unet = read_json(directory / "unet" / "config.json")
    vae = read_json(vae_config(directory))
    scheduler = read_json(directory / "scheduler" / "scheduler_config.json")
    # a network distilled to a few steps (latent consistency) is told the guidance scale
    if spacing is None and unet.get("time_cond_proj_dim") is not None:
        spacing = "trailing"
    if spacing is not None:
        scheduler = {**scheduler, "timestep_spacing": spacing, "_class_name": None}
    if zero_snr is not None:
        scheduler = {**scheduler, "rescale_betas_zero_snr": zero_snr}
    factor = 2 ** (len(vae.get("block_out_channels", (0, 0, 0, 0))) - 1)
    sample = unet.get("sample_size") or 64
    side = sample if isinstance(sample, int) else max(sample)
    return Facts(
        native=native if native is not None else side * factor,
        table=NoiseTable.from_config(scheduler),
        prediction=prediction if prediction is not None else str(scheduler.get("prediction_type", "epsilon")),
        full_size=min(unet.get("block_out_channels", (0,))) >= FULL_SIZE_CHANNELS,
        has_vae=(directory / "vae").is_dir(),
    )


def vae_config(directory: Path) -> Path:
    """The configuration of the autoencoder; of a model without one, that of its kind's."""
    from invoke_cli.models.architectures import configs_like

    if (directory / "vae").is_dir():
        return directory / "vae" / "config.json"
    return configs_like(read_json(directory / "unet" / "config.json")) / "vae" / "config.json"


def assumed_facts(
    native: int | None = None,
    *,
    prediction: str | None = None,
    spacing: str | None = None,
    zero_snr: bool | None = None,
) -> Facts:
    """What holds for nearly every Stable Diffusion 1.x and 2.x model, for planning before it is fetched."""
    scheduler = {"timestep_spacing": spacing, "rescale_betas_zero_snr": zero_snr is True}
    return Facts(
        native=native if native is not None else 512,
        table=NoiseTable.from_config(scheduler),
        prediction=prediction if prediction is not None else "epsilon",
        full_size=True,
        unsure=native is None,
    )


def check_tokenizer(directory: Path) -> None:
    """Refuse a tokenizer directory without a vocabulary.

    transformers loads such a directory as a two-word tokenizer and says nothing, and every prompt
    would then mean the same.
    """
    fast = (directory / "tokenizer.json").is_file()
    slow = all((directory / name).is_file() for name in ("vocab.json", "merges.txt"))
    if not fast and not slow:
        raise ModelError(
            f"the model's tokenizer in {directory} has no vocabulary", "it is incomplete: fetch it again"
        )


def text_parts(directory: Path) -> dict[str, str]:
    """The text encoders of a diffusers directory with their tokenizers; SDXL's refiner has only a second."""
    pairs = {"text_encoder": "tokenizer", "text_encoder_2": "tokenizer_2"}
    return {encoder: pairs[encoder] for encoder in pairs if (directory / encoder).is_dir()}


def has_weights(directory: Path) -> bool:
    """Whether a network's directory holds its weights, all files of them where there are several."""
    indexes = [*directory.glob("*.safetensors.index.json")]
    if not indexes:
        return any(directory.glob("*.safetensors"))
    shards = {str(name) for index in indexes for name in read_json(index).get("weight_map", {}).values()}
    return all((directory / name).is_file() for name in shards)


def _holds_models(directory: Path) -> bool:
    return any(path.suffix in (".safetensors", ".ckpt") for path in directory.iterdir())


def check_parts(directory: Path) -> None:
    """Refuse a directory that lacks one of the parts of a Stable Diffusion model."""
    texts = text_parts(directory)
    # an autoencoder can be named apart
    wanted = [part for part in PARTS if part not in ("vae", "text_encoder", "tokenizer")]
    wanted += [*texts, *texts.values()] if texts else ["text_encoder", "tokenizer"]
    missing = [part for part in wanted if not (directory / part).is_dir()]
    if missing:
        raise ModelError(
            f"{directory} is not a Stable Diffusion model in the diffusers layout: no {', '.join(missing)}",
            f'!import_model "{directory}" imports the models in it'
            if _holds_models(directory)
            else "it should hold " + ", ".join(PARTS),
        )
    for tokenizer in texts.values():
        check_tokenizer(directory / tokenizer)


def fingerprint(directory: Path) -> str:
    """A hash that tells models apart: SHA-256 over configurations and samples of every weight file.

    The map of preview colours is left out, for it changes no picture.
    Evenly spaced blocks stand for a whole weight file, so that this takes milliseconds for gigabytes.
    """
    digest = hashlib.sha256()
    for path in sorted(directory.rglob("*")):
        weighs = path.suffix in {".json", ".safetensors", ".bin", ".txt"} and path.name != PREVIEW
        if weighs and path.is_file():
            digest.update(f"{path.relative_to(directory).as_posix()} {path.stat().st_size}\n".encode())
            for block in _sampled(path):
                digest.update(block)
    return digest.hexdigest()


def file_fingerprint(path: Path) -> str:
    """The same of a checkpoint in one file, whatever it is called."""
    digest = hashlib.sha256(str(path.stat().st_size).encode())
    for block in _sampled(path):
        digest.update(block)
    return digest.hexdigest()


def _sampled(path: Path) -> Iterator[bytes]:
    size = path.stat().st_size
    stride = max(BLOCK_BYTES, size // SAMPLED_BLOCKS)
    with path.open("rb") as stream:
        for start in range(0, size, stride):
            stream.seek(start)
            yield stream.read(BLOCK_BYTES)
