"""Weights, blends and conjunctions agree with compel, where that is right."""

from __future__ import annotations

import pytest
import torch
from compel import Compel, SplitLongTextMode

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.language.prompts import split


@pytest.mark.parametrize(
    "prompt",
    [
        "a cat on a mat",
        "a cat++ on a (big mat)1.3",
        "(a (very red+ cat)1.2 sits)1.5 here",
        "a cat- on a mat",
        "a (big red)0.3 cat (on)0.8 a mat++",
        "a (cat)0 sits",
        '("a cat", "a mat++").blend(0.7, 0.3)',
        '("a cat", "a (mat)0.5").blend(1, -0.4, no_normalize)',
        '("a cat", "a mat").and()',
        '("a cat", "a mat++").and(1, 0.5)',
        '("a fluffy cat", "a mat").and(0.7, 1.3)',
    ],
)
def test_short_prompts_agree(prompt: str, bundle: Bundle) -> None:
    with torch.no_grad():
        theirs = Compel(bundle.tokenizer, bundle.text_encoder)(prompt)
    ours = bundle.condition(split(prompt).positive, ()).positive
    assert ours.shape == theirs.shape
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    "prompt",
    [
        "a cat sat on a mat and looked at me " * 5,
        "a (cat)1.4 sat on (a mat)0.6 and looked at (me)0.2 " * 5,
        '("' + "a cat sat on a mat and looked at me " * 5 + '", "a (cat)0.5").blend(1, 2)',
    ],
)  # fmt: skip
def test_long_prompts_agree_where_chunks_end_alike(prompt: str, bundle: Bundle) -> None:
    compel = Compel(
        bundle.tokenizer,
        bundle.text_encoder,
        truncate_long_prompts=False,
        split_long_text_mode=SplitLongTextMode.BRUTAL,
    )
    with torch.no_grad():
        theirs = compel(prompt)
    ours = bundle.condition(split(prompt).positive, ()).positive
    assert ours.shape[1] > 77
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
