"""How fast, and in how much memory, a full-size checkpoint loads; beside diffusers' own loader.

    python -m benchmarks.loading [--device cuda] [--repeat 3]

Writes a float16 checkpoint of Stable Diffusion 1.5's shapes and random weights to a temporary directory
(2.1 GB), then loads it in processes of their own: by reading the file and copying it once, which is the
floor; with this program; with diffusers. Every way is timed until the weights are on the device and each
page of them has been read. Memory is the growth of the process's peak over its imports; pages that are
mapped from the file count, although the system may take them back at any time.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from benchmarks.machine import GIGABYTE, say, shortage

NEEDED_DISK = 3.0
NEEDED_MEMORY = 7.0
MOST_MEMORY = 1.3
MOST_TIME = 1.2
PAGE = 2048
"""Half-precision numbers in a page of memory."""


def main() -> int:
    """Run all, print a table; returns 1 when a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        say(json.dumps(measured(WAYS[given.way], given.file, given.device)))
        return 0
    reason = shortage(NEEDED_MEMORY, NEEDED_DISK)
    if reason:
        say(f"skipped: {reason}")
        return 0
    with tempfile.TemporaryDirectory() as directory:
        return compared(Path(directory), given.device, given.repeat)


def compared(directory: Path, device: str, repeat: int) -> int:
    """Measure every way in turn, `repeat` times, and print the best of each."""
    size, samples = sampled(directory, device, repeat)
    best = {way: tuple(map(min, zip(*found, strict=True))) for way, found in samples.items()}
    say(f"file {size / GIGABYTE:.2f} GB, load average {os.getloadavg()[0]:.1f}, best of {repeat}")
    for way, (seconds, peak) in best.items():
        say(
            f"{way:10} {seconds:7.2f} s  {seconds / best['floor'][0]:5.2f} x floor  {peak / size:5.2f} x file"
        )
    seconds, peak = best["ours"]
    missed = seconds > MOST_TIME * best["floor"][0] or peak > MOST_MEMORY * size
    say(f"{'missed' if missed else 'met'} (limits: {MOST_TIME} x floor, {MOST_MEMORY} x file)")
    return int(missed)


def figures(directory: Path, device: str, repeat: int) -> Iterator[Figure]:
    """The same as figures for the table of all benchmarks; the floor takes part as a contestant."""
    size, samples = sampled(directory, device, repeat)
    named = {"floor": "reading and copying the file"}
    case = f"a float16 file of {size / GIGABYTE:.1f} GB"
    for place, measure, unit, scale in ((0, "load", "s", 1.0), (1, "peak of memory", "GB", GIGABYTE)):
        found = {
            named.get(way, way): [sample[place] / scale for sample in taken] for way, taken in samples.items()
        }
        yield Figure("loading", case, measure, unit, found)


def sampled(directory: Path, device: str, repeat: int) -> tuple[int, dict[str, list[tuple[float, float]]]]:
    """The size of the checkpoint, and the seconds and bytes of every way to load it, in turn."""
    file = directory / "model.safetensors"
    in_own_process([sys.executable, "-c", f"from benchmarks.loading import write; write({str(file)!r})"])
    samples: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for _ in range(repeat):
        for way, taken in samples.items():
            command = [sys.executable, "-m", "benchmarks.loading", f"--way={way}", f"--file={file}"]
            seconds, peak = json.loads(in_own_process([*command, f"--device={device}"]))
            taken.append((seconds, peak))
    return file.stat().st_size, samples


def in_own_process(command: list[str]) -> str:
    """What the command prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def measured(way: Callable[[Path, Any], list[Any]], file: Path, device: str) -> tuple[float, float]:
    """The seconds that the way takes and the bytes by which the peak of memory grows."""
    import torch
    from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel  # noqa: F401
    from transformers import CLIPTextModel  # noqa: F401

    place = torch.device(device)
    torch.zeros(1, device=place)
    way_ready = way(file, None)
    del way_ready
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before, started = memory("VmRSS"), time.perf_counter()
    for tensor in way(file, place):
        tensor.flatten()[::PAGE].sum().item()
    return time.perf_counter() - started, memory("VmHWM") - before


def memory(what: str) -> float:
    """A figure of /proc/self/status in bytes."""
    found = re.search(rf"{what}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return float(found[1]) * 1024 if found else 0.0


def floor(file: Path, device: Any) -> list[Any]:
    """Read the file piece by piece into memory that the tensors then live in."""
    import torch

    if device is None:
        return []
    count = file.stat().st_size // 2
    weights = torch.empty(count, dtype=torch.float16)
    with file.open("rb") as stream:
        stream.readinto(weights.numpy().view("uint8").data)
    return [weights.to(device)]


def ours(file: Path, device: Any) -> list[Any]:
    """Everything of this program's loading but tokenizer and Bundle."""
    import diffusers.loaders.single_file_utils  # noqa: F401
    import torch

    from invoke_cli.models.architectures import recognise
    from invoke_cli.models.bundles import assemble  # noqa: F401
    from invoke_cli.models.networks import fill  # noqa: F401
    from invoke_cli.models.pickles import load_tensors  # noqa: F401
    from invoke_cli.models.single_file import described, load_networks

    found = recognise(described(file)[0], file)
    if device is None:
        return []
    networks = load_networks(file, found, device, torch.float16)
    return [tensor for network in networks.values() for tensor in network.parameters()]


def diffusers(file: Path, device: Any) -> list[Any]:
    """Its pipeline, with the same configurations, which it would fetch from the hub else."""
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from diffusers.loaders.single_file_utils import create_diffusers_clip_model_from_ldm
    from safetensors.torch import load_file
    from transformers import CLIPTextModel

    from invoke_cli.models.architectures import configs_directory

    if device is None:
        return []
    configs = str(configs_directory() / "architectures" / "sd-1")
    options = {"torch_dtype": torch.float16, "local_files_only": True}
    checkpoint = load_file(file)  # once for all parts, as its pipelines do
    parts = [
        kind.from_single_file(dict(checkpoint), config=configs, subfolder=part, **options)
        for kind, part in ((UNet2DConditionModel, "unet"), (AutoencoderKL, "vae"))
    ]
    text = create_diffusers_clip_model_from_ldm(
        CLIPTextModel, checkpoint=checkpoint, subfolder="text_encoder", config=configs, **options
    )
    return [tensor for part in (*parts, text) for tensor in part.to(device).parameters()]


def write(file: str) -> None:
    """A checkpoint of Stable Diffusion 1.5's names and shapes, float16, random weights."""
    import torch
    from safetensors.torch import save_file

    from invoke_cli.models.architectures import configs_directory
    from invoke_cli.models.files import read_json
    from invoke_cli.models.networks import empty_network
    from tests.checkpoints import clip, flat_as_convolution, unet_name, vae_name

    configs = configs_directory() / "architectures" / "sd-1"
    unet, vae, text = (
        empty_network(read_json(configs / part / "config.json")) for part in ("unet", "vae", "text_encoder")
    )
    empty = {"model.diffusion_model." + unet_name(n, unet): t for n, t in unet.state_dict().items()}
    empty |= {
        "first_stage_model." + vae_name(n): flat_as_convolution(n, t) for n, t in vae.state_dict().items()
    }
    empty |= {"cond_stage_model.transformer." + n: t for n, t in clip(text).items() if t.is_meta}
    block = (torch.randn(2**20) / 50).half()
    save_file({name: filled(tensor.shape, block) for name, tensor in empty.items()}, file)


def filled(shape: Any, block: Any) -> Any:
    """A tensor of the shape that repeats the block's numbers; drawing all anew would take minutes."""
    return block.repeat(shape.numel() // len(block) + 1)[: shape.numel()].reshape(shape)


WAYS: dict[str, Callable[[Path, Any], list[Any]]] = {"floor": floor, "ours": ours, "diffusers": diffusers}

if __name__ == "__main__":
    sys.exit(main())
