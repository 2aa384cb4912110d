"""Textual inversion: files in their real layouts, and what the text encoder makes of them."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.conditioning import tokens
from invoke_cli.diffusion.learned import FIRST
from invoke_cli.errors import ModelError
from invoke_cli.models.embeddings import read_vectors, teach
from tests.tiny import make_tokenizer

WIDTH = 16


def vectors(count: int, width: int = WIDTH) -> Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(count))


def saved(path: Path, content: object) -> Path:
    if path.suffix == ".safetensors":
        save_file(content, path)
    else:
        torch.save(content, path)
    return path


LAYOUTS = [
    (
        "a1111.pt",
        lambda v: {"string_to_token": {"*": 265}, "string_to_param": {"*": v}, "name": "toy", "step": 5},
    ),
    ("first.pt", lambda v: {"string_to_param": torch.nn.ParameterDict({"*": torch.nn.Parameter(v)})}),
    ("diffusers.bin", lambda v: {"<cat-toy>": v}),
    ("diffusers.safetensors", lambda v: {"<cat-toy>": v}),
    ("params.safetensors", lambda v: {"emb_params": v}),
]


@pytest.mark.parametrize(("name", "lay"), LAYOUTS, ids=[name for name, _ in LAYOUTS])
@pytest.mark.parametrize("count", [1, 3])
def test_every_layout_holds_the_vectors(tmp_path: Path, name: str, lay, count: int) -> None:  # type: ignore[no-untyped-def]
    (found,) = read_vectors(saved(tmp_path / name, lay(vectors(count))), "toy")
    assert torch.equal(found, vectors(count))


def test_a_single_vector_may_lie_flat(tmp_path: Path) -> None:
    (found,) = read_vectors(saved(tmp_path / "a.bin", {"<a>": vectors(1)[0]}), "a")
    assert torch.equal(found, vectors(1))


def test_sdxl_files_hold_two(tmp_path: Path) -> None:
    pair = {"clip_l": vectors(2, 768), "clip_g": vectors(2, 1280)}
    assert {table.shape for table in read_vectors(saved(tmp_path / "a.safetensors", pair), "a")} == {
        (2, 768),
        (2, 1280),
    }


def test_of_several_tokens_in_a_file_the_named_one_is_taken(tmp_path: Path) -> None:
    path = saved(tmp_path / "both.bin", {"<one>": vectors(1), "<two>": vectors(2)})
    assert torch.equal(read_vectors(path, "two")[0], vectors(2))
    with pytest.raises(ModelError) as caught:
        read_vectors(path, "both")
    assert "<one>" in caught.value.hint


@pytest.mark.parametrize(
    "content", [torch.ones(2, 3, 4), torch.ones(80, 16), torch.full((1, 16), float("nan"))]
)
def test_other_tensors_are_no_embeddings(tmp_path: Path, content: Tensor) -> None:
    with pytest.raises(ModelError, match="is not an embedding"):
        read_vectors(saved(tmp_path / "a.pt", {"a": content}), "a")


def test_a_pickle_that_runs_something_is_refused(tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.mkdir, (tmp_path / "ran",)  # type: ignore[return-value]

    (tmp_path / "a.pt").write_bytes(pickle.dumps({"<a>": Payload()}))
    with pytest.raises(ModelError):
        read_vectors(tmp_path / "a.pt", "a")
    assert not (tmp_path / "ran").exists()


def by_hand(bundle: Bundle, ids: list[int], put: dict[int, Tensor]) -> Tensor:
    """The encoder's own layers on embeddings that were put together by hand; (77, D)."""
    tokenizer = bundle.tokenizer
    framed = [tokenizer.bos_token_id, *ids, tokenizer.eos_token_id]
    framed += [tokenizer.pad_token_id] * (77 - len(framed))
    table = bundle.text_encoder.get_input_embeddings()
    rows = [put.get(place, table.weight[token]) for place, token in enumerate(framed)]
    hook = table.register_forward_hook(lambda *_: torch.stack(rows)[None])
    with torch.no_grad():
        found: Tensor = bundle.text_encoder(torch.tensor([framed])).last_hidden_state[0]
    hook.remove()
    return found


def plain_ids(bundle: Bundle, text: str) -> list[int]:
    return list(bundle.tokenizer(text, add_special_tokens=False).input_ids)


def test_vectors_stand_where_the_trigger_stands(bundle: Bundle, tmp_path: Path) -> None:
    path = saved(tmp_path / "toy.pt", {"string_to_param": {"*": vectors(2)}})
    taught = teach(bundle, {"toy": path})
    found = taught.condition((("cat <toy>ab", 1.0),), ()).positive[0]
    ids = [*plain_ids(bundle, "cat"), 0, 0, *plain_ids(bundle, "ab")]
    place = 1 + len(plain_ids(bundle, "cat"))
    wanted = by_hand(bundle, ids, {place: vectors(2)[0], place + 1: vectors(2)[1]})
    torch.testing.assert_close(found, wanted)


def test_two_triggers_and_both_sides(bundle: Bundle, tmp_path: Path) -> None:
    words = {
        "a": saved(tmp_path / "a.pt", {"a": vectors(1)}),
        "b": saved(tmp_path / "b.pt", {"b": vectors(3)}),
    }
    both = teach(bundle, words).condition((("<b>", 1.0),), (("<a>", 1.0),))
    torch.testing.assert_close(both.positive[0], by_hand(bundle, [0] * 3, dict(enumerate(vectors(3), 1))))
    torch.testing.assert_close(both.negative[0], by_hand(bundle, [0], {1: vectors(1)[0]}))


def test_the_model_itself_learns_nothing(bundle: Bundle, tmp_path: Path) -> None:
    before = bundle.condition((("a <toy> cat", 1.0),), ()).positive
    teach(bundle, {"toy": saved(tmp_path / "toy.pt", {"x": vectors(1)})}).condition((("<toy>", 1.0),), ())
    assert len(bundle.tokenizer) == len(make_tokenizer())
    again = teach(bundle, {}).condition((("a <toy> cat", 1.0),), ()).positive
    assert torch.equal(before, again)


def test_a_prompt_without_the_trigger_is_the_same(bundle: Bundle, tmp_path: Path) -> None:
    taught = teach(bundle, {"toy": saved(tmp_path / "toy.pt", {"x": vectors(1)})})
    prompt = (("a (toy) of", 1.0), ("the cat", 1.3))
    assert torch.equal(taught.condition(prompt, ()).positive, bundle.condition(prompt, ()).positive)


def test_the_trigger_is_shown_as_it_was_typed(bundle: Bundle, tmp_path: Path) -> None:
    taught = teach(bundle, {"toy": saved(tmp_path / "toy.pt", {"x": vectors(2)})})
    shown = tokens(taught.tokenizer, (("cat<toy>", 1.0),))
    assert [token.text for token in shown] == ["cat ", "<toy> ", "<toy> "]


def test_ids_lie_beyond_the_vocabulary(bundle: Bundle) -> None:
    assert len(bundle.tokenizer) < FIRST


@pytest.mark.parametrize(
    ("widths", "base"),
    [((768,), "Stable Diffusion 1.x"), ((1024,), "Stable Diffusion 2.x"), ((768, 1280), "SDXL")],
)
def test_the_wrong_width_names_the_base(
    bundle: Bundle, tmp_path: Path, widths: tuple[int, ...], base: str
) -> None:
    content = {name: vectors(1, width) for name, width in zip(("clip_l", "clip_g"), widths, strict=False)}
    with pytest.raises(ModelError, match="does not fit the model tiny") as caught:
        teach(bundle, {"toy": saved(tmp_path / "toy.safetensors", content)})
    assert caught.value.hint == f"it was made for {base}"
