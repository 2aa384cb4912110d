"""ComfyUI's graphs, built as the program queues them."""

from __future__ import annotations

import json
from typing import Any

from invoke_cli.session.dialects import Found, read


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def graph(**changes: Any) -> dict[str, Any]:
    """The usual graph: a checkpoint, a LoRA, two texts, an empty latent, one sampler, one saved picture."""
    # fmt: off
    nodes = {
        "3": node("KSampler", seed=5, steps=20, cfg=8, sampler_name="euler_ancestral", scheduler="normal",
                  denoise=1, model=["10", 0], positive=["6", 0], negative=["7", 0], latent_image=["5", 0]),
        "4": node("CheckpointLoaderSimple", ckpt_name="v1-5.ckpt"),
        "5": node("EmptyLatentImage", width=512, height=768, batch_size=1),
        "6": node("CLIPTextEncode", text="a (cat:1.2) on a [mat], embedding:mug", clip=["10", 1]),
        "7": node("CLIPTextEncode", text="blurry", clip=["10", 1]),
        "8": node("VAEDecode", samples=["3", 0], vae=["4", 2]),
        "9": node("SaveImage", images=["8", 0], filename_prefix="x"),
        "10": node("LoraLoader", lora_name="styles/grain.safetensors", strength_model=0.8, strength_clip=1,
                   model=["4", 0], clip=["4", 1]),
    }
    # fmt: on
    return {**nodes, **changes}


def sampler(**changes: Any) -> dict[str, Any]:
    return node("KSampler", **{**graph()["3"]["inputs"], **changes})


def found(nodes: dict[str, Any]) -> Found:
    result = read({"prompt": json.dumps(graph(**nodes))})
    assert result is not None
    return result


def test_the_usual_graph() -> None:
    picture = found({})
    assert picture.line == (
        "a (cat)1.2 on a \\[mat\\], <mug> withLora(grain,0.8) [blurry] "
        "-s 20 -S 5 -W 512 -H 768 -C 8 -A k_euler_a"
    )
    assert (picture.program, picture.model, picture.lost) == ("ComfyUI", "v1-5.ckpt", ())


def test_from_a_picture_all_steps_run() -> None:
    request = found(
        {
            "3": sampler(denoise=0.6, latent_image=["11", 0], scheduler="karras"),
            "11": node("VAEEncode", pixels=["12", 0], vae=["4", 2]),
            "12": node("LoadImage", image="my sketch.png"),
        }
    ).request
    assert (request.init_img, request.strength, request.steps_run) == ("my sketch.png", 0.6, 20)
    assert (request.steps, request.karras_max) == (None, 1000)


def test_linked_inputs_are_followed() -> None:
    request = found(
        {
            "3": sampler(seed=["20", 0], steps=["21", 0], positive=["23", 0]),
            "20": node("Seed Generator", seed=77),
            "21": node("Int", value=33),
            "22": node("Text", string="a dog"),
            "23": node("CLIPTextEncode", text=["22", 0], clip=["4", 1]),
        }
    ).request
    assert (request.seed, request.steps) == (77, 33)
    assert request.prompt.startswith("a dog ")


def test_the_advanced_sampler_counts_its_steps_from_the_whole_way() -> None:
    inputs = graph()["3"]["inputs"] | {"noise_seed": 9, "start_at_step": 5, "end_at_step": 10000}
    del inputs["seed"], inputs["denoise"]
    request = found({"3": node("KSamplerAdvanced", **inputs)}).request
    assert (request.seed, request.steps, request.strength) == (9, 20, 0.75)
    stops = {**inputs, "start_at_step": 0, "end_at_step": 12}
    assert "that it stops after step 12" in found({"3": node("KSamplerAdvanced", **stops)}).lost


def test_a_sampler_made_of_parts() -> None:
    # fmt: off
    request = found({
        "3": node("SamplerCustomAdvanced", noise=["30", 0], guider=["31", 0], sampler=["32", 0],
                  sigmas=["33", 0], latent_image=["5", 0]),
        "30": node("RandomNoise", noise_seed=8),
        "31": node("CFGGuider", cfg=4.5, model=["4", 0], positive=["6", 0], negative=["7", 0]),
        "32": node("KSamplerSelect", sampler_name="dpmpp_2m"),
        "33": node("BasicScheduler", scheduler="karras", steps=25, denoise=1, model=["4", 0]),
    }).request
    # fmt: on
    assert (request.seed, request.steps, request.cfg_scale) == (8, 25, 4.5)
    assert (request.sampler, request.karras_max) == ("k_dpmpp_2", 1000)


def two_passes(enlarging: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "8": node("VAEDecode", samples=["40", 0]),
        "40": sampler(**{"latent_image": ["41", 0], "denoise": 0.5, **changes}),
        "41": enlarging,
    }


def test_a_second_pass_over_an_enlarged_latent_is_hires_fix() -> None:
    to_size = found(two_passes(node("LatentUpscale", samples=["3", 0], width=1024, height=1536)))
    by_scale = found(two_passes(node("LatentUpscaleBy", samples=["3", 0], scale_by=2)))
    for picture in (to_size, by_scale):
        request = picture.request
        assert (request.hires_fix, request.strength, request.steps) == (True, 0.5, 20)
        assert (request.width, request.height, picture.lost) == (1024, 1536, ())
    fewer = found(two_passes(node("LatentUpscaleBy", samples=["3", 0], scale_by=2), steps=14))
    assert fewer.lost == ("that the second pass runs 14 steps",)


def test_other_passes_and_unknown_nodes_are_told() -> None:
    picture = found(
        {
            **two_passes(node("LatentNothing", samples=["3", 0]), steps=14),
            "6": node("ControlNetApply", conditioning=["42", 0], strength=1),
            "42": node("CLIPTextEncode", text="a cat", clip=["4", 1]),
        }
    )
    assert (picture.request.steps, picture.request.hires_fix) == (20, None)
    assert picture.request.prompt.startswith("a cat ")
    told = {"a further pass by KSampler (14 steps, denoise 0.5)", "the node ControlNetApply"}
    assert told <= set(picture.lost)


def test_graphs_in_circles_end() -> None:
    circle = {
        "3": sampler(latent_image=["5", 0], seed=["3", 0], model=["3", 0]),
        "5": node("Latent", samples=["3", 0]),
        "6": node("ConditioningCombine", conditioning_1=["6", 0], conditioning_2=["3", 0]),
    }
    assert found(circle).request.prompt == "[blurry]"


def test_a_graph_that_does_not_sample_is_none() -> None:
    assert read({"prompt": json.dumps({"1": node("LoadImage", image="a.png")})}) is None
    assert read({"prompt": json.dumps({"1": [], "2": {"class_type": 5}})}) is None
