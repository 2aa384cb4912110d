"""A loaded model: its networks, and what the core has to know of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from invoke_cli.diffusion.alone import Alone
from invoke_cli.diffusion.autoencoding import decoded, dtype_of, encoded, fitted_to
from invoke_cli.diffusion.coding import Pixels, arriving, levels_of
from invoke_cli.diffusion.compiled import CompiledWalk, Compiler
from invoke_cli.diffusion.conditioning import Conditioning, condition, embed, mixed, pooled, size_facts
from invoke_cli.diffusion.engines import Eager, Engine, engine_for
from invoke_cli.diffusion.host import brought, nothing
from invoke_cli.diffusion.kept import Kept
from invoke_cli.diffusion.kernels import Kernels, Packed, Plain, packs
from invoke_cli.diffusion.numbers import DECODING, ENCODING, READING, check_numbers
from invoke_cli.diffusion.packed import given_up, is_large
from invoke_cli.diffusion.parts import knows
from invoke_cli.diffusion.preview import KNOWN, ColourMap
from invoke_cli.diffusion.residence import Carrier, place, visiting
from invoke_cli.diffusion.schedule import NoiseTable
from invoke_cli.diffusion.sliced import Sliced
from invoke_cli.diffusion.streamed import Streamed, ring_for
from invoke_cli.diffusion.thrift import PLENTY, Thrift
from invoke_cli.diffusion.walk import Steer, Walk
from invoke_cli.wording import Edited, Fragments, Mixture, Words

Hole = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class Bundle:
    """The networks of one model, ready to run, all on `device` and in `dtype`.

    unet, vae: a UNet2DConditionModel and an AutoencoderKL, those of `networks` or, where a model is of an
    unusual kind, those of diffusers. text_encoder, tokenizer: a CLIPTextModel and a CLIPTokenizer, likewise
    or those of transformers. SDXL has a second pair; the last of its encoders is a
    CLIPTextModelWithProjection.
    blank_negative: no negative prompt is all zeros, not the embeddings of no text (SDXL base).
    table: the noise levels of training. prediction: what the UNet predicts ("epsilon",
    "v_prediction" or "sample"). native: the side of the pictures it was trained on, in pixels.
    name, hash: what files say of the model. colours: what previews show of latents; None where nobody
    has fitted a map for the model.
    compiles: whether walks through the UNet are compiled, which rounds differently.
    thrift: how memory is spared. carrier: what moves weights to the device and away, where that spares any.
    shared_engine: what runs the networks of several models; None is one of its own.
    A copy made with `dataclasses.replace` remembers nothing of the networks it was copied from.
    """

    unet: Any
    vae: Any
    text_encoder: Any
    tokenizer: Any
    text_encoder_2: Any = None
    tokenizer_2: Any = None
    blank_negative: bool = False
    table: NoiseTable
    prediction: str = "epsilon"
    native: int = 512
    name: str
    hash: str = ""
    colours: ColourMap | None = None
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    dtype: torch.dtype = torch.float32
    compiles: bool = False
    thrift: Thrift = PLENTY
    carrier: Carrier | None = None
    shared_engine: Engine | None = None
    kept: Kept = field(init=False, repr=False, default_factory=Kept)

    def latent_shape(self, height: int, width: int) -> tuple[int, int, int, int]:
        """The shape (1, C, h, w) of the latents of a picture, whose sides are in pixels."""
        pixels = 2 ** (len(self.vae.config.block_out_channels) - 1)
        return (1, self.vae.config.latent_channels, height // pixels, width // pixels)

    @property
    def readers(self) -> tuple[tuple[Any, Any], ...]:
        """The tokenizers with their text encoders, in the order of their embeddings."""
        first = (self.tokenizer, self.text_encoder)
        return (first,) if self.text_encoder_2 is None else (first, (self.tokenizer_2, self.text_encoder_2))

    @property
    def inpaints(self) -> bool:
        """Whether the UNet wants to see the mask and what surrounds it beside the latents."""
        return bool(self.unet.config.in_channels == 2 * self.vae.config.latent_channels + 1)

    @property
    def has_vae(self) -> bool:
        """Whether there is an autoencoder; of a model that came without one, `vae` has no weights.

        Another has to take its place before anything is drawn.
        """
        parameters = getattr(self.vae, "parameters", None)
        first = None if parameters is None else next(iter(parameters()), None)
        return first is None or not first.is_meta or given_up(first)

    @property
    def scale_within(self) -> bool:
        """Whether the UNet was distilled with its guidance and is told the scale (latent consistency)."""
        return getattr(self.unet.config, "time_cond_proj_dim", None) is not None

    def condition(
        self, positive: Words, negative: Words, size: tuple[int, int] | None = None, chunks: int = 1
    ) -> Conditioning:
        """The embeddings of a prompt's two sides; those of recent prompts are remembered.

        Of a text with swaps, none is made. size: (H, W) of the picture in pixels, which some networks
        are told; the native one by default. chunks: how many of 77 tokens there should be at least.
        Raises NumbersError where a text encoder in half precision gives none.
        """
        key = (positive, negative, size if self._told_sizes else None, chunks)
        return self.kept.conditions.get(key, lambda: self._condition(positive, negative, size, chunks))

    def _condition(
        self, positive: Words, negative: Words, size: tuple[int, int] | None, chunks: int
    ) -> Conditioning:
        sides = condition(self._embed(positive), self._embed(negative), self._embed(()), chunks)
        if self.blank_negative and not negative:
            sides = replace(sides, negative=torch.zeros_like(sides.positive))
        if not self._told_sizes:
            return sides
        square = (self.native, self.native)
        return replace(sides, added=self._added(positive, negative, square if size is None else size))

    @property
    def _told_sizes(self) -> bool:
        return getattr(self.unet.config, "addition_embed_type", None) == "text_time"

    @staticmethod
    def _check(result: Tensor, part: str, dtype: torch.dtype) -> None:
        """Raise NumbersError where half precision has lost it; in float32 the end result tells."""
        if dtype != torch.float32:
            check_numbers(result, part)

    def _embed(self, words: Words) -> Tensor:
        """(chunks, 77, D) float32."""
        if isinstance(words, Mixture):
            return torch.cat(
                [
                    mixed([(self._embed(text), share) for text, share in mix], self._embed(()))
                    for mix in words.rows
                ]
            )
        text = words.text() if isinstance(words, Edited) else words
        return self.kept.embeddings.get(text, lambda: self._embed_anew(text))

    def _embed_anew(self, fragments: Fragments) -> Tensor:
        embedded = []
        for tokenizer, encoder in self.readers:
            with visiting(self.carrier, encoder):
                embedded.append(
                    embed(tokenizer, encoder, fragments, self.device, penultimate=self._told_sizes)
                )
        joined = torch.cat(embedded, dim=-1)
        self._check(joined, READING, self.dtype)
        return joined

    def _added(self, positive: Words, negative: Words, size: tuple[int, int]) -> dict[str, Tensor]:
        """What SDXL takes besides embeddings: pooled texts (2, P) and sizes (2, 5 or 6)."""
        texts = [self._pool(negative), self._pool(positive)]
        if self.blank_negative and not negative:
            texts[0] = torch.zeros_like(texts[0])
        config = self.unet.config
        room = config.projection_class_embeddings_input_dim - texts[0].shape[-1]
        facts = size_facts(size, room // config.addition_time_embed_dim)
        times = torch.tensor(facts, dtype=torch.float32, device=self.device)
        return {"text_embeds": torch.cat(texts), "time_ids": times}

    def _pool(self, words: Words) -> Tensor:
        """(1, P) float32; prompts beside one another have their mean."""
        if isinstance(words, Mixture):
            texts = [(self._pool(text), share) for mix in words.rows for text, share in mix]
            return torch.stack([text * share for text, share in texts]).sum(0) / len(words.rows)
        text = words.text() if isinstance(words, Edited) else words
        return self.kept.pooled.get(text, lambda: self._pool_anew(text))

    def _pool_anew(self, text: Fragments) -> Tensor:
        with visiting(self.carrier, self.readers[-1][1]):
            found = pooled(*self.readers[-1], text, self.device)
        self._check(found, READING, self.dtype)
        return found

    def walk(self, axes: Collection[str], pictures: int) -> Walk | None:
        """The UNet to be walked through, or None for one that can only be called.

        axes: along which the picture tiles. pictures: how many of them each walk is for; see `alone`.
        """
        if not knows(self.unet):
            return None
        return self.kept.walks.get((tuple(sorted(axes)), pictures), lambda: self._walk(axes, pictures))

    @property
    def engine(self) -> Engine:
        """What runs the networks."""
        # a graph has its own memory, and weights that come and go cannot be captured
        if self.thrift.sliced or self.thrift.away:
            return self.kept.engines.get("engine", Eager)
        if self.shared_engine is not None:
            return self.shared_engine
        return self.kept.engines.get("engine", lambda: engine_for(self.device))

    @property
    def _compiler(self) -> Compiler:
        return self.kept.compilers.get("compiler", lambda: Compiler(self.device))

    def remarks(self) -> tuple[str, ...]:
        """What has to be said of how the networks ran since the last time."""
        return (*self.engine.remarks(), *(self._compiler.remarks() if self.compiles else ()))

    def _walk(self, axes: Collection[str], pictures: int) -> Walk:
        if self.compiles:  # a compiler has kernels of its own
            return CompiledWalk(self.unet, Plain(), self._compiler, axes)
        kernels = self._walking()
        if pictures > 1 and self.device.type == "cpu":
            kernels = Alone(kernels, pictures)
        return Walk(self.unet, kernels, axes)

    def steered_walk(self, axes: Collection[str], steer: Steer) -> Walk | None:
        """As `walk` for one picture, with `steer` in its attention; it is not kept."""
        return Walk(self.unet, self._walking(), axes, steer) if knows(self.unet) else None

    def _walking(self) -> Kernels:
        """What walks compute with, as sparing as the model is to be."""
        kernels = self.kernels_for(self.unet, self.dtype)
        if self.thrift.sliced:
            kernels = Sliced(kernels)
        if self.thrift.away and self.carrier is not None:
            carrier, unet = self.carrier, self.unet
            kernels = Streamed(kernels, self.kept.rings.get("ring", lambda: ring_for(carrier, unet)))
        return kernels

    def sparing(self, thrift: Thrift) -> Bundle:
        """The model drawing with this thrift; the same one each time, with a memory of its own."""
        if thrift == self.thrift:
            return self
        if thrift.away:
            self.engine.forget()
            self.kept.release()
        compiles = self.compiles and not thrift.away  # what is compiled has its weights at hand
        return self.kept.sparing.get(thrift, lambda: replace(self, thrift=thrift, compiles=compiles))

    def placed(self) -> Bundle:
        """The same model, with its weights where they work, or wait until they do."""
        if self.carrier is not None:
            networks = [self.vae, *(encoder for _, encoder in self.readers)]
            place(self.carrier, self.unet, networks, away=self.thrift.away)
        return self

    @cached_property
    def is_large(self) -> bool:
        """Whether memory is worth a moment of time."""
        return is_large(self.unet)

    def kernels_for(self, network: Any, dtype: torch.dtype) -> Kernels:
        """What runs a network on this device."""
        return Packed(spare=is_large(network)) if packs(self.device, dtype) else Plain()

    def encode(self, rgb: Pixels, seamless: Collection[str] = (), hole: Hole | None = None) -> Tensor:
        """The latents of a picture: the posterior's mean, so that no seed is spent on it.

        rgb: uint8 (H, W, 3), H and W multiples of 8. seamless: the axes along which it tiles.
        hole: bool (H, W), where the picture is the middle grey, 0 in -1..1, that no uint8 can say.
        Returns (1, C, h, w) float32 of about unit variance; those of recent pictures are remembered.
        Raises NumbersError where the autoencoder gives none.
        """
        content = hashlib.sha256(rgb.tobytes() + (b"" if hole is None else hole.tobytes())).digest()
        key = (content, rgb.shape, hole is None, tuple(sorted(seamless)))
        return self.kept.latents.get(key, lambda: self._encode(rgb, seamless, hole))

    def _encode(self, rgb: Pixels, seamless: Collection[str], hole: Hole | None) -> Tensor:
        found = encoded(self, rgb, seamless, hole)
        self._check(found, ENCODING, dtype_of(self))
        return found

    def decode(
        self, latents: Tensor, seamless: Collection[str] = (), meanwhile: Callable[[], None] = nothing
    ) -> Pixels:
        """The picture of latents, (1, C, h, w) float32, as uint8 (H, W, 3).

        meanwhile: what the host does while a GPU computes.
        Raises NumbersError when what comes out is not made of numbers, rather than show a black picture.
        """
        picture = arriving(decoded(self, latents, seamless), DECODING)
        meanwhile()
        return picture()

    def preview(self, latents: Tensor) -> Pixels:
        """What latents, (1, C, h, w), about look like: uint8 (h, w, 3), without running a network."""
        return self.preview_of(latents)()

    def preview_of(self, latents: Tensor) -> Callable[[], Pixels]:
        """The same, on its way from the device; a call waits for it."""
        colours, come = self.colour_map(), brought(latents)
        return lambda: levels_of(colours.colours(*come()))

    def colour_map(self) -> ColourMap:
        """The map behind `preview`: the model's own, or that of its VAE's kind, or else one fitted now."""
        if self.colours is not None:
            return self.colours
        kind = (int(self.vae.config.latent_channels), float(self.vae.config.scaling_factor))
        return self.kept.colours.get("map", lambda: KNOWN[kind] if kind in KNOWN else fitted_to(self))
