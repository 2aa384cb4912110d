"""Prompts to embeddings."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import torch
from torch import Tensor

from invoke_cli.diffusion.conditioning import condition, embed, tokens

CPU = torch.device("cpu")
LONG = "a cat on a hill under a wide sky, " * 8


def plain(text: str) -> tuple[tuple[str, float], ...]:
    return ((text, 1.0),)


@pytest.fixture
def encoded(tokenizer: Any, text_encoder: Any) -> Any:
    def encode(fragments: tuple[tuple[str, float], ...]) -> Tensor:
        return embed(tokenizer, text_encoder, fragments, CPU)

    return encode


@pytest.mark.parametrize("text", ["a cat", "", "Ünïcode 猫 <|weird", "x" * 75])
def test_a_plain_prompt_is_the_encoders_own_output(
    text: str, encoded: Any, tokenizer: Any, text_encoder: Any
) -> None:
    ids = tokenizer(text, padding="max_length", max_length=77, return_tensors="pt").input_ids
    assert torch.equal(encoded(plain(text)), text_encoder(ids).last_hidden_state)


def test_no_text_is_one_empty_chunk(encoded: Any) -> None:
    assert torch.equal(encoded(()), encoded(plain("")))


def test_fragments_of_weight_1_are_one_prompt(encoded: Any) -> None:
    assert torch.equal(encoded((("a ", 1.0), ("cat", 1.0))), encoded(plain("a cat")))


@pytest.mark.parametrize("weight", [1.3, 5.0])
def test_weights_move_their_own_tokens_away_from_empty(weight: float, encoded: Any) -> None:
    whole, empty = encoded(plain("a cat on")), encoded(())
    found = encoded((("a", 1.0), ("cat", weight), ("on", 1.0)))
    cat = slice(2, 3)  # begin mark, "a", "cat"
    assert torch.allclose(found[:, cat], empty[:, cat] + (whole[:, cat] - empty[:, cat]) * weight)
    rest = [place for place in range(77) if place != 2]
    assert torch.equal(found[:, rest], whole[:, rest])


def test_long_prompts_are_read_in_chunks(encoded: Any, tokenizer: Any, text_encoder: Any) -> None:
    found = encoded(plain(LONG))
    ids = tokenizer(LONG, add_special_tokens=False).input_ids
    assert found.shape == (-(-len(ids) // 75), 77, 16)
    for index, chunk in enumerate(found):
        piece = ids[75 * index : 75 * index + 75]
        framed = [tokenizer.bos_token_id, *piece, *[tokenizer.eos_token_id] * (76 - len(piece))]
        expected = text_encoder(torch.tensor([framed])).last_hidden_state[0]
        assert torch.allclose(chunk, expected, atol=1e-5)


def test_long_prompts_are_not_complained_about(
    tokenizer: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logging.getLogger("transformers"), "propagate", True)
    tokenizer.deprecation_warnings.clear()  # it complains once in its life
    tokens(tokenizer, plain(LONG))
    assert not caplog.records
    tokenizer(LONG)
    assert "longer than the specified maximum" in caplog.text


def test_both_sides_get_the_same_length(encoded: Any) -> None:
    empty = encoded(())
    sides = condition(encoded(plain(LONG)), encoded(plain("a cat")), empty)
    assert sides.positive.shape == sides.negative.shape
    assert torch.equal(sides.negative[:, :77], encoded(plain("a cat")))
    assert torch.equal(sides.negative[:, 77:154], empty)
    swapped = condition(encoded(plain("a cat")), encoded(plain(LONG)), empty)
    assert torch.equal(swapped.positive, sides.negative)


def test_tokens_can_be_read(tokenizer: Any) -> None:
    found = tokens(tokenizer, (("A cat", 1.0), ("on", 1.5)))
    assert found == [("a ", 1.0, 0), ("cat ", 1.0, 0), ("o", 1.5, 0), ("n ", 1.5, 0)]
    assert tokens(tokenizer, ()) == []


def test_tokens_tell_their_chunk(tokenizer: Any) -> None:
    found = tokens(tokenizer, plain(LONG))
    assert [token.chunk for token in found] == [place // 75 for place in range(len(found))]
    assert "".join(token.text for token in found).split()[:3] == ["a", "cat", "on"]
