"""The machine: what it is, how fast it multiplies, and how much work the networks are."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

GIGABYTE = 1e9
SIDES = {"cpu": (1024, 2048, 4096), "cuda": (4096, 8192)}
"""Of the square matrices whose products are timed; the fastest counts."""
PARTS = ("unet", "vae", "text_encoder")


def conditions() -> dict[str, Any]:
    """What may change between the pieces of a run: the load before it, and the threads of each process."""
    import torch

    load = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None
    return {"load before": load, "threads": torch.get_num_threads()}


def described(device: str) -> dict[str, Any]:
    """What figures mean nothing without, and all pieces of a run have in common."""
    import torch

    from invoke_cli.models.devices import cpu_has_bfloat16

    found: dict[str, Any] = {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "bfloat16": cpu_has_bfloat16(),
        "memory, GB": round(memory() / GIGABYTE, 1),
        "python": platform.python_version(),
        "gpu": torch.cuda.get_device_name() if device == "cuda" else None,
    }
    for package in ("torch", "diffusers", "transformers"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def memory() -> int:
    """The bytes of main memory."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def free_memory() -> float:
    """The bytes that may be used without pushing anybody out; file caches count as free."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(float(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def peak_memory() -> float:
    """The most bytes that this process had in main memory so far."""
    return own_memory()["VmHWM"]


def own_memory() -> dict[str, float]:
    """What this process has in main memory, in bytes, as Linux names it in /proc/self/status.

    VmHWM: the most so far. VmRSS: now. RssAnon: of that, what is in no file. Elsewhere only the first.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        values = dict(line.split(":", 1) for line in lines)
        return {name: float(values[name].split()[0]) * 1024 for name in ("VmHWM", "VmRSS", "RssAnon")}
    except (OSError, KeyError):
        import resource

        scale = 1 if sys.platform == "darwin" else 1024
        return {"VmHWM": float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * scale}


def shortage(gigabytes: float, disk: float) -> str:
    """Why this machine is too small; nothing when it is not."""
    there = shutil.disk_usage(tempfile.gettempdir()).free / GIGABYTE
    if there < disk:
        return f"{there:.1f} GB of disk are free, {disk:.1f} are needed"
    room = free_memory() / GIGABYTE
    return f"{room:.1f} GB of memory are free, {gigabytes:.1f} are needed" if room < gigabytes else ""


def product_rate(dtype: str, device: str, seconds: float = 1.0) -> float:
    """Floating-point operations a second in the best matrix product: 2 n^3 for two n x n matrices.

    On a CPU both of torch's libraries are tried, for on AMD's MKL multiplies at half of oneDNN's rate.
    """
    import torch

    kind, place = getattr(torch, dtype), torch.device(device)
    sides, ways = SIDES[place.type], (_plain, _packed) if place.type == "cpu" else (_plain,)
    share = seconds / len(sides) / len(ways)
    return max(_rate(torch, way, side, kind, place, share) for side in sides for way in ways)


def _plain(_torch: Any, left: Any, right: Any) -> Callable[[], Any]:
    return lambda: left @ right


def _packed(torch: Any, left: Any, right: Any) -> Callable[[], Any]:
    """OneDNN's product with a right side in the order in which it multiplies; or else torch's own."""
    if not torch.backends.mkldnn.is_available():
        return _plain(torch, left, right)
    packed = torch.ops.mkldnn._reorder_linear_weight(right.T.contiguous())
    return lambda: torch.ops.mkldnn._linear_pointwise(left, packed, None, "none", [], "")


def _rate(torch: Any, way: Any, side: int, dtype: Any, device: Any, seconds: float) -> float:
    left, right = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    product = way(torch, left, right)
    product()
    best, until = 0.0, time.perf_counter() + seconds
    while True:
        _wait(torch, device)
        started = time.perf_counter()
        product()
        _wait(torch, device)
        best = max(best, 2 * side**3 / (time.perf_counter() - started))
        if time.perf_counter() > until:
            return best


def _wait(torch: Any, device: Any) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def work(model: Path, side: int) -> dict[str, float]:
    """The floating-point operations of each network for one picture of side x side pixels.

    "unet" is a step with both halves of guidance; "encode" and "decode" are the autoencoder's.
    Counted by torch on networks without memory, from the configurations in `model`.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from invoke_cli.models.files import read_json
    from invoke_cli.models.networks import empty_network

    unet, vae, text = (empty_network(read_json(model / part / "config.json")) for part in PARTS)
    factor = 2 ** (len(vae.config.block_out_channels) - 1)
    width, latent = unet.config.cross_attention_dim, side // factor
    with torch.device("meta"):
        latents = torch.empty(2, unet.config.in_channels, latent, latent)
        words = torch.empty(2, 77, width)
        calls = {
            "unet": lambda: unet(latents, torch.empty(2), words),
            "encode": lambda: vae.encode(torch.empty(1, 3, side, side)),
            "decode": lambda: vae.decode(latents[:1, : vae.config.latent_channels]),
            "text": lambda: text(torch.zeros(1, 77, dtype=torch.long)),
        }
        found = {}
        for name, call in calls.items():
            with FlopCounterMode(display=False) as counter, torch.no_grad():
                call()  # type: ignore[no-untyped-call]
            found[name] = float(counter.get_total_flops())
    return found


def weights(model: Path) -> int:
    """The numbers in the networks of a diffusers directory."""
    from invoke_cli.models.files import read_json
    from invoke_cli.models.networks import empty_network

    networks = (empty_network(read_json(model / part / "config.json")) for part in PARTS)
    return sum(tensor.numel() for network in networks for tensor in network.parameters())


def floor(work: Mapping[str, float], steps: int, rate: float) -> float:
    """The least seconds that a picture takes whose prompt and init picture were seen before.

    steps: how many are run. rate: of matrix products, in operations a second. The work is that of networks
    as they are called; a walk that shares parts between the halves of guidance needs less.
    """
    return (work["unet"] * steps + work["decode"]) / rate


def say(text: str = "") -> None:
    """Print a line, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
