"""Tensors mapped one by one: the library's, to the last bit, and gone from memory when nobody needs them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from invoke_cli.models.mapped import DTYPES, SMALL, mapped_tensors

LARGE = 3 * SMALL


def saved(path: Path, tensors: dict[str, torch.Tensor]) -> Path:
    save_file(tensors, path, {"format": "pt"})
    return path


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=str)
@pytest.mark.parametrize("count", [1, 7, SMALL, LARGE + 1])
def test_every_dtype_and_size_is_as_the_library_reads_it(
    tmp_path: Path, dtype: torch.dtype, count: int
) -> None:
    values = torch.randint(0, 2 if dtype == torch.bool else 100, (count,)).to(dtype)
    path = saved(tmp_path / "a.safetensors", {"odd": torch.zeros(3, dtype=torch.uint8), "it": values})
    expected, found = load_file(path), mapped_tensors(path)
    assert found.keys() == expected.keys()
    for name, tensor in found.items():
        assert tensor.dtype == expected[name].dtype
        assert torch.equal(tensor, expected[name])


def test_shapes_empty_tensors_and_rare_dtypes(tmp_path: Path) -> None:
    tensors = {
        "matrix": torch.randn(300, 400),
        "none": torch.empty(0, 5),
        "number": torch.tensor(2.5),
        "rare": torch.randn(40).to(torch.float8_e4m3fn),
    }
    path = saved(tmp_path / "a.safetensors", tensors)
    found = mapped_tensors(path)
    for name, tensor in tensors.items():
        assert found[name].shape == tensor.shape
        assert torch.equal(found[name].float(), tensor.float())


def test_writing_to_a_tensor_leaves_the_file_alone(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.safetensors", {"it": torch.ones(LARGE)})
    before = path.read_bytes()
    mapped_tensors(path)["it"].zero_()
    assert path.read_bytes() == before


@pytest.mark.parametrize("end", [4, 100, -1])
def test_a_file_that_was_cut_short_is_refused(tmp_path: Path, end: int) -> None:
    path = saved(tmp_path / "a.safetensors", {"it": torch.ones(LARGE)})
    path.write_bytes(path.read_bytes()[:end])
    with pytest.raises(ValueError, match=r"[Hh]eader"):
        mapped_tensors(path)


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's list of mappings")
def test_a_tensor_that_is_dropped_leaves_memory_while_others_stay(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.safetensors", {"one": torch.ones(LARGE), "two": torch.ones(LARGE)})
    tensors = mapped_tensors(path)
    assert mappings(path) == 2
    del tensors["one"]
    assert mappings(path) == 1
    assert tensors["two"].sum() == LARGE


def mappings(path: Path) -> int:
    return sum(str(path) in line for line in Path("/proc/self/maps").read_text().splitlines())


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts what Linux says is open")
def test_tensors_keep_no_file_open(tmp_path: Path) -> None:
    """A process commonly has 1,024 descriptors, and SDXL more tensors than that."""
    path = saved(tmp_path / "a.safetensors", {str(one): torch.ones(SMALL) for one in range(50)})
    before = set(Path("/proc/self/fd").iterdir())
    tensors = mapped_tensors(path)
    assert len(set(Path("/proc/self/fd").iterdir()) - before) < 10
    assert all(float(tensor.sum()) == SMALL for tensor in tensors.values())
