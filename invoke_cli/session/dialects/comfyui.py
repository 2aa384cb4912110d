"""ComfyUI's `prompt`: the graph that was run, read from the node that samples back to what feeds it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from invoke_cli.imaging.metadata import from_json
from invoke_cli.session.dialects.emphasis import COMFYUI, emphasised, lora
from invoke_cli.session.dialects.found import Found, Gathering, Texts, mapping, plain
from invoke_cli.session.dialects.graph import Graph, Node
from invoke_cli.session.dialects.samplers import take_sampler

PROGRAM = "ComfyUI"

_SAMPLING = re.compile(r"K?Sampler(?!Select)|SamplerCustom")
_LATENT = ("latent_image", "latent", "samples", "pixels", "image", "images", "upscale_model", "guider")
_CONDITIONING = re.compile(r"conditioning|positive|negative|cond")
_SEEDS = ("noise_seed", "seed")
_TEXTS = ("text", "text_g", "text_l", "clip_l", "t5xxl")
_EMBEDDING = re.compile(r"embedding:([\w.-]+?)(?:\.(?:pt|safetensors|bin))?(?=[\s,:)\]]|\Z)")
_DECODES = re.compile(r"VAEDecode|Save|Preview|Latent|VAEEncode|LoadImage|Image(Scale|Upscale)|UpscaleModel")


def read(texts: Texts) -> Found | None:
    """What a graph says; None where there is none, or none that samples."""
    graph = Graph(mapping(from_json(texts.get("prompt", ""))))
    passes = _passes(graph)
    if not passes:
        return None
    gathering = Gathering(PROGRAM)
    first = passes[-1]
    _take_settings(gathering, graph, first)
    _take_start(gathering, graph, first)
    prompts = [_prompt(gathering, graph, first, side) for side in ("positive", "negative")]
    negative = f"[{prompts[1]}]" if prompts[1] else ""
    gathering.take(prompt=" ".join(filter(None, [prompts[0], *_loras(gathering, graph, first), negative])))
    _take_later_passes(gathering, graph, passes[:-1])
    return gathering.found()


def _passes(graph: Graph) -> list[Node]:
    """The samplers behind the saved picture, the last one to work first."""
    for end in sorted(graph.ends(), key=lambda node: "Save" not in node.kind):
        found = [node for node in graph.upstream(end) if _samples(node)]
        if found:
            return found
    return [node for node in graph.nodes.values() if _samples(node)][:1]


def _samples(node: Node) -> bool:
    has_latent = "latent_image" in node.inputs or "latent" in node.inputs
    return has_latent and _SAMPLING.search(node.kind) is not None


def _take_settings(gathering: Gathering, graph: Graph, node: Node) -> None:
    guider = graph.linked(node, "guider")
    seed = graph.value(node, _SEEDS)
    gathering.take(
        seed=seed,
        cfg_scale=graph.value(node, ("cfg",)) if guider is None else graph.value(guider, ("cfg",)),
    )
    take_sampler(gathering, graph.value(node, ("sampler_name",)), graph.value(node, ("scheduler",)))
    _take_steps(gathering, graph, node)


def _take_steps(gathering: Gathering, graph: Graph, node: Node) -> None:
    """Steps and strength: with `denoise` all steps are run, KSamplerAdvanced counts from the whole way."""
    steps, denoise = graph.value(node, ("steps",)), graph.value(node, ("denoise",))
    if isinstance(denoise, int | float) and 0 < denoise < 1:
        gathering.take(strength=denoise, steps_run=steps)
        return
    gathering.take(steps=steps)
    start, end = graph.value(node, ("start_at_step",)), graph.value(node, ("end_at_step",))
    if isinstance(start, int) and isinstance(steps, int) and 0 < start < steps:
        gathering.take(strength=round((steps - start) / steps, 6))
    if isinstance(end, int) and isinstance(steps, int) and end < steps:
        gathering.lose(f"that it stops after step {end}")


def _take_start(gathering: Gathering, graph: Graph, node: Node) -> None:
    """The size of an empty start, or the picture to start from."""
    for fed in list(graph.upstream(node, _LATENT))[1:]:
        width, height = fed.inputs.get("width"), fed.inputs.get("height")
        if fed.kind.startswith("Empty"):
            gathering.take(width=graph.value(fed, ("width",)), height=graph.value(fed, ("height",)))
        elif fed.kind.startswith("LoadImage") and plain(fed.inputs.get("image")):
            gathering.take(init_img=str(fed.inputs["image"]).removesuffix(" [input]"))
        elif "mask" in fed.inputs:
            gathering.lose(f"the mask of {fed.kind}")
        elif plain(width) and plain(height):
            gathering.lose(f"{fed.kind} to {width}x{height}")
        elif not _DECODES.search(fed.kind):
            gathering.lose(f"the node {fed.kind}")
    if not gathering.holds("init_img") and gathering.holds("strength") and not gathering.holds("width"):
        gathering.lose("the picture that it started from (-I), whose name is not stored")


def _prompt(gathering: Gathering, graph: Graph, sampler: Node, side: str) -> str:
    """The texts behind one side of the guidance, our way."""
    source = graph.linked(sampler, "guider") or sampler
    behind = graph.linked(source, side)
    if behind is None and side == "positive":
        behind = graph.linked(source, "conditioning")
    if behind is None:
        return ""
    names = {name for node in graph.nodes.values() for name in node.inputs if _CONDITIONING.match(name)}
    names -= {"negative"} if side == "positive" else {"positive"}
    found: dict[str, None] = {}
    for node in graph.upstream(behind, names):
        texts = list(_texts(graph, node))
        found |= dict.fromkeys(texts)
        if not texts and "ZeroOut" in node.kind:
            break
        if not texts:
            gathering.lose(f"the node {node.kind}")
    text = ", ".join(emphasised(text, COMFYUI) for text in found if text.strip())
    return _EMBEDDING.sub(r"<\1>", text.replace("embedding\\:", "embedding:"))


def _texts(graph: Graph, node: Node) -> Iterator[str]:
    """The texts that a node encodes; of a model with two encoders usually twice the same."""
    for name in _TEXTS:
        if name in node.inputs:
            value = graph.value(node, (name,))
            if isinstance(value, str):
                yield value


def _loras(gathering: Gathering, graph: Graph, sampler: Node) -> Iterator[str]:
    """The LoRAs between the sampler and its model, as a prompt names them; and the model's own name."""
    source = graph.linked(sampler, "guider") or sampler
    for node in list(graph.upstream(source, ("model", "lora_stack")))[1:]:
        name = node.inputs.get("ckpt_name") or node.inputs.get("unet_name")
        if isinstance(name, str):
            gathering.model = name
        elif isinstance(node.inputs.get("lora_name"), str):
            yield lora(node.inputs["lora_name"], graph.value(node, ("strength_model", "strength")))
        else:
            gathering.lose(f"the node {node.kind}")


def _take_later_passes(gathering: Gathering, graph: Graph, passes: list[Node]) -> None:
    """One pass over an enlarged latent is what --hires_fix does; everything else is only told."""
    size = _enlarged(graph, passes[0], gathering) if len(passes) == 1 else None
    for node in passes:
        steps, denoise = graph.value(node, ("steps",)), graph.value(node, ("denoise",))
        if size is not None and isinstance(denoise, int | float) and 0 < denoise < 1:
            gathering.take(hires_fix=True, strength=denoise, width=size[0], height=size[1])
            if steps != graph.value(_first_behind(graph, node), ("steps",)):
                gathering.lose(f"that the second pass runs {steps} steps")
        else:
            details = [f"{steps} steps"] if plain(steps) else []
            details += [f"denoise {denoise}"] if plain(denoise) else []
            gathering.lose(f"a further pass by {node.kind} ({', '.join(details)})")


def _first_behind(graph: Graph, node: Node) -> Node:
    """The sampler whose latent this one goes on with."""
    return next(each for each in list(graph.upstream(node, _LATENT))[1:] if _samples(each))


def _enlarged(graph: Graph, node: Node, gathering: Gathering) -> tuple[int, int] | None:
    """(width, height) to which the latent of a first pass from noise is enlarged for this one."""
    if gathering.holds("init_img") or gathering.holds("strength"):
        return None
    for fed in list(graph.upstream(node, _LATENT))[1:]:
        if _samples(fed):
            return None
        width, height = graph.value(fed, ("width",)), graph.value(fed, ("height",))
        scale = graph.value(fed, ("scale_by",))
        if isinstance(scale, int | float) and 1 < scale <= 8:
            first = gathering.size()
            return None if first is None else (round(first[0] * scale), round(first[1] * scale))
        if isinstance(width, int) and isinstance(height, int) and "Upscale" in fed.kind:
            return width, height
    return None
