"""What the network of a checkpoint in one file predicts: asked, read in its notes, or said by the user."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from tests.checkpoints import Kind
from tests.models.conftest import loaded

pytestmark = pytest.mark.usefixtures("own_directory")


def steered(kind: Kind, answer: float) -> None:
    """Make the UNet answer nearly this everywhere, whatever it is given."""
    kind.unet.conv_out.weight.zero_()
    kind.unet.conv_out.bias.fill_(answer)


@pytest.mark.parametrize(("answer", "prediction", "native"), [(0.5, "epsilon", 40), (-3, "v_prediction", 64)])
def test_version_2_is_asked_what_it_predicts(
    answer: float, prediction: str, native: int, tiny_sizes: Any, tmp_path: Path
) -> None:
    kind = tiny_sizes("sd-2")
    steered(kind, answer)
    save_file(kind.tensors(), tmp_path / "model.safetensors")
    bundle = loaded(tmp_path / "model.safetensors")
    assert bundle.prediction == prediction
    assert bundle.native == pytest.approx(native, abs=3)
    assert loaded(tmp_path / "model.safetensors", prediction="sample").prediction == "sample"
    assert loaded(tmp_path / "model.safetensors", native_size=96).native == 96


def test_metadata_and_marks_say_what_is_predicted(tiny_sizes: Any, tmp_path: Path) -> None:
    tensors = tiny_sizes("sd-1").tensors()
    save_file(tensors, tmp_path / "noted.safetensors", metadata={"modelspec.prediction_type": "v"})
    save_file({**tensors, "v_pred": torch.zeros(0)}, tmp_path / "marked.safetensors")
    save_file({**tensors, "ztsnr": torch.zeros(0)}, tmp_path / "zero.safetensors")
    assert loaded(tmp_path / "noted.safetensors").prediction == "v_prediction"
    assert loaded(tmp_path / "marked.safetensors").prediction == "v_prediction"
    assert loaded(tmp_path / "zero.safetensors").table.sigmas[-1] == pytest.approx(4096, rel=1e-3)
    assert loaded(tmp_path / "zero.safetensors", zero_snr=False).table.sigmas[-1] < 15
    assert loaded(tmp_path / "noted.safetensors", zero_snr=True).table.sigmas[-1] > 4000
