"""The tokenizer against transformers' CLIPTokenizer: the same numbers, whatever the text and the files."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
import transformers

import invoke_cli
from invoke_cli.networks.tokenizer import CLIPTokenizer
from tests.tiny import make_tokenizer

DEMO = Path(invoke_cli.__file__).parent / "data" / "demo" / "tokenizer"
TEXTS = (
    "",
    "   ",
    "a campfire at night",
    "A CAMPFIRE,  at\tNight!\n",
    "it's we're I'll they'd don't",
    "1234 5th 3.14 a1b2",
    "café cafe\u0301 İstanbul ẞ ﬁ Ⅷ",
    "日本の山 🌋🏔️ العربية हिन्दी",
    "oil-on-canvas (very++), [blurry] <toy> {a|b} \\ & #!?",
    "a <|endoftext|> b<|startoftext|>c <|ENDOFTEXT|>!",
    "cat cats concatenate <cat-toy> my <new1> <new1><new2>  <NEW1>",
    "\u00a0\u200b\u3000\x00 end",
    "word " * 120,
)


def random_texts(count: int) -> list[str]:
    picked = random.Random(4)
    ranges = ((32, 127), (32, 127), (160, 592), (0x400, 0x460), (0x1F300, 0x1F600), (0, 0x3000))
    return [
        "".join(chr(picked.randrange(*picked.choice(ranges))) for _ in range(picked.randrange(1, 40)))
        for _ in range(count)
    ]


def write(path: Path, **values: Any) -> None:
    path.write_text(json.dumps(values), encoding="utf-8")


def plain(directory: Path) -> None:
    """As the demo has it."""


def without_configuration(directory: Path) -> None:
    (directory / "tokenizer_config.json").unlink()
    (directory / "special_tokens_map.json").unlink()


def as_old_ones(directory: Path) -> None:
    """Marks as objects, looked for in what has been lower-cased, and another one to fill up with."""
    mark = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": True}
    begin, end = ({"content": f"<|{name}text|>", **mark} for name in ("startof", "endof"))
    write(
        directory / "tokenizer_config.json",
        **{
            name: {"__type": "AddedToken", **said}
            for name, said in {"bos_token": begin, "eos_token": end, "unk_token": end}.items()
        },
        pad_token="?",
        do_lower_case=True,
        errors="replace",
        add_prefix_space=False,
    )
    write(directory / "special_tokens_map.json", bos_token=begin, eos_token=end, unk_token=end, pad_token="!")


def as_old_ones_without_a_map(directory: Path) -> None:
    as_old_ones(directory)
    (directory / "special_tokens_map.json").unlink()


def with_learned_words(directory: Path) -> None:
    write(directory / "added_tokens.json", **{"<new1>": 1467, "<new2>": 1468, "<cat-toy>": 1469})


def as_new_ones(directory: Path) -> None:
    """All added tokens in the configuration."""
    flags = {"single_word": False, "lstrip": False, "rstrip": True, "normalized": False, "special": True}
    write(
        directory / "tokenizer_config.json",
        added_tokens_decoder={
            "1465": {"content": "<|startoftext|>", **flags, "normalized": True},
            "1466": {"content": "<|endoftext|>", **flags, "special": False},
            "1467": {"content": "<new1>", **flags, "special": False, "normalized": True},
            "1468": {"content": "<new2>", **flags, "lstrip": True},
        },
        tokenizer_class="CLIPTokenizer",
        clean_up_tokenization_spaces=True,
        additional_special_tokens=[],
        model_max_length=77,
    )


def in_one_file(directory: Path) -> None:
    with_learned_words(directory)
    transformers.CLIPTokenizer.from_pretrained(str(directory)).save_pretrained(directory / "saved")
    for name in ("vocab.json", "merges.txt", "added_tokens.json", "special_tokens_map.json"):
        (directory / name).unlink()
    for path in (directory / "saved").iterdir():
        path.rename(directory / path.name)
    assert (directory / "tokenizer.json").is_file()


def in_one_file_alone(directory: Path) -> None:
    in_one_file(directory)
    (directory / "tokenizer_config.json").unlink()


LAYOUTS = (
    plain,
    without_configuration,
    as_old_ones,
    as_old_ones_without_a_map,
    with_learned_words,
    as_new_ones,
    in_one_file,
    in_one_file_alone,
)


def pair(directory: Path) -> tuple[Any, CLIPTokenizer]:
    known = transformers.CLIPTokenizer.from_pretrained(str(directory), local_files_only=True)
    own = CLIPTokenizer.read(directory)
    assert own is not None
    return known, own


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_numbers_are_those_of_transformers(layout: Any, tmp_path: Path) -> None:
    directory = Path(shutil.copytree(DEMO, tmp_path / "tokenizer"))
    layout(directory)
    known, own = pair(directory)
    assert len(own) == len(known)
    assert (own.bos_token_id, own.eos_token_id, own.pad_token_id) == (
        known.bos_token_id,
        known.eos_token_id,
        known.pad_token_id,
    )
    for text in (*TEXTS, *random_texts(200)):
        ids = own(text, add_special_tokens=False, truncation=False, verbose=False).input_ids
        assert ids == known(text, add_special_tokens=False, verbose=False).input_ids, text
        assert own.decode(ids) == known.decode(ids)
        assert [own.decode([one]) for one in ids] == [known.decode([one]) for one in ids]
        assert [own.convert_ids_to_tokens(one) for one in ids] == known.convert_ids_to_tokens(ids)


def test_marks_and_truncation_are_those_of_transformers(tmp_path: Path) -> None:
    known, own = pair(DEMO)
    for text in TEXTS:
        assert own(text).input_ids == known(text, verbose=False).input_ids
        for marked in (True, False):
            ours = own(text, truncation=True, add_special_tokens=marked)
            theirs = known(text, truncation=True, add_special_tokens=marked)
            assert ours.input_ids == theirs.input_ids


def test_what_fills_up_can_be_changed() -> None:
    known, own = pair(DEMO)
    known.pad_token = own.pad_token = "!"
    assert own.pad_token_id == known.pad_token_id == 0
    text = "stop! now !"
    assert own(text).input_ids == known(text).input_ids


def test_every_byte_has_a_number(tmp_path: Path) -> None:
    make_tokenizer().save_pretrained(tmp_path)
    known, own = pair(tmp_path)
    for text in (*TEXTS, *random_texts(100)):
        assert own(text).input_ids == known(text, verbose=False).input_ids


@pytest.mark.parametrize(
    "changes",
    [
        {"tokenizer_class": "BertTokenizer"},
        {"split_special_tokens": True},
        {"additional_special_tokens": ["<x>"]},
        {"mask_token": "<mask>"},
        {"bos_token": "<begin>"},
        {"a_field_of_tomorrow": 1},
    ],
    ids=str,
)
def test_what_is_not_plain_is_left_to_the_library(changes: dict[str, Any], tmp_path: Path) -> None:
    directory = Path(shutil.copytree(DEMO, tmp_path / "tokenizer"))
    (directory / "special_tokens_map.json").unlink()
    write(directory / "tokenizer_config.json", **changes)
    assert CLIPTokenizer.read(directory) is None
