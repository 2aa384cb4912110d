"""The text encoders against transformers' own: the same embeddings, bit for bit, and the same names."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers

from invoke_cli.networks.clip import read_encoder

KINDS: dict[str, dict[str, Any]] = {
    "1.x": {},
    "2.x": {"hidden_act": "gelu", "pad_token_id": 0},
    "three heads": {"num_attention_heads": 3, "hidden_size": 24, "layer_norm_eps": 1e-3},
    "an old end mark": {"eos_token_id": 2},
    "xl": {"architectures": ["CLIPTextModelWithProjection"], "hidden_act": "gelu", "projection_dim": 12},
}


def pair(kind: str) -> tuple[Any, Any]:
    config: dict[str, Any] = {
        "architectures": ["CLIPTextModel"],
        "vocab_size": 50,
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "max_position_embeddings": 20,
        "bos_token_id": 48,
        "eos_token_id": 49,
        "pad_token_id": 49,
        **KINDS[kind],
    }
    torch.manual_seed(3)
    known = getattr(transformers, config["architectures"][0])(transformers.CLIPTextConfig(**config)).eval()
    own = read_encoder(config)
    assert own is not None
    own.load_state_dict(known.state_dict(), strict=True)
    return known.requires_grad_(False), own.eval().requires_grad_(False)


IDS = torch.tensor([[48, 3, 7, 11, 2, 49, 49], [48, 30, 0, 49, 49, 49, 49]])
MASKS = [None, torch.ones(2, 7), torch.tensor([[1, 1, 0, 0, 1, 1, 1]])]


@pytest.mark.parametrize("mask", MASKS, ids=("no mask", "all seen", "some hidden"))
@pytest.mark.parametrize("kind", KINDS)
def test_embeddings_are_those_of_transformers(kind: str, mask: torch.Tensor | None) -> None:
    known, own = pair(kind)
    rows = IDS if mask is None or len(mask) > 1 else IDS[:1]
    with torch.inference_mode():
        theirs = known(rows, mask, output_hidden_states=True)
        ours = own(rows, mask, output_hidden_states=True)
    assert len(ours.hidden_states) == len(theirs.hidden_states) == 4
    for one, other in zip(ours.hidden_states, theirs.hidden_states, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    torch.testing.assert_close(ours.last_hidden_state, theirs.last_hidden_state, rtol=0, atol=0)
    if kind == "xl":
        torch.testing.assert_close(ours.text_embeds, theirs.text_embeds, rtol=0, atol=0)
    else:
        torch.testing.assert_close(ours.pooler_output, theirs.pooler_output, rtol=0, atol=0)


def test_no_token_sees_those_behind_it() -> None:
    _, own = pair("1.x")
    changed = IDS.clone()
    changed[:, 5:] = 5
    with torch.inference_mode():
        before, after = (own(ids).last_hidden_state for ids in (IDS, changed))
    torch.testing.assert_close(before[:, :5], after[:, :5], rtol=0, atol=1e-6)
    assert not torch.equal(before[:, 5:], after[:, 5:])
    assert own(IDS).hidden_states is None


@pytest.mark.parametrize(
    "change",
    [
        {"hidden_act": "relu"},
        {"architectures": ["CLIPTextModel", "CLIPModel"]},
        {"architectures": ["ChineseCLIPTextModel"]},
        {"model_type": "clip"},
        {"num_attention_heads": 5},
        {"projection_dim": None},
        {"eos_token_id": [2, 3]},
        {"attn_implementation": "eager"},
    ],
    ids=str,
)
def test_what_is_not_plain_is_left_to_the_library(change: dict[str, Any]) -> None:
    config = {"architectures": ["CLIPTextModel"], "transformers_version": "5.0", "torch_dtype": "float16"}
    with torch.device("meta"):
        assert read_encoder(config) is not None
        assert read_encoder({**config, **change}) is None


def test_configuration_has_the_librarys_defaults() -> None:
    with torch.device("meta"):
        own = read_encoder({"architectures": ["CLIPTextModel"]})
    assert own is not None
    known = transformers.CLIPTextConfig()
    assert all(value == getattr(known, name) for name, value in own.config.items())
