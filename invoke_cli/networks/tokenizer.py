"""CLIP's tokenizer: texts to numbers, by pairs of letters that are joined in a learned order.

Sennrich et al. 2016 (arXiv 1508.07909), on bytes. Called CLIPTokenizer in transformers, which builds the same
on the library `tokenizers`, and gives the same numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import BPE

WORD_END = "</w>"
WORDS = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
"""Marks, endings, runs of letters, single digits, and runs of anything else."""
MARKS = {
    "bos_token": "<|startoftext|>",
    "eos_token": "<|endoftext|>",
    "unk_token": "<|endoftext|>",
    "pad_token": "<|endoftext|>",
}
IDLE = frozenset(
    {
        "added_tokens_decoder",
        "backend",
        "clean_up_tokenization_spaces",
        "do_lower_case",
        "errors",
        "is_local",
        "local_files_only",
        "model_max_length",
        "name_or_path",
        "processor_class",
        "special_tokens_map_file",
        "tokenizer_class",
        "use_fast",
    }
)
"""Fields of tokenizer_config.json that are read elsewhere, or have no say in the numbers."""
CLASSES = {"CLIPTokenizer", "CLIPTokenizerFast", None}
FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")


class CLIPTokenizer:
    """See above. directory: where it was read from. pad_token: what fills up; it may be changed."""

    def __init__(
        self, core: Tokenizer, directory: Path, marks: Mapping[str, str], length: int | None
    ) -> None:
        self._core = core
        self.directory = directory
        self.bos_token, self.eos_token = marks["bos_token"], marks["eos_token"]
        self.unk_token, self.pad_token = marks["unk_token"], marks["pad_token"]
        self.model_max_length = length

    @classmethod
    def read(cls, directory: Path) -> CLIPTokenizer | None:
        """The tokenizer of a directory with a vocabulary; None for one with anything that is not known here.

        Raises whatever broken files make it raise; `tokenizers` has nothing narrower than Exception.
        """
        config = _object(directory / "tokenizer_config.json")
        vocabulary, merges, told = _learned(directory)
        tokens, named = _added(directory, config, told)
        marks = {name: _content(named[name]) for name in MARKS}
        if not _is_plain(config) or tokens is None or any(mark not in vocabulary for mark in marks.values()):
            return None
        core = _core(vocabulary, merges, marks["unk_token"])
        core.add_tokens([*tokens, *_specials(named, tokens)])
        length = config.get("model_max_length")
        return cls(core, directory, marks, length if isinstance(length, int) else None)

    def __len__(self) -> int:
        return self._core.get_vocab_size(with_added_tokens=True)

    @property
    def bos_token_id(self) -> int:
        """The number of the mark before a text."""
        return self._id(self.bos_token)

    @property
    def eos_token_id(self) -> int:
        """The number of the mark behind a text."""
        return self._id(self.eos_token)

    @property
    def pad_token_id(self) -> int:
        """The number of what texts are filled up with."""
        return self._id(self.pad_token)

    def _id(self, token: str) -> int:
        found: int | None = self._core.token_to_id(token)
        return self._id(self.unk_token) if found is None else found

    def __call__(
        self, text: str, *, add_special_tokens: bool = True, truncation: bool = False, verbose: bool = True
    ) -> SimpleNamespace:
        """The numbers of a text, as `.input_ids`.

        add_special_tokens: between both marks. truncation: no more than `model_max_length`, marks included.
        """
        del verbose  # nothing is said here anyway
        ids = self._core.encode(text, add_special_tokens=False).ids
        if truncation and self.model_max_length is not None:
            ids = ids[: self.model_max_length - (2 if add_special_tokens else 0)]
        return SimpleNamespace(
            input_ids=[self.bos_token_id, *ids, self.eos_token_id] if add_special_tokens else ids
        )

    def convert_ids_to_tokens(self, token: int) -> str | None:
        """A token as the vocabulary spells it."""
        return self._core.id_to_token(token)

    def decode(self, tokens: Sequence[int]) -> str:
        """Tokens as text."""
        text = self._core.decode(list(tokens), skip_special_tokens=False)
        return text.replace(WORD_END, " ").strip()


def _object(path: Path) -> dict[str, Any]:
    """The object in a JSON file; an empty one where there is no file."""
    found = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    if not isinstance(found, dict):
        raise ValueError(f"{path.name} does not hold an object")
    return found


def _is_plain(config: Mapping[str, Any]) -> bool:
    """Whether all that is said is known here, or says nothing."""
    others = {name: value for name, value in config.items() if name not in MARKS and name not in IDLE}
    return config.get("tokenizer_class") in CLASSES and not any(others.values())


def _learned(directory: Path) -> tuple[dict[str, int], list[tuple[str, str]], list[dict[str, Any]]]:
    """The vocabulary, the pairs, and what tokenizer.json says of added tokens, where there is that file."""
    whole = _object(directory / "tokenizer.json")
    if not whole:
        return *BPE.read_file(str(directory / "vocab.json"), str(directory / "merges.txt")), []
    pairs = (pair.split(" ") if isinstance(pair, str) else pair for pair in whole["model"]["merges"])
    return dict(whole["model"]["vocab"]), [(left, right) for left, right in pairs], whole["added_tokens"]


Named = dict[str, str | AddedToken]


def _added(
    directory: Path, config: Mapping[str, Any], told: Sequence[Mapping[str, Any]]
) -> tuple[list[AddedToken] | None, Named]:
    """Tokens beside the vocabulary in their order, None for odd ones, and what the marks are said to be.

    Newer configurations list all of them; for older ones three other files may say something.
    """
    named: Named = {name: _token(config.get(name, mark)) for name, mark in MARKS.items()}
    tokens: dict[int, AddedToken] = {}
    if "added_tokens_decoder" in config:
        tokens = {int(index): _as_added(token) for index, token in config["added_tokens_decoder"].items()}
    else:
        map_of_marks = _object(directory / "special_tokens_map.json")
        if any(value for name, value in map_of_marks.items() if name not in MARKS):
            return None, named
        named |= {name: _token(value, special=True) for name, value in map_of_marks.items() if name in MARKS}
        specials = {_content(mark) for mark in named.values()}
        for content, index in _object(directory / "added_tokens.json").items():
            special = content in specials
            tokens[index] = AddedToken(content, normalized=not special, special=special)
        tokens |= {token["id"]: _as_added(token) for token in told}
    by_content = {token.content: token for token in tokens.values()}
    named = {name: by_content.get(_content(mark), mark) for name, mark in named.items()}
    return [tokens[index] for index in sorted(tokens)], named


def _token(said: Any, *, special: bool = False) -> str | AddedToken:
    """A mark as a configuration has it: a text, or an object that says how it is looked for, too."""
    return said if isinstance(said, str) else _as_added({**said, **({"special": True} if special else {})})


def _as_added(said: Mapping[str, Any]) -> AddedToken:
    return AddedToken(said["content"], **{flag: said[flag] for flag in FLAGS if flag in said})


def _content(mark: str | AddedToken) -> str:
    return mark if isinstance(mark, str) else mark.content


def _specials(named: Named, tokens: Sequence[AddedToken]) -> list[AddedToken]:
    """The marks that are not among the tokens. Of the same text the last one holds, as in transformers."""
    there = {token.content for token in tokens}
    marks = (mark for mark in named.values() if _content(mark) not in there)
    return [AddedToken(mark, special=True) if isinstance(mark, str) else mark for mark in marks]


def _core(vocabulary: dict[str, int], merges: list[tuple[str, str]], unknown: str) -> Tokenizer:
    """What splits, joins and looks up."""
    core = Tokenizer(
        BPE(
            vocab=vocabulary,
            merges=merges,
            continuing_subword_prefix="",
            end_of_word_suffix=WORD_END,
            fuse_unk=False,
            unk_token=unknown,
        )
    )
    core.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    core.decoder = decoders.ByteLevel()
    return core
