"""Swapped words: the old picture's attention, and a network that is what it was afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.denoiser import guided, predictor
from invoke_cli.diffusion.generate import Picture, generate
from invoke_cli.diffusion.recipe import Recipe
from invoke_cli.diffusion.steering import steered
from invoke_cli.diffusion.swapping import Taken, alignment, swapped
from invoke_cli.language.prompts import split
from invoke_cli.wording import Edited, Fragments


def words(prompt: str) -> Edited:
    found = split(prompt).positive
    assert isinstance(found, Edited)
    return found


def drawn(bundle: Bundle, **changes: Any) -> Any:
    plain: dict[str, Any] = {"positive": (("a cat", 1.0),), "width": 64, "height": 64, "steps": 5, "seed": 4}
    (*_, picture) = generate(bundle, Recipe(**(plain | changes)))
    assert isinstance(picture, Picture)
    return picture.rgb


def processors(network: Any) -> list[Any]:
    return [id(processor) for processor in network.attn_processors.values()]


@pytest.mark.parametrize("sampler", ["k_lms", "k_euler_a", "k_heun"])
def test_a_swap_that_never_begins_is_the_old_picture(sampler: str, bundle: Bundle) -> None:
    edited = drawn(bundle, positive=words("a cat.swap(dog, t_start=1)"), sampler=sampler)
    assert np.array_equal(edited, drawn(bundle, sampler=sampler))


def test_the_same_swap_is_the_same_picture_and_neither_of_the_words(bundle: Bundle) -> None:
    swap = words("a cat.swap(big dog, t_start=0.2)")
    edited = drawn(bundle, positive=swap)
    assert np.array_equal(edited, drawn(bundle, positive=swap))
    assert not np.array_equal(edited, drawn(bundle))
    assert not np.array_equal(edited, drawn(bundle, positive=(("a big dog", 1.0),)))


def test_options_change_the_picture(bundle: Bundle) -> None:
    options = ["", ", t_start=0.6", ", t_end=0.6", ", s_end=1", ", shape_freedom=0.1"]
    pictures = {drawn(bundle, positive=words(f"a cat.swap(dog{option})")).tobytes() for option in options}
    assert len(pictures) == len(options)


def test_the_steps_are_of_one_picture(bundle: Bundle) -> None:
    recipe = Recipe(positive=words("a cat.swap(dog)"), width=64, height=64, steps=3, seed=1)
    (*steps, _) = generate(bundle, recipe)
    for step in steps:
        assert not isinstance(step, Picture)
        assert step.before is not None
        assert step.x.shape == step.clean.shape == step.before.shape == (1, 4, 8, 8)


@pytest.mark.parametrize("scale", [7.5, 1.0, 0.0])
def test_one_batch_and_two_halves_are_the_same(scale: float, bundle: Bundle) -> None:
    swap = words("a cat.swap(big dog, t_start=0, s_end=1)")
    x = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(1))

    def run(together: bool) -> Tensor:
        network = partial(predictor, bundle)
        dull = (("dull", 1.0),)
        denoise = swapped(bundle, network, swap, dull, (64, 64), scale, lambda _: 0.5, together=together)
        return denoise(x, 3.0)

    torch.testing.assert_close(run(True), run(False), atol=1e-4, rtol=1e-4)


def test_the_old_picture_beside_it_is_untouched(bundle: Bundle) -> None:
    swap = words("a cat.swap(big dog, t_start=0, s_end=1)")
    x = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    denoise = swapped(bundle, partial(predictor, bundle), swap, (), (64, 64), 5.0, lambda _: 0.5)
    plain = guided(predictor(bundle), bundle.condition(swap.text(), ()), 5.0)
    torch.testing.assert_close(denoise(x, 3.0)[1:], plain(x[1:], 3.0), atol=1e-5, rtol=1e-5)


def test_the_same_words_from_the_same_latents_change_nothing(bundle: Bundle) -> None:
    """All attention is taken over from a picture that is the same."""
    swap = words("a cat.swap(cat, t_start=0, s_end=1)")
    x = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1)).repeat(2, 1, 1, 1)
    edited, old = swapped(bundle, partial(predictor, bundle), swap, (), (64, 64), 5.0, lambda _: 0.5)(x, 3.0)
    torch.testing.assert_close(edited, old, atol=1e-5, rtol=1e-5)


def test_the_attention_to_words_that_stay_is_the_old_pictures(bundle: Bundle) -> None:
    """Against the formula of the paper, written out for one layer."""
    layer = next(block for block in bundle.unet.modules() if hasattr(block, "attn2")).attn2
    generator = torch.Generator().manual_seed(2)
    hidden = torch.randn(2, 9, layer.to_q.in_features, generator=generator)
    texts = torch.randn(2, 77, layer.to_k.in_features, generator=generator)
    aligned = alignment(bundle, ((("a", 1.0),), (("cat", 1.0),)), ((("a", 1.0),), (("dog", 1.0),)), 77)
    with steered(bundle.unet, Taken(aligned, hold=False)):
        found = layer(hidden, texts)
    maps = []
    for row in range(2):
        query, key = layer.to_q(hidden[row]), layer.to_k(texts[row])
        heads = [
            q @ k.T / q.shape[1] ** 0.5
            for q, k in zip(query.chunk(layer.heads, 1), key.chunk(layer.heads, 1), strict=True)
        ]
        maps.append([head.softmax(-1) for head in heads])
    # begin, a, and then "cat" is one token and "dog" three, behind which the ends are the same
    source = [0, 1, *range(2, 5), *range(3, 75)]
    value = layer.to_v(texts[0]).chunk(layer.heads, 1)
    mixed = []
    for own, old, v in zip(maps[0], maps[1], value, strict=True):
        taken = old[:, source].clone()
        taken[:, 2:5] = own[:, 2:5]
        mixed.append(taken @ v)
    torch.testing.assert_close(found[0], layer.to_out[0](torch.cat(mixed, 1)), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(found[1], layer(hidden, texts)[1], atol=1e-6, rtol=1e-6)


def test_tokens_are_aligned_across_chunks(bundle: Bundle) -> None:
    rest: Fragments = (("x" * 100, 1.0),)
    found = alignment(bundle, ((("a", 1.0),), rest), ((("bcd", 1.0),), rest), 154)
    assert found.places[0] == 0
    assert not found.same[1:4].any()
    assert found.places[4:76].tolist() == list(range(2, 74))
    assert found.places[78:80].tolist() == [74, 75]  # the second chunk begins with what the first lost
    assert found.places[80:108].tolist() == list(range(78, 106))
    assert found.places[153] == 151
    assert found.same[4:].all()


@pytest.fixture
def called(bundle: Bundle) -> Iterator[Bundle]:
    """A network that has something hung into it, and so is called rather than walked through."""
    hook = bundle.unet.conv_in.register_forward_hook(lambda *_: None)
    yield bundle
    hook.remove()


def test_networks_that_are_called_draw_the_same(bundle: Bundle) -> None:
    swap = words("a cat.swap(big dog, t_start=0.2, s_end=0.8)")
    walked = drawn(bundle, positive=swap).astype(float)
    hook = bundle.unet.conv_in.register_forward_hook(lambda *_: None)
    through = drawn(replace(bundle), positive=swap)
    hook.remove()
    assert np.abs(walked - through).max() <= 1


@pytest.mark.parametrize("ending", ["done", "closed", "error", "interrupt"])
def test_the_network_is_left_as_it_was(ending: str, called: Bundle) -> None:
    bundle = called
    before = processors(bundle.unet)
    recipe = Recipe(positive=words("a cat.swap(dog, t_start=0)"), width=64, height=64, steps=3, seed=1)
    steps = generate(bundle, recipe)
    next(steps)
    assert processors(bundle.unet) == before  # between two steps as well
    if ending == "done":
        list(steps)
    elif ending == "closed":
        steps.close()
    else:
        raised = KeyboardInterrupt if ending == "interrupt" else RuntimeError
        layer = bundle.unet.conv_out

        def fail(*_: Any) -> None:
            assert processors(bundle.unet) != before
            raise raised

        hook = layer.register_forward_pre_hook(fail)
        with pytest.raises(raised):
            list(steps)
        hook.remove()
    assert processors(bundle.unet) == before


def test_swaps_take_turns(bundle: Bundle) -> None:
    """Of two swaps each has its own time, and both together make one text."""
    both = words("a cat.swap(dog, t_start=0, t_end=0.5) on mat.swap(hat, t_start=0.5)")
    assert [text for text, _ in both.text(both.swaps[1:])] == ["a", "cat", "on", "hat"]
    one = words("a cat.swap(dog, t_start=0, t_end=0.5) on mat")
    assert not np.array_equal(drawn(bundle, positive=both), drawn(bundle, positive=one))


def test_texts_of_more_chunks_lengthen_the_shorter_ones(bundle: Bundle) -> None:
    long = words(f"a cat.swap({'x' * 100}) on mat")
    assert drawn(bundle, positive=long).shape == (64, 64, 3)


def test_init_pictures_and_masks_are_kept_to(bundle: Bundle) -> None:
    rgb = np.full((64, 64, 3), 90, np.uint8)
    mask = np.zeros((64, 64), np.float32)
    mask[:, :32] = 1
    found = drawn(bundle, positive=words("a cat.swap(dog)"), rgb=rgb, mask=mask, strength=0.8)
    assert np.array_equal(found[:, 32:], rgb[:, 32:])
    assert not np.array_equal(found[:, :32], rgb[:, :32])


def test_networks_that_are_told_more_get_it_of_both_texts(bundle: Bundle) -> None:
    """As SDXL is: the pooled text of the new words, then of the old ones."""
    told: list[Tensor] = []

    def predict(x: Tensor, _sigma: float, _embeddings: Tensor, /, **added: Tensor) -> Tensor:
        told.append(added["text_embeds"])
        return x

    class Telling:
        unet, tokenizer = bundle.unet, bundle.tokenizer
        device = bundle.device

        def condition(self, text: Any, *_: Any) -> Any:
            number = float(len(text))
            added = {"text_embeds": torch.tensor([[-number], [number]])}
            return replace(bundle.condition(text, ()), added=added)

    swap = words("cat.swap(a (big)2 dog, t_start=0)")
    denoise = swapped(Telling(), lambda **_: predict, swap, (), (64, 64), 3.0, lambda _: 0.5)  # type: ignore[arg-type]
    denoise(torch.zeros(2, 4, 8, 8), 1.0)
    assert told[0].flatten().tolist() == [-1.0, -1.0, 3.0, 1.0]
