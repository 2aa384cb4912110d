"""Packed weights on disk: the bits of those that were packed, found instead of packing, and never needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from invoke_cli.diffusion.kernels import Packed
from invoke_cli.diffusion.packed import dense, unpack
from invoke_cli.diffusion.walk import Walk
from invoke_cli.models import shelf
from invoke_cli.models.entries import ModelEntry
from invoke_cli.models.kept import PACKED, Kept
from invoke_cli.models.packed_tensors import can_be_made
from invoke_cli.models.shelf import shelve
from invoke_cli.models.sources import load_directory
from tests.tiny import make_unet, save_model

PLENTY = 2**40
mkldnn = torch.ops.mkldnn
pytestmark = pytest.mark.skipif(not can_be_made(), reason="torch makes no packed tensors of memory here")


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    folder = tmp_path / "weights"
    folder.mkdir()
    return Kept(folder, PLENTY)


@pytest.fixture(autouse=True)
def everything_is_worthwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SMALL", "WORTHWHILE"):
        monkeypatch.setattr(shelf, name, 0)


@pytest.fixture
def packings(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What is packed anew from then on."""
    seen: list[tuple[str, str]] = []
    offer = shelf.Shelf.offer

    def noted(self: shelf.Shelf, key: tuple[str, str], packed: Tensor) -> None:
        seen.append(key)
        offer(self, key, packed)

    monkeypatch.setattr(shelf.Shelf, "offer", noted)
    return seen


def walked(unet: Any, side: int = 8, rows: int = 2, *, spare: bool = True) -> Tensor:
    """What the UNet predicts of random latents of this side."""
    torch.manual_seed(7)
    z, embeddings = torch.randn(1, 4, side, side), torch.randn(rows, 77, 16)
    walk = Walk(unet, Packed(spare=spare))
    with torch.inference_mode():
        return walk(z, walk.times(2.5, torch.float32, None, None), walk.texts(embeddings, {}))


def shelved(kept: Kept, name: str = "unet") -> Any:
    unet = make_unet()
    shelve(unet, kept, name)
    return unet


def fill(network: Any) -> None:
    """Put on its shelf what the network has packed, and wait for it."""
    thread = network.shelf.fill()
    if thread is not None:
        thread.join()


def files(kept: Kept) -> list[Path]:
    return sorted(kept.folder.glob(f"*{PACKED}"))


@pytest.mark.parametrize("spare", [True, False])
def test_a_later_start_finds_all_that_was_packed_and_predicts_the_same_bits(
    kept: Kept, packings: list[tuple[str, str]], *, spare: bool
) -> None:
    plain, first = walked(make_unet()), shelved(kept)
    expected = walked(first, spare=spare)
    assert torch.equal(expected, plain)
    fill(first)
    assert len(packings) > 40
    packings.clear()
    later = shelved(kept)
    assert torch.equal(walked(later, spare=spare), expected)
    assert packings == []
    fill(later)
    assert len(files(kept)) == 1


def test_the_plain_weights_come_back_bit_for_bit_from_what_was_found(kept: Kept) -> None:
    first = shelved(kept)
    walked(first)
    fill(first)
    later = shelved(kept)
    walked(later)
    assert len([weight for weight in later.parameters() if weight.is_meta]) > 40
    unpack(later)
    for (name, weight), own in zip(later.named_parameters(), make_unet().parameters(), strict=True):
        assert torch.equal(weight, own), name


def test_another_size_adds_what_is_laid_out_otherwise(kept: Kept, packings: list[tuple[str, str]]) -> None:
    first = shelved(kept)
    walked(first, 8)
    fill(first)
    packings.clear()
    second = shelved(kept)
    expected = walked(second, 24)
    convolutions = {name for name, module in second.named_modules() if isinstance(module, nn.Conv2d)}
    assert packings
    assert {name.split(".weight")[0] for name, _ in packings} <= convolutions
    fill(second)
    assert len(files(kept)) == 2
    packings.clear()
    third = shelved(kept)
    assert torch.equal(walked(third, 24), expected)
    walked(third, 8)
    assert packings == []


def test_the_same_layout_for_something_else_is_only_named(
    kept: Kept, packings: list[tuple[str, str]]
) -> None:
    """More rows at once are laid out alike by most processors; whatever is, has no second copy."""
    first = shelved(kept)
    walked(first)
    fill(first)
    packings.clear()
    more = shelved(kept)
    walked(more, rows=6)
    assert len(packings) > 20
    fill(more)
    entries = [entry for path in files(kept) for entry in shelf._entries(path)]
    copies = [(key[0], layout) for key, layout, form in entries if form is not None]
    assert len(copies) == len(set(copies)) < len(entries)
    packings.clear()
    walked(shelved(kept), rows=6)
    assert packings == []


@pytest.mark.parametrize("damage", ["cut", "header", "words", "empty", "layout"])
def test_a_damaged_file_is_as_good_as_none(kept: Kept, packings: list[tuple[str, str]], damage: str) -> None:
    first = shelved(kept)
    expected = walked(first)
    fill(first)
    packings.clear()
    (path,) = files(kept)
    content = path.read_bytes()
    path.write_bytes(
        {
            "cut": content[:-5000],
            "header": (2**50).to_bytes(8, "little") + content[8:],
            "words": content[:8] + b"x" + content[9:],
            "empty": b"",
            "layout": content.replace(b", 0, [", b", 1, [", 1),
        }[damage]
    )
    assert torch.equal(walked(shelved(kept)), expected)
    assert len(packings) > 40


def test_little_waits_in_memory_to_be_written(kept: Kept) -> None:
    unet = shelved(kept)
    walked(unet)
    fill(unet)
    unet.shelf._most = size = sum(weight.nbytes for weight in unet.parameters())
    for side in (16, 24, 32):
        walked(unet, side)
    assert 0 < unet.shelf._new.held <= size
    fill(unet)
    assert unet.shelf._new.held == 0


def test_a_file_that_goes_while_it_is_used_is_not_missed(kept: Kept) -> None:
    first = shelved(kept)
    expected = walked(first)
    fill(first)
    later = shelved(kept)
    assert torch.equal(walked(later), expected)
    files(kept)[0].unlink()
    assert torch.equal(walked(later), expected)
    assert torch.equal(walked(later, 16), walked(make_unet(), 16))
    assert torch.equal(walked(later, 8), expected)


def test_weights_that_an_adapter_puts_in_are_packed_as_they_are(kept: Kept) -> None:
    first = shelved(kept)
    expected = walked(first)
    fill(first)
    later, plain = shelved(kept), make_unet()
    for unet in (later, plain):
        for module in (unet.conv_in, unet.mid_block.attentions[0].proj_in):
            module.weight = nn.Parameter(dense(module.weight) * 2, requires_grad=False)
    changed = walked(later)
    assert torch.equal(changed, walked(plain))
    assert not torch.equal(changed, expected)


def test_a_network_that_is_float32_for_a_while_packs_its_own(kept: Kept) -> None:
    """As where half precision gives no numbers; see `rescue`."""
    if not mkldnn._is_mkldnn_bf16_supported():
        pytest.skip("this processor packs no bfloat16")
    halved, plain = make_unet().to(torch.bfloat16), make_unet().to(torch.bfloat16).float()
    shelve(halved, kept, "unet")
    place, purpose = halved.conv_in.weight.place, ((1, 1), (1, 4, 8, 8))
    place.offer(purpose, (0, 1), mkldnn._reorder_linear_weight(torch.ones(4, 4, dtype=torch.bfloat16)))
    fill(halved)
    assert place.find(purpose, (0, 1), (4, 4)) is not None
    assert torch.equal(walked(halved.float()), walked(plain))


def test_other_surroundings_have_a_shelf_of_their_own(
    kept: Kept, packings: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = shelved(kept)
    walked(first)
    fill(first)
    packings.clear()
    monkeypatch.setattr(shelf, "surroundings", lambda: "another")
    walked(shelved(kept))
    walked(shelved(kept, "other weights"))
    assert len(packings) > 80


def test_without_room_nothing_is_written_and_packed_files_make_room_for_packed_ones(kept: Kept) -> None:
    unet = shelved(Kept(kept.folder, 1000))
    walked(unet)
    fill(unet)
    assert files(kept) == []
    source = kept.folder / "weights.safetensors"
    source.write_bytes(bytes(1000))
    full = shelved(kept)
    walked(full)
    fill(full)
    (path,) = files(kept)
    other = shelved(Kept(kept.folder, path.stat().st_size * 3 // 2), "other")
    walked(other)
    fill(other)
    assert path not in files(kept)
    assert len(files(kept)) == 1
    assert source.exists()  # though it is older: what is packed was made of it


def test_a_file_is_whole_or_not_there(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("invoke_cli.models.kept.os.replace", full)
    unet = shelved(kept)
    expected = walked(unet)
    fill(unet)
    assert list(kept.folder.iterdir()) == []
    assert torch.equal(walked(unet), expected)


def test_a_model_has_shelves_from_its_second_start_on(tmp_path: Path, kept: Kept) -> None:
    model = save_model(tmp_path / "model")
    entry = ModelEntry(name="tiny", source=str(model))

    def started(dtype: torch.dtype, kept: Kept | None) -> list[bool]:
        bundle = load_directory(model, entry, torch.device("cpu"), dtype, kept)
        return [hasattr(network, "shelf") for network in (bundle.unet, bundle.vae)]

    assert started(torch.bfloat16, kept) == [False, False]
    assert started(torch.bfloat16, kept) == [True, True]
    assert started(torch.bfloat16, None) == [False, False]
    assert started(torch.float32, kept) == [True, True]  # nothing has to be converted
