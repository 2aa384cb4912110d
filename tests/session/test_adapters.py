"""Lines that name LoRAs and embeddings, through the whole session."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from invoke_cli.errors import PromptError
from invoke_cli.imaging.metadata import read_texts, unpack
from invoke_cli.models.catalog import Catalog
from invoke_cli.models.entries import ModelEntry
from invoke_cli.session.session import Session
from invoke_cli.settings import Settings
from tests.session.conftest import failure, notices, pixels, planned, saved

Adapted = Callable[..., Session]
LINE = "a cat -S 1 -s 2 -C 4"


@pytest.fixture
def adapted(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Adapted:
    """Sessions with a LoRA "grain", a trigger <toy> and one that fits nothing; loras are the model's own."""
    monkeypatch.chdir(tmp_path)
    drawn = torch.Generator().manual_seed(0)
    for folder in ("loras", "embeddings"):
        (tmp_path / folder).mkdir()
    tensors = {
        "lora_unet_conv_in.lora_up.weight": torch.randn(8, 2, 1, 1, generator=drawn),
        "lora_unet_conv_in.lora_down.weight": torch.randn(2, 4, 3, 3, generator=drawn),
        "lora_unet_conv_in.alpha": torch.tensor(1.0),
    }
    save_file(tensors, tmp_path / "loras" / "grain.safetensors")
    save_file({"unet.x.lora_A.weight": torch.ones(2, 2)}, tmp_path / "loras" / "other.safetensors")
    torch.save({"<toy>": torch.randn(2, 16, generator=drawn)}, tmp_path / "embeddings" / "toy.bin")

    def make(*, dry_run: bool = False, loras: tuple[tuple[str, float], ...] = ()) -> Session:
        entry = ModelEntry(name="tiny", source=str(tiny_model), loras=loras)
        settings = Settings(
            model="tiny",
            device="cpu",
            dry_run=dry_run,
            lora_directory=str(tmp_path / "loras"),
            embedding_directory=str(tmp_path / "embeddings"),
        )
        return Session(settings, Catalog({"tiny": entry}))

    return make


def test_adapters_change_from_line_to_line_and_leave_no_trace(adapted: Adapted, tmp_path: Path) -> None:
    session = adapted()
    plain = pixels(saved(session.run(LINE))[0].path)
    events = list(session.run(f"{LINE} withLora(grain,0.8)"))
    assert "LoRA grain at 0.8: 3 of 3 keys match" in notices(events)
    with_lora = saved(events)[0]
    with_word = pixels(saved(session.run(f"{LINE} <toy>"))[0].path)
    again = pixels(saved(session.run(LINE))[0].path)
    assert not np.array_equal(plain, pixels(with_lora.path))
    assert not np.array_equal(plain, with_word)
    assert np.array_equal(plain, again)
    assert not notices(session.run(LINE))
    assert "withLora(grain,0.8)" in with_lora.line
    remade = saved(session.run(with_lora.line))[0]
    assert np.array_equal(pixels(with_lora.path), pixels(remade.path))


def test_files_name_their_adapters(adapted: Adapted, tmp_path: Path) -> None:
    from invoke_cli.models.folders import Stamp

    made = saved(adapted().run(f"{LINE} <lora:grain:0.5> <toy>"))[0]
    texts = read_texts(made.path)
    assert "<lora:grain:0.5> <toy>" in unpack(texts).line
    facts = next(json.loads(text) for text in texts.values() if text.startswith("{"))
    lora, word = tmp_path / "loras" / "grain.safetensors", tmp_path / "embeddings" / "toy.bin"
    assert facts["adapters"] == [
        {"kind": "lora", "name": "grain", "weight": 0.5, "sha256": Stamp.of(lora).sha256},
        {"kind": "embedding", "name": "toy", "sha256": Stamp.of(word).sha256},
    ]


@pytest.mark.parametrize(
    ("named", "message", "hint"),
    [
        ("withLora(grian)", "there is no LoRA 'grian'", "did you mean grain?"),
        ("<lora:grian:1>", "there is no LoRA 'grian'", "did you mean grain?"),
        ("<tyo>", "there is no embedding 'tyo'", "did you mean toy?"),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_what_is_not_there_is_found_while_planning(
    adapted: Adapted, named: str, message: str, hint: str, dry_run: bool
) -> None:
    line = f"a cat {named} by day -s 2"
    failed = failure(adapted(dry_run=dry_run).run(line))
    assert isinstance(failed.error, PromptError)
    assert message in failed.error.message
    assert hint in failed.error.hint
    span = failed.error.span
    assert span is not None
    assert line[span.start : span.end] == named


def test_a_lora_that_fits_nothing_is_an_error_and_the_session_goes_on(adapted: Adapted) -> None:
    session = adapted()
    assert "nothing in the LoRA other" in failure(session.run(f"{LINE} withLora(other)")).error.message
    assert saved(session.run(LINE))


def test_a_models_own_loras_are_pinned_into_its_lines(adapted: Adapted) -> None:
    session = adapted(dry_run=True, loras=(("grain", 0.7),))
    assert "a cat withLora(grain,0.7)" in planned(session.run(LINE))[0].line
    assert "0.7" not in planned(session.run(f"{LINE} withLora(grain,0.2)"))[0].line
    line = planned(session.run(LINE))[0].line
    assert planned(session.run(line))[0].line == line


def test_a_models_own_lora_that_is_missing_is_an_error(adapted: Adapted) -> None:
    failed = failure(adapted(dry_run=True, loras=(("gone", 1.0),)).run(LINE))
    assert "there is no LoRA 'gone'" in failed.error.message


def test_names_are_offered_to_completion(adapted: Adapted) -> None:
    world = adapted().world()
    assert world.loras == ("grain", "other")
    assert world.terms == ("<toy>",)


def test_a_comparison_wears_what_its_line_asks_for(adapted: Adapted) -> None:
    session = adapted()
    plain, dressed = (
        list(session.compare(f"a cat{lora} -S1 -s1,2")) for lora in ("", " withLora(grain,0.8)")
    )
    assert "LoRA grain at 0.8: 3 of 3 keys match" in notices(dressed)
    assert len(saved(plain, "sheet")) == len(saved(dressed, "sheet")) == 1
    for bare, worn in zip(saved(plain), saved(dressed), strict=True):
        assert "withLora(grain,0.8)" in worn.line
        assert not np.array_equal(pixels(bare.path), pixels(worn.path))
