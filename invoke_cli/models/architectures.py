"""The kinds of Stable Diffusion checkpoint in one file, and how to tell them apart without torch.

A checkpoint says what it is by the names and shapes of its tensors, and by nothing else: a file's name
proves nothing. What tensors cannot say (heads of attention, scales) is in configs/architectures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invoke_cli.errors import ModelError
from invoke_cli.models.files import read_json

Shapes = Mapping[str, tuple[int, ...]]
"""The names of a checkpoint's tensors, with their shapes."""

UNET = "model.diffusion_model."
VAE = "first_stage_model."
FIRST = UNET + "input_blocks.0.0.weight"
ADDED = UNET + "label_emb.0.0.weight"
GUIDED = UNET + "time_embed.cond_proj.weight"
CLIP, OPEN_CLIP = "embeddings.token_embedding.weight", "token_embedding.weight"


@dataclass(frozen=True)
class TextPart:
    """A text encoder inside a checkpoint.

    part: its directory in the diffusers layout. prefix: of its tensors' names. pad: what its tokenizer
    fills up with; None is the end mark. The layout is OpenCLIP's where the prefix ends in "model.".
    """

    part: str
    prefix: str
    pad: str | None = None

    @property
    def is_open_clip(self) -> bool:
        """Whether tensors are named as in OpenCLIP, not as in transformers."""
        return self.prefix.endswith(".model.")

    def is_in(self, shapes: Shapes) -> bool:
        """Whether the checkpoint holds this encoder."""
        names = (OPEN_CLIP,) if self.is_open_clip else (CLIP, "text_model." + CLIP)
        return any(self.prefix + name in shapes for name in names)


@dataclass(frozen=True)
class Architecture:
    """A kind of checkpoint. blank_negative: see Bundle. sizes: whether its UNet is told sizes, as SDXL is."""

    name: str
    texts: tuple[TextPart, ...]
    sizes: bool = False
    blank_negative: bool = False

    @property
    def directory(self) -> Path:
        """Where the configurations of its parts are."""
        return configs_directory() / "architectures" / self.name

    def config(self, part: str, shapes: Shapes) -> dict[str, Any]:
        """The configuration of one part, with what varies within the architecture read off the tensors."""
        config = read_json(self.directory / part / "config.json")
        if part == "unet":
            config["in_channels"] = shapes[FIRST][1]
            if GUIDED in shapes:
                config["time_cond_proj_dim"] = shapes[GUIDED][1]
        return config


# The signatures. The most demanding one first, for the first that fits is taken.
ARCHITECTURES = (
    Architecture(
        "sdxl",
        (
            TextPart("text_encoder", "conditioner.embedders.0.transformer."),
            TextPart("text_encoder_2", "conditioner.embedders.1.model.", pad="!"),
        ),
        sizes=True,
        blank_negative=True,
    ),
    Architecture(
        "sdxl-refiner", (TextPart("text_encoder_2", "conditioner.embedders.0.model.", pad="!"),), sizes=True
    ),
    Architecture("sd-2", (TextPart("text_encoder", "cond_stage_model.model.", pad="!"),)),
    Architecture("sd-1", (TextPart("text_encoder", "cond_stage_model.transformer."),)),
)


def configs_directory() -> Path:
    """The configs/ folder: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent.parent
    return package / "configs" if (package / "configs").is_dir() else package.parent / "configs"


def recognise(shapes: Shapes, path: Path, kind: str | None = None) -> Architecture:
    """The architecture of a checkpoint. kind: its name, where the user says so.

    Raises ModelError for what is no complete checkpoint of a known kind; `path` is for the message.
    """
    if FIRST not in shapes:
        raise _no_model(shapes, path)
    for candidate in ARCHITECTURES:
        if candidate.name == kind or (kind is None and _fits(candidate, shapes)):
            _check_width(candidate, shapes, path)
            return candidate
    known = ", ".join(candidate.name for candidate in ARCHITECTURES)
    if kind is not None:
        raise ModelError(f"there is no kind of model called {kind!r}", f"there are: {known}")
    if not any(text.is_in(shapes) for candidate in ARCHITECTURES for text in candidate.texts):
        raise ModelError(f"{path} is not a whole Stable Diffusion checkpoint: it holds no text encoder")
    raise ModelError(f"{path} is of a kind that is not known here", f"known: {known}")


def _no_model(shapes: Shapes, path: Path) -> ModelError:
    """The error of a file without a UNet, with what it seems to be."""
    if any("lora" in name.lower() for name in shapes):
        return ModelError(
            f"{path} is a LoRA, not a model", "put it into the LoRA folder, and write withLora(name)"
        )
    if any(name.startswith((VAE, "encoder.", "decoder.")) for name in shapes):
        return ModelError(f"{path} is a VAE, not a model", "put it into the VAE folder, and write --vae name")
    return ModelError(
        f"{path} is not a Stable Diffusion checkpoint: it holds no UNet",
        "it may be an embedding or a part of a model",
    )


def configs_like(unet: Mapping[str, Any]) -> Path:
    """Where the configurations are of the kind that a UNet in the diffusers layout is like.

    unet: its configuration. By the width of the text that it reads; else those of the simplest kind.
    """
    for found in ARCHITECTURES:
        known = read_json(found.directory / "unet" / "config.json")
        if known["cross_attention_dim"] == unet.get("cross_attention_dim"):
            return found.directory
    return ARCHITECTURES[-1].directory


def _fits(candidate: Architecture, shapes: Shapes) -> bool:
    texts = all(text.is_in(shapes) for text in candidate.texts)
    return texts and (ADDED in shapes) == candidate.sizes


def _check_width(found: Architecture, shapes: Shapes, path: Path) -> None:
    """The text's width is what the UNet's attention to it shows, and differs between architectures."""
    width = next((shape[1] for name, shape in shapes.items() if name.endswith("attn2.to_k.weight")), 0)
    expected = read_json(found.directory / "unet" / "config.json")["cross_attention_dim"]
    if width != expected:
        raise ModelError(
            f"{path} is like {found.name}, but reads text of width {width} instead of {expected}"
        )
