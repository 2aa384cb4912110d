"""Presets: everything a training run decides in advance, as frozen values.

A preset says which pictures are drawn, how large the networks are and how long
each stage may take; no other module holds such a number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Bucket:
    """Pictures of one size: how many to draw, how many share a batch, how often one is chosen.

    width and height are in pixels; batch counts pictures per rank and step; share is
    the fraction of UNet steps that train on this bucket.
    """

    width: int
    height: int
    pictures: int
    batch: int
    share: float

    @property
    def name(self) -> str:
        """The folder the bucket's shards live in, such as ``192x128``."""
        return f"{self.width}x{self.height}"


@dataclass(frozen=True)
class AutoencoderPlan:
    """The autoencoder: widths per level, and its training.

    minutes is wall time; crops are square, in pixels; crop_batch counts crops per rank and step.
    The last `full_share` of the time trains on whole pictures, `decoder_minutes` on the decoder alone.
    """

    channels: tuple[int, ...] = (32, 64, 96, 128)
    norm_groups: int = 2
    minutes: float = 12.0
    decoder_minutes: float = 6.0
    crop: int = 64
    crop_batch: int = 16
    full_share: float = 0.2
    teacher_steps: int = 200
    blend_steps: int = 100
    latent_noise: float = 0.08
    muon_rate: float = 2e-3
    adam_rate: float = 1.2e-3


@dataclass(frozen=True)
class UNetPlan:
    """The denoiser and its text encoder: widths, and their joint training.

    With a `words_share` below 1, what a caption changes about the predicted noise is learned at that
    share of its size, so that guidance at a scale of 7.5 acts as `words_share` x 7.5 would else.
    """

    channels: tuple[int, ...] = (96, 144, 192)
    heads: int = 4
    norm_groups: int = 16
    text_width: int = 160
    text_layers: int = 3
    text_heads: int = 5
    minutes: float = 66.0
    muon_rate: float = 2e-3
    adam_rate: float = 1.2e-3
    warmup_steps: int = 100
    decay_from: float = 0.6
    caption_dropout: float = 0.12
    word_noise: float = 0.1
    snr_limit: float = 5.0
    ema_decay: float = 0.998
    clip: float = 1.0
    words_share: float = 1.0


@dataclass(frozen=True)
class Preset:
    """One way to run the whole recipe.

    With `enough`, training begins as soon as so many pictures are drawn, and drawing goes on beside it.
    `first_seed` (below 10 million) moves the seeds of the pictures to train on, but not of those held out.
    """

    name: str
    native: int
    buckets: tuple[Bucket, ...]
    held_out: int
    captions: int
    vocabulary: int
    autoencoder: AutoencoderPlan
    unet: UNetPlan
    enough: int | None = None
    device: str = "cpu"
    ranks: int = 2
    renderers: int = 2
    shard: int = 512
    first_seed: int = 0
    checkpoint_minutes: float = 3.0
    sheet_minutes: float = 10.0


CPU_128 = Preset(
    name="cpu-128",
    native=128,
    buckets=(
        Bucket(128, 128, 30_720, 24, 0.52),
        Bucket(192, 128, 3_072, 16, 0.09),
        Bucket(128, 192, 3_072, 16, 0.09),
        Bucket(192, 192, 2_560, 12, 0.12),
        Bucket(160, 160, 1_536, 16, 0.04),
        Bucket(256, 256, 1_024, 6, 0.14),
    ),
    held_out=256,
    captions=60_000,
    vocabulary=1500,
    autoencoder=AutoencoderPlan(),
    unet=UNetPlan(),
)

# From the exported model of cpu-128 (`adopt`): more pictures, larger ones too, and milder guidance.
CPU_128_MORE = replace(
    CPU_128,
    name="cpu-128-more",
    buckets=(
        Bucket(128, 128, 16_384, 24, 0.40),
        Bucket(192, 128, 3_072, 16, 0.08),
        Bucket(128, 192, 3_072, 16, 0.08),
        Bucket(192, 192, 3_072, 12, 0.12),
        Bucket(256, 256, 3_072, 6, 0.16),
        Bucket(384, 256, 1_024, 4, 0.05),
        Bucket(256, 384, 1_024, 4, 0.05),
        Bucket(384, 384, 1_024, 3, 0.06),
    ),
    unet=UNetPlan(words_share=0.5),
    shard=256,
    first_seed=5_000_000,
)

GPU_256 = Preset(
    name="gpu-256",
    native=256,
    buckets=(
        Bucket(256, 256, 80_000, 256, 0.66),
        Bucket(384, 256, 6_000, 170, 0.08),
        Bucket(256, 384, 6_000, 170, 0.08),
        Bucket(192, 192, 8_000, 384, 0.06),
        Bucket(128, 128, 10_000, 512, 0.06),
        Bucket(384, 384, 4_000, 112, 0.06),
    ),
    held_out=256,
    captions=60_000,
    vocabulary=1500,
    autoencoder=AutoencoderPlan(minutes=4.0, decoder_minutes=1.0, crop=128, crop_batch=64),
    unet=UNetPlan(minutes=19.0, ema_decay=0.999),
    enough=6_000,
    device="cuda",
    ranks=1,
    renderers=15,
    checkpoint_minutes=4.0,
    sheet_minutes=8.0,
)

SMOKE = Preset(
    name="smoke",
    native=64,
    buckets=(Bucket(64, 64, 16, 4, 0.8), Bucket(96, 64, 8, 2, 0.2)),
    held_out=8,
    captions=500,
    vocabulary=700,
    autoencoder=AutoencoderPlan(
        channels=(16, 16, 32, 32), minutes=0.05, decoder_minutes=0.02, crop=32, crop_batch=4,
        teacher_steps=2, blend_steps=2,
    ),
    unet=UNetPlan(channels=(32, 32, 32), heads=2, text_width=32, text_layers=1, text_heads=2, minutes=0.05,
                  warmup_steps=2),
    ranks=1,
    renderers=1,
    shard=8,
    checkpoint_minutes=1.0,
    sheet_minutes=60.0,
)  # fmt: skip

PRESETS = {preset.name: preset for preset in (CPU_128, CPU_128_MORE, GPU_256, SMOKE)}
