"""The text encoders of Stable Diffusion: CLIP's, Radford et al. 2021 (arXiv 2103.00020), section 2.4.

Called CLIPTextModel and CLIPTextModelWithProjection in transformers. Names and the order of operations are
the same there, and so are embeddings, bit for bit. Rows are (B, L, D), L the tokens of a text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from invoke_cli.networks.base import Config, Fields, Network, whole_numbers

OLD_END = 2
"""The end mark that old configurations state wrongly; it is then the token of the highest id."""


def quick_gelu(x: Tensor) -> Tensor:
    """An approximation of GELU, which OpenAI's CLIP was trained with."""
    return x * torch.sigmoid(1.702 * x)


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"quick_gelu": quick_gelu, "gelu": functional.gelu}


def _fits(config: Config) -> bool:
    return (
        whole_numbers(*(config[name] for name in COUNTS))
        and config.hidden_act in ACTIVATIONS
        and isinstance(config.eos_token_id, int)
        and config.hidden_size % config.num_attention_heads == 0
    )


COUNTS = (
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "projection_dim",
    "num_hidden_layers",
    "num_attention_heads",
    "max_position_embeddings",
)
FIELDS = Fields(
    free={
        "vocab_size": 49408,
        "hidden_size": 512,
        "intermediate_size": 2048,
        "projection_dim": 512,
        "num_hidden_layers": 12,
        "num_attention_heads": 8,
        "max_position_embeddings": 77,
        "hidden_act": "quick_gelu",
        "layer_norm_eps": 1e-5,
        "pad_token_id": 1,
        "bos_token_id": 49406,
        "eos_token_id": 49407,
    },
    fixed={"model_type": "clip_text_model"},
    notes=frozenset(
        {
            "architectures",
            "dtype",
            "torch_dtype",
            "transformers_version",
            "dropout",
            "attention_dropout",
            "initializer_range",
            "initializer_factor",
        }
    ),
    fits=_fits,
)


@dataclass(frozen=True, eq=False)
class Read:
    """What an encoder makes of texts.

    last_hidden_state: (B, L, D), normed. pooler_output: that of the end mark, (B, D). hidden_states: what
    each layer was given and, at the end, what the last one made, (B, L, D) each and not normed; None unless
    asked for. text_embeds: the pooled text, (B, P), of encoders that project it.
    """

    last_hidden_state: Tensor
    pooler_output: Tensor
    hidden_states: tuple[Tensor, ...] | None = None
    text_embeds: Tensor | None = None


class CLIPTextEmbeddings(nn.Module):
    """Tokens and their places as vectors."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(config.vocab_size, config.hidden_size)
        self.position_embedding = nn.Embedding(config.max_position_embeddings, config.hidden_size)

    def forward(self, ids: Tensor) -> Tensor:
        """(B, L) to (B, L, D)."""
        embedded: Tensor = self.token_embedding(ids)
        return embedded + self.position_embedding.weight[: ids.shape[-1]]


class CLIPAttention(nn.Module):
    """Attention of each token to those before it and to itself."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.width = config.hidden_size // config.num_attention_heads
        self.k_proj, self.v_proj, self.q_proj, self.out_proj = (
            nn.Linear(config.hidden_size, config.hidden_size) for _ in range(4)
        )

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """x: (B, L, D), which it keeps. mask: bool (1 or B, 1, L, L), who may look at whom; None is all."""
        q, k, v = (
            layer(x).view(*x.shape[:2], -1, self.width).transpose(1, 2)
            for layer in (self.q_proj, self.k_proj, self.v_proj)
        )
        found = functional.scaled_dot_product_attention(
            q, k, v, mask, is_causal=mask is None and x.shape[1] > 1, scale=self.width**-0.5
        )
        return self.out_proj(found.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


class CLIPMLP(nn.Module):
    """The feed-forward layer."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[config.hidden_act]
        self.fc1 = nn.Linear(config.hidden_size, config.intermediate_size)
        self.fc2 = nn.Linear(config.intermediate_size, config.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, D), which it keeps."""
        return self.fc2(self.activation(self.fc1(x)))  # type: ignore[no-any-return]


class CLIPEncoderLayer(nn.Module):
    """Attention and a feed-forward layer, each normed before and added."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.self_attn = CLIPAttention(config)
        self.layer_norm1 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.mlp = CLIPMLP(config)
        self.layer_norm2 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """See CLIPAttention."""
        x = x + self.self_attn(self.layer_norm1(x), mask)
        return x + self.mlp(self.layer_norm2(x))  # type: ignore[no-any-return]


class CLIPEncoder(nn.Module):
    """The layers."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.layers = nn.ModuleList(CLIPEncoderLayer(config) for _ in range(config.num_hidden_layers))

    def forward(self, x: Tensor, mask: Tensor | None) -> list[Tensor]:
        """What each layer was given, and what the last one made. See CLIPAttention."""
        states = [x]
        for layer in self.layers:
            states.append(layer(states[-1], mask))
        return states


class CLIPTextModel(Network):
    """The text encoder of Stable Diffusion 1.x and 2.x, and the first one of XL."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.embeddings = CLIPTextEmbeddings(config)
        self.encoder = CLIPEncoder(config)
        self.final_layer_norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def get_input_embeddings(self) -> nn.Module:
        """What makes vectors of tokens."""
        return self.embeddings.token_embedding

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        *,
        output_hidden_states: bool = False,
    ) -> Read:
        """input_ids: (B, L). attention_mask: (1 or B, L), 0 for tokens that nobody looks at."""
        states = self.encoder(self.embeddings(input_ids), _seen(attention_mask))
        last = self.final_layer_norm(states[-1])
        ends = input_ids if self.config.eos_token_id == OLD_END else input_ids == self.config.eos_token_id
        pooled = last[torch.arange(len(last), device=last.device), ends.int().argmax(dim=-1)]
        return Read(last, pooled, tuple(states) if output_hidden_states else None)


def _seen(mask: Tensor | None) -> Tensor | None:
    """(B, 1, L, L) bool of a mask (B, L): places before one's own that are not hidden. None hides none."""
    if mask is None or bool(mask.all()):
        return None
    length = mask.shape[-1]
    before = torch.ones(length, length, dtype=torch.bool, device=mask.device).tril()
    return before & mask.bool()[:, None, None]


class CLIPTextModelWithProjection(Network):
    """The second text encoder of XL."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.text_model = CLIPTextModel(config)
        self.text_projection = nn.Linear(config.hidden_size, config.projection_dim, bias=False)

    def get_input_embeddings(self) -> nn.Module:
        """See CLIPTextModel."""
        return self.text_model.get_input_embeddings()

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        *,
        output_hidden_states: bool = False,
    ) -> Read:
        """See CLIPTextModel."""
        read: Read = self.text_model(input_ids, attention_mask, output_hidden_states=output_hidden_states)
        embeds = self.text_projection(read.pooler_output)
        return Read(read.last_hidden_state, read.pooler_output, read.hidden_states, embeds)


KINDS = {kind.__name__: kind for kind in (CLIPTextModel, CLIPTextModelWithProjection)}


def read_encoder(config: Mapping[str, Any]) -> CLIPTextModel | CLIPTextModelWithProjection | None:
    """The text encoder that a config.json describes; None for one that is not of the kinds known here."""
    names = config.get("architectures")
    kind = KINDS.get(names[0]) if isinstance(names, list | tuple) and len(names) == 1 else None
    plain = FIELDS.read(config)
    return None if kind is None or plain is None else kind(plain)
