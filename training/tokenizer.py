"""The tokenizer: byte-pair encoding as CLIP does it, learned from the captions.

Bytes are the alphabet, so every word of every language encodes; a word the captions
do not know costs several tokens and means little to the model, no more.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer
from tokenizers.models import BPE
from tokenizers.normalizers import NFC, Lowercase, Replace
from tokenizers.normalizers import Sequence as Normalizers
from tokenizers.pre_tokenizers import ByteLevel, Split
from tokenizers.pre_tokenizers import Sequence as Splitters
from tokenizers.trainers import BpeTrainer

START, END = "<|startoftext|>", "<|endoftext|>"
POSITIONS = 77
WORDS = Path(__file__).with_name("words.txt")
PIECES = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def common_words() -> list[str]:
    """English words that prompts use and captions do not: the model learns to let them pass."""
    return WORDS.read_text(encoding="utf-8").split()


def strangers() -> list[str]:
    """The common words that no caption uses."""
    from training.renderer import vocabulary

    return sorted(set(common_words()) - vocabulary())


def corpus(captions: int) -> Iterator[str]:
    """What the merges are learned from: some captions, and each common word once."""
    from training.renderer import caption_corpus

    yield from caption_corpus(captions)
    yield from common_words()


def train(texts: Iterable[str], size: int, folder: Path) -> None:
    """Learn at most `size` tokens from `texts`; write CLIPTokenizer's files to `folder`."""
    engine = Tokenizer(BPE(unk_token=END, end_of_word_suffix="</w>", continuing_subword_prefix=""))
    engine.normalizer = Normalizers([NFC(), Replace(Regex(r"\s+"), " "), Lowercase()])
    engine.pre_tokenizer = Splitters(
        [Split(Regex(PIECES), behavior="removed", invert=True), ByteLevel(add_prefix_space=False)]
    )
    alphabet = sorted(ByteLevel.alphabet())
    # CLIP also knows every byte as the end of a word; two tokens are kept for the specials.
    room = size - len(alphabet) - 2
    trainer = BpeTrainer(
        vocab_size=room, initial_alphabet=alphabet, end_of_word_suffix="</w>", show_progress=False
    )
    engine.train_from_iterator(texts, trainer)
    merges = [tuple(pair) for pair in json.loads(engine.to_str())["model"]["merges"]]
    _write(alphabet, merges, folder)


def _write(alphabet: list[str], merges: list[tuple[str, ...]], folder: Path) -> None:
    """The files of a CLIPTokenizer, ids in CLIP's order: bytes, bytes that end a word, merges, specials."""
    tokens = dict.fromkeys([*alphabet, *(a + "</w>" for a in alphabet), *map("".join, merges), START, END])
    vocabulary = {token: number for number, token in enumerate(tokens)}
    config: dict[str, Any] = {
        "tokenizer_class": "CLIPTokenizer", "model_max_length": POSITIONS, "do_lower_case": True,
        "bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END, "add_prefix_space": False,
    }  # fmt: skip
    specials = {name: value for name, value in config.items() if name.endswith("_token")}
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name, value in (
        ("vocab.json", vocabulary), ("tokenizer_config.json", config), ("special_tokens_map.json", specials),
    ):  # fmt: skip
        (folder / name).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


class Words:
    """Captions to token numbers, with the noise that makes the text encoder forgiving."""

    def __init__(self, folder: Path, noise: float = 0.0, dropout: float = 0.0) -> None:
        """Load the tokenizer in `folder`; `noise` and `dropout` are chances per caption."""
        from transformers import CLIPTokenizer

        self.tokenizer = CLIPTokenizer.from_pretrained(folder)
        self.noise, self.dropout = noise, dropout
        self.strangers = strangers() if noise else []

    def __call__(self, captions: Iterable[str], chance: random.Random | None = None) -> Any:
        """Token numbers, int64 (B, 77); with `chance`, captions are roughened first."""
        texts = [text if chance is None else self.roughen(text, chance) for text in captions]
        return self.tokenizer(
            texts, padding="max_length", max_length=POSITIONS, truncation=True, return_tensors="pt"
        ).input_ids

    def roughen(self, text: str, chance: random.Random) -> str:
        """Sometimes nothing at all (for guidance), sometimes a few words that no picture explains."""
        if chance.random() < self.dropout:
            return ""
        if chance.random() >= self.noise:
            return text
        strange = " ".join(chance.choices(self.strangers, k=chance.randint(1, 3)))
        form = chance.choice(
            ["{text}, {strange}", "{text} {strange}", "{strange} {text}", "{text} by {strange}"]
        )
        return form.format(text=text, strange=strange)
