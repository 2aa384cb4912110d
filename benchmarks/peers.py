"""What people would run instead: diffusers' own pipeline, in the settings that they would choose.

Run as a program it is the script that such a person writes; it says "saved" when its picture is.
Nothing of this project is imported here.
"""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

DEFAULT = "diffusers"
TUNED = "diffusers, tuned"
COMPILED = "diffusers, compiled"
OPENVINO = "OpenVINO"


def pipeline(model: str, who: str, device: str, half: str) -> Any:
    """The pipeline of a contestant, loaded and on its device.

    half: the half precision that a person would choose here, "float32" where there is none.
    On a GPU everybody uses half precision; on a CPU only those who tune do. Raises ImportError.
    """
    import torch
    from diffusers import LMSDiscreteScheduler, StableDiffusionImg2ImgPipeline

    _check_scipy()
    dtype = torch.float32 if who == DEFAULT and device == "cpu" else getattr(torch, half)
    pipe = StableDiffusionImg2ImgPipeline.from_pretrained(model, torch_dtype=dtype, safety_checker=None)
    pipe.scheduler = LMSDiscreteScheduler.from_config(pipe.scheduler.config)
    pipe = pipe.to(device)
    pipe.set_progress_bar_config(disable=True)
    if who in (TUNED, COMPILED):
        pipe.unet.to(memory_format=torch.channels_last)
        pipe.vae.to(memory_format=torch.channels_last)
    if who == COMPILED:
        pipe.unet = torch.compile(pipe.unet, mode="reduce-overhead", fullgraph=True)
    return pipe


def _check_scipy() -> None:
    """Say in one sentence what diffusers says in five lines."""
    if find_spec("scipy") is None:
        raise ImportError("diffusers' LMS needs scipy, which is not installed: pip install '.[bench]'")


def convert(model: str, directory: str) -> None:
    """Write OpenVINO's form of a model, whole or not at all. Raises ImportError."""
    from optimum.intel import OVStableDiffusionImg2ImgPipeline

    pipe = OVStableDiffusionImg2ImgPipeline.from_pretrained(
        model, export=True, compile=False, safety_checker=None
    )
    unfinished = Path(f"{directory}-unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    pipe.save_pretrained(unfinished)
    unfinished.rename(directory)


def openvino(model: str) -> Any:
    """OpenVINO's pipeline by optimum-intel, of a converted model; `fit` compiles it. Raises ImportError."""
    from optimum.intel import OVStableDiffusionImg2ImgPipeline

    _check_scipy()
    from diffusers import LMSDiscreteScheduler

    pipe = OVStableDiffusionImg2ImgPipeline.from_pretrained(model, compile=False, safety_checker=None)
    pipe.scheduler = LMSDiscreteScheduler.from_config(pipe.scheduler.config)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def fit(pipe: Any, side: int, count: int) -> None:
    """Compile OpenVINO's pipeline for pictures of one size, as its guides advise; once for each size."""
    shape = (1, side, side, count)
    if getattr(pipe, "shaped", None) != shape:
        pipe.reshape(*shape)
        pipe.compile()
        pipe.shaped = shape


def draw(pipe: Any, asked: dict[str, Any]) -> list[Any]:
    """The pictures: `count` of one prompt and init picture, with one seed for all."""
    import torch
    from PIL import Image

    return list(
        pipe(
            asked["prompt"],
            image=Image.open(asked["init"]).convert("RGB"),
            strength=asked["strength"],
            num_inference_steps=asked["steps"],
            num_images_per_prompt=asked["count"],
            generator=torch.Generator("cpu").manual_seed(asked["seed"]),
        ).images
    )


def main() -> None:
    """MODEL WHO DEVICE HALF INIT STEPS STRENGTH PROMPT OUTPUT: one picture, as a person's script draws it.

    Or: convert MODEL DIRECTORY.
    """
    try:
        if sys.argv[1] == "convert":
            convert(*sys.argv[2:])
        else:
            _one_picture(*sys.argv[1:])
    except ImportError as error:
        sys.exit(str(error))


def _one_picture(
    model: str,
    who: str,
    device: str,
    half: str,
    init: str,
    steps: str,
    strength: str,
    prompt: str,
    output: str,
) -> None:
    asked = {"prompt": prompt, "init": init, "steps": int(steps), "strength": float(strength)}
    draw(pipeline(model, who, device, half), {**asked, "count": 1, "seed": 1})[0].save(output)
    sys.stdout.write("saved\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
