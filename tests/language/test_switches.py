"""The declarations: every spelling that people had, and what works today."""

from __future__ import annotations

import pytest

from invoke_cli.language.grammar import parse
from invoke_cli.language.switches import by_flag, by_name, table, unbuilt

# Every spelling of the old program's prompt line, and the manual's names that do no harm.
SPELLINGS = {
    "prompt": "--prompt", "steps": "-s --steps", "seed": "-S --seed", "iterations": "-n --iterations",
    "width": "-W --width", "height": "-H --height", "cfg_scale": "-C --cfg_scale",
    "sampler": "-A -m --sampler",
    "threshold": "--threshold", "perlin": "--perlin", "h_symmetry_time_pct": "--h_symmetry_time_pct",
    "v_symmetry_time_pct": "--v_symmetry_time_pct", "karras_max": "--karras_max", "hires_fix": "--hires_fix",
    "seamless": "--seamless", "seamless_axes": "--seamless_axes", "grid": "-g --grid",
    "individual": "-i --individual", "log_tokenization": "-t --log_tokenization",
    "skip_normalize": "-x --skip_normalize --skip_normalization", "outdir": "-o --outdir",
    "fnformat": "--fnformat",
    "save_intermediates": "--save_intermediates", "png_compression": "-z --png_compression",
    "use_mps_noise": "--use_mps_noise", "init_img": "-I --init_img", "strength": "-f --strength",
    "fit": "-T -fit --fit", "init_color": "--init_color", "init_mask": "-M --init_mask --mask",
    "invert_mask": "--invert_mask", "text_mask": "-tm --text_mask", "inpaint_replace": "-r --inpaint_replace",
    "force_outpaint": "--force_outpaint", "seam_size": "--seam_size", "seam_blur": "--seam_blur",
    "seam_strength": "--seam_strength", "seam_steps": "--seam_steps", "tile_size": "--tile_size",
    "out_direction": "-D --out_direction", "outcrop": "-c --outcrop", "new_prompt": "--new_prompt",
    "upscale": "-U --upscale", "facetool_strength": "-G --facetool_strength --gfpgan_strength",
    "facetool": "-ft --facetool", "codeformer_fidelity": "-cf --codeformer_fidelity",
    "save_original": "-save_orig --save_original", "embiggen": "-embiggen --embiggen",
    "embiggen_tiles": "-embiggen_tiles --embiggen_tiles",
    "embiggen_strength": "-embiggen_strength --embiggen_strength",
    "variation_amount": "-v --variation_amount --variant_amount", "with_variations": "-V --with_variations",
    "intermediates": "--intermediates", "decode_intermediates": "--decode_intermediates",
    "animate": "--animate",
    "vae": "--vae",
    "keep_size": "--keep_size", "exact_strength": "--exact_strength",
    "prompt_as_dir": "-p --prompt_as_dir", "metadata": "--metadata", "sidecar": "--sidecar",
    "anchor_color": "--anchor_color",
    "quality": "--quality",
    "batch": "--batch",
    "steps_run": "-R --steps_run --run_steps --steps_to_run",
    "guidance_above": "--guidance_above", "guidance_below": "--guidance_below",
    "reuse_features": "--reuse_features", "low_memory": "--low_memory",
    "tiled_vae": "--tiled_vae",
}  # fmt: skip

WORKING = {
    "prompt", "init_img", "strength", "steps", "cfg_scale", "seed", "iterations", "width", "height", "fit",
    "sampler", "variation_amount", "with_variations", "outdir", "init_mask", "invert_mask", "grid",
    "individual", "vae",
    "save_intermediates", "intermediates", "decode_intermediates", "animate", "seamless", "seamless_axes",
    "threshold", "perlin", "karras_max", "png_compression",
    "fnformat", "skip_normalize", "log_tokenization", "keep_size", "use_mps_noise",
    "steps_run", "exact_strength", "prompt_as_dir", "metadata", "sidecar", "quality", "batch",
    "init_color", "anchor_color",
    "hires_fix", "h_symmetry_time_pct", "v_symmetry_time_pct",
    "guidance_above", "guidance_below", "reuse_features", "low_memory", "tiled_vae",
}  # fmt: skip


@pytest.mark.parametrize("name", SPELLINGS)
def test_old_spellings(name: str) -> None:
    assert set(by_name()[name].flags) == set(SPELLINGS[name].split())


def test_nothing_is_declared_that_nobody_asked_for() -> None:
    assert {switch.name for switch in table()} == set(SPELLINGS)


def test_what_works_in_this_version() -> None:
    assert {switch.name for switch in table() if not switch.later} == WORKING


def test_a_spelling_leads_to_one_switch() -> None:
    assert len(by_flag()) == sum(len(switch.flags) for switch in table())


def test_old_lines_mean_what_they_meant() -> None:
    old = parse(
        "fire -s30 -S1592514025 -W384 -H384 -C7.5 -A k_lms -I fire-drawing.png --strength 0.7 -fit -U 2 0.6 "
        "-G 0.8 -save_orig -embiggen 2 0.75 0.25 -embiggen_tiles 1 2 3 -ft codeformer -cf 0.5 -tm mug -xtgi"
    )
    assert (old.prompt, old.steps, old.seed, old.width, old.height) == ("fire", 30, 1592514025, 384, 384)
    assert (old.cfg_scale, old.sampler, old.init_img) == (7.5, "k_lms", "fire-drawing.png")
    assert (old.strength, old.fit, old.upscale, old.facetool_strength) == (0.7, True, (2, 0.6), 0.8)
    assert (old.save_original, old.embiggen, old.embiggen_tiles) == (True, (2, 0.75, 0.25), (1, 2, 3))
    assert (old.facetool, old.codeformer_fidelity, old.text_mask) == ("codeformer", 0.5, ("mug", 0.5))
    assert (old.skip_normalize, old.log_tokenization, old.grid, old.individual) == (True, True, True, True)


def test_values_of_a_list_that_are_left_out_have_their_old_defaults() -> None:
    request = parse("-U 4 --embiggen 2 0.5 -tm mug -D left")
    assert (request.upscale, request.embiggen) == ((4, 0.75), (2, 0.5, 0.25))
    assert (request.text_mask, request.out_direction) == (("mug", 0.5), ("left", None))


@pytest.mark.parametrize(
    ("line", "prompt"),
    [
        ("well-lit room - moody, it's 50% off", "well-lit room - moody, it's 50% off"),
        ("-5 degrees", "-5 degrees"),
        ("-s10 a red -g barn -f0.5", "a red barn"),
        ("  a   red\tbarn  ", "a red barn"),
        ('"Mona Lisa" in the style of X -s10', "Mona Lisa in the style of X"),
        ('"" -s10', ""),
        ('"" a cat', "a cat"),
        ('"a\u2028cat\x1e"', "a cat "),
        ("'a cat' -s10", "a cat"),
        ("'it's -g a cat'", "it's -g a cat"),
        ("'twas the dogs' night -s10", "'twas the dogs' night"),
        ("'tis rock 'n' roll -s10", "'tis rock 'n' roll"),
        ("rock 'n' roll -s10", "rock 'n' roll"),
        ('"a  b " -s10', "a  b "),
        ('typed --prompt "given" words', "given"),
        ("!dream a cat -g", "a cat"),
        ('"a".swap("b") -s10', '"a".swap("b")'),
    ],
)
def test_prompts(line: str, prompt: str) -> None:
    assert parse(line).prompt == prompt


def test_the_last_of_a_repeated_switch_wins() -> None:
    request = parse("a -s 10 --steps=20 --fit --no-fit -s30 -g --no_grid --grid")
    assert (request.steps, request.fit, request.grid) == (30, False, True)


def test_only_what_is_asked_for_counts_as_unbuilt() -> None:
    request = parse("a -U 2 --no-save_original -G 0 -s 10")
    assert [switch.name for switch in unbuilt(request)] == ["upscale", "facetool_strength"]
