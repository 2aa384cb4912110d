"""Lines as they stand in old logs, in `Dream` chunks, in manuals and in posts: they do what was meant."""

from __future__ import annotations

import pytest

from invoke_cli.language.grammar import check, parse
from invoke_cli.language.request import Request

# ruff: noqa: E501 - old lines are as long as they were
# fmt: off
V1 = {
    '"a rainy street" -s50 -S1234 -W512 -H512 -C7.5 -Ak_lms':
        Request(prompt="a rainy street", steps=50, seed=1234, width=512, height=512, cfg_scale=7.5,
                sampler="k_lms"),
    "!dream a rainy street -n6 -g": Request(prompt="a rainy street", iterations=6, grid=True),
    '!dream "a rainy street" -S 42': Request(prompt="a rainy street", seed=42),
    "dream> a rainy street -s 20 -i": Request(prompt="a rainy street", steps=20, individual=True),
    'dream> "a rainy street" -v0.1 -n4 -S 42':
        Request(prompt="a rainy street", variation_amount=0.1, iterations=4, seed=42),
    "dream> a rainy street -S-1 -I-1 -f.6":
        Request(prompt="a rainy street", seed=-1, init_img="-1", strength=0.6),
    "a rainy street -U 2 0.6 -G 0.8 -save_orig":
        Request(prompt="a rainy street", upscale=(2, 0.6), facetool_strength=0.8, save_original=True),
    "a rainy street -U2 -G0.8": Request(prompt="a rainy street", upscale=(2, 0.75), facetool_strength=0.8),
    "a rainy street -m ddim -x -t":
        Request(prompt="a rainy street", sampler="ddim", skip_normalize=True, log_tokenization=True),
    "a rainy street -I photo.png -M mask.png -f 0.9":
        Request(prompt="a rainy street", init_img="photo.png", init_mask="mask.png", strength=0.9),
    "a rainy street -I ./sketch.jpg -fit -W 640 -H 448":
        Request(prompt="a rainy street", init_img="./sketch.jpg", fit=True, width=640, height=448),
    "a rainy street -o outputs/rain --seamless":
        Request(prompt="a rainy street", outdir="outputs/rain", seamless=True),
    'outputs/img-samples/000007.1234.png: "a rainy street" -s50 -W512':
        Request(prompt="a rainy street", steps=50, width=512),
    "a rainy street --variant_amount 0.2 -n3":
        Request(prompt="a rainy street", variation_amount=0.2, iterations=3),
    "a rainy street -S 42 -V 3357757885:0.2,12:0.1":
        Request(prompt="a rainy street", seed=42, with_variations=((3357757885, 0.2), (12, 0.1))),
    "a rainy street -S42 -V3357757885,0.2,12,0.1":
        Request(prompt="a rainy street", seed=42, with_variations=((3357757885, 0.2), (12, 0.1))),
}
V2_0 = {
    '"fire" -s 30 -S 1592514025 -W 384 -H 384 -C 7.5 -I /home/me/fire.png -A ddim --fit -f 0.7':
        Request(prompt="fire", steps=30, seed=1592514025, width=384, height=384, cfg_scale=7.5,
                init_img="/home/me/fire.png", sampler="ddim", fit=True, strength=0.7),
    '"tree on a hill with a river, nature photograph" -s 10 -S 2 -W 512 -H 512 -C 7.5 -A k_lms':
        Request(prompt="tree on a hill with a river, nature photograph", steps=10, seed=2, width=512,
                height=512, cfg_scale=7.5, sampler="k_lms"),
    '"a barn" -s 50 -S 7 -W 512 -H 512 -C 7.5 --perlin 0.1 --threshold 5 --grid --seamless --hires_fix -A k_lms':
        Request(prompt="a barn", steps=50, seed=7, width=512, height=512, cfg_scale=7.5, perlin=0.1,
                threshold=5, grid=True, seamless=True, hires_fix=True, sampler="k_lms"),
    '"a barn" -s 50 -S 7 -W 512 -H 512 -C 7.5 -A k_lms -G 0.8 -U 2.0 0.75':
        Request(prompt="a barn", steps=50, seed=7, width=512, height=512, cfg_scale=7.5, sampler="k_lms",
                facetool_strength=0.8, upscale=(2, 0.75)),
    '"a barn" -s 50 -S 7 -C 7.5 -A k_lms --embiggen 3.0 0.75 0.25 --embiggen_tiles 1 2 3':
        Request(prompt="a barn", steps=50, seed=7, cfg_scale=7.5, sampler="k_lms", embiggen=(3, 0.75, 0.25),
                embiggen_tiles=(1, 2, 3)),
    '"a barn" -s 50 -S 7 -C 7.5 -I a.png -A k_lms -embiggen 3 0.75 0.25 -embiggen_tiles 1 2 3':
        Request(prompt="a barn", steps=50, seed=7, cfg_scale=7.5, init_img="a.png", sampler="k_lms",
                embiggen=(3, 0.75, 0.25), embiggen_tiles=(1, 2, 3)),
    '"a barn" -S 7 -c top 64 left 32 --init_color pal.png':
        Request(prompt="a barn", seed=7, outcrop=(("top", 64), ("left", 32)), init_color="pal.png"),
    '"a barn" -S 7 -D left 128': Request(prompt="a barn", seed=7, out_direction=("left", 128)),
    '"a barn" -S 7 -D top': Request(prompt="a barn", seed=7, out_direction=("top", None)),
    "\"there's a barn\" -s 10": Request(prompt="there's a barn", steps=10),
    "there's a barn, isn't there -s 10": Request(prompt="there's a barn, isn't there", steps=10),
    '[3] outputs/img-samples/000012.7.png: "a barn" -s50 -S7 -W512 -H512 -C7.5 -Ak_lms':
        Request(prompt="a barn", steps=50, seed=7, width=512, height=512, cfg_scale=7.5, sampler="k_lms"),
    '[3.2] outputs/img-samples/000012.7.png: "a barn" -s 50 -S 7': Request(prompt="a barn", steps=50, seed=7),
    'outputs/img-samples/000012.7.png: "a barn" -s 50 -S 7': Request(prompt="a barn", steps=50, seed=7),
    '/home/me/outputs/img-samples/000012.7.png: "a barn" -s 50 -S 7':
        Request(prompt="a barn", steps=50, seed=7),
    '"a barn" -s 50 -S 7 -A k_lms --grid # [7, 2746317213, 3929441273]':
        Request(prompt="a barn", steps=50, seed=7, sampler="k_lms", grid=True),
    '"a barn" -ft codeformer -cf 0.5 -G 0.6':
        Request(prompt="a barn", facetool="codeformer", codeformer_fidelity=0.5, facetool_strength=0.6),
    '"a barn" --gfpgan_strength 0.6': Request(prompt="a barn", facetool_strength=0.6),
    '"a barn:0.7 a shed:0.3" -x': Request(prompt="a barn:0.7 a shed:0.3", skip_normalize=True),
    '"a barn [blurry, dark]" -s 10': Request(prompt="a barn [blurry, dark]", steps=10),
    '"a barn" -r 0.5 -M m.png -I a.png':
        Request(prompt="a barn", inpaint_replace=0.5, init_mask="m.png", init_img="a.png"),
}
V2_1 = {
    "a barn -s 50 -S 7 -W 512 -H 512 -C 7.5 -A k_lms":
        Request(prompt="a barn", steps=50, seed=7, width=512, height=512, cfg_scale=7.5, sampler="k_lms"),
    "a barn -s 50 -S 7 -W 512 -H 512 -C 7.5 -I outputs/000011.png -A k_euler_a --fit -f 0.6 --karras_max 30":
        Request(prompt="a barn", steps=50, seed=7, width=512, height=512, cfg_scale=7.5,
                init_img="outputs/000011.png", sampler="k_euler_a", fit=True, strength=0.6, karras_max=30),
    "invoke> a barn --hires -W 1024 -H 768":
        Request(prompt="a barn", hires_fix=True, width=1024, height=768),
    'a bagel on a table -I photo.png -tm "a bagel" 0.6 -f 0.8':
        Request(prompt="a bagel on a table", init_img="photo.png", text_mask=("a bagel", 0.6), strength=0.8),
    "a bagel -I photo.png -tm bagel": Request(prompt="a bagel", init_img="photo.png", text_mask=("bagel", 0.5)),
    "a bagel -I photo.png -tm bagel 0.4 --invert_mask":
        Request(prompt="a bagel", init_img="photo.png", text_mask=("bagel", 0.4), invert_mask=True),
    '--prompt "a barn" -s10': Request(prompt="a barn", steps=10),
    '-s10 --prompt "a barn"': Request(prompt="a barn", steps=10),
    "a barn --seamless --seamless_axes x,y": Request(prompt="a barn", seamless=True, seamless_axes=("x", "y")),
    "a barn --seam_size 96 --seam_blur 16 --seam_strength 0.7 --seam_steps 20 --tile_size 32 --force_outpaint":
        Request(prompt="a barn", seam_size=96, seam_blur=16, seam_strength=0.7, seam_steps=20, tile_size=32,
                force_outpaint=True),
    r"a barn -I my\ pictures/barn.png -f 0.4":
        Request(prompt="a barn", init_img="my pictures/barn.png", strength=0.4),
    'a barn -I "my pictures/barn.png" -f 0.4':
        Request(prompt="a barn", init_img="my pictures/barn.png", strength=0.4),
    "a (red)1.3 barn++ -s 10": Request(prompt="a (red)1.3 barn++", steps=10),
    'a ("cat").swap("dog", s_end=0.5) in a barn -s 10':
        Request(prompt='a ("cat").swap("dog", s_end=0.5) in a barn', steps=10),
    '("a barn", "a shed").blend(0.7, 0.3) -s 10':
        Request(prompt='("a barn", "a shed").blend(0.7, 0.3)', steps=10),
    "a barn -s 10 # my favourite so far": Request(prompt="a barn", steps=10),
    "a barn --fnformat {prefix}_{seed}.png -z 9 --use_mps_noise":
        Request(prompt="a barn", fnformat="{prefix}_{seed}.png", png_compression=9, use_mps_noise=True),
    "a barn --str 0.4 -I a.png": Request(prompt="a barn", strength=0.4, init_img="a.png"),
    "a barn --variation 0.2 -n 4": Request(prompt="a barn", variation_amount=0.2, iterations=4),
    "a barn --strength=0.4 --init_img=a.png":
        Request(prompt="a barn", strength=0.4, init_img="a.png"),
    "a barn -g --no-grid -s 10 -s 20": Request(prompt="a barn", grid=False, steps=20),
    "a barn -gs20": Request(prompt="a barn", grid=True, steps=20),
    "a barn --save_intermediates 5": Request(prompt="a barn", save_intermediates=5),
}
V2_3 = {
    "a barn -s 50 -S 7 -W 512 -H 512 -C 7.5 -A k_lms # model_id=stable-diffusion-1.5":
        Request(prompt="a barn", steps=50, seed=7, width=512, height=512, cfg_scale=7.5, sampler="k_lms"),
    "(stable-diffusion-1.5) invoke> a barn -s 10": Request(prompt="a barn", steps=10),
    "[1] /home/me/invokeai/outputs/000001.7.png: a barn -s 50 -S 7 -A k_lms # model_id=my model 1.5":
        Request(prompt="a barn", steps=50, seed=7, sampler="k_lms"),
    r"[1] C:\Users\My Name\invokeai\outputs\000001.7.png: a barn -s 50 -S 7":
        Request(prompt="a barn", steps=50, seed=7),
    r"C:\Users\My Name\invokeai\outputs\000001.7.png: a barn -s 50 -S 7":
        Request(prompt="a barn", steps=50, seed=7),
    "a barn -s 50 -S 7 -A k_dpmpp_2 -f 0.75 -I a.png --inpaint_replace 0.0":
        Request(prompt="a barn", steps=50, seed=7, sampler="k_dpmpp_2", strength=0.75, init_img="a.png",
                inpaint_replace=0),
    "a barn --h_symmetry_time_pct 0.1 --v_symmetry_time_pct 0.2":
        Request(prompt="a barn", h_symmetry_time_pct=0.1, v_symmetry_time_pct=0.2),
    "a barn withLora(film-grain,0.8) in <my-style> -s 10":
        Request(prompt="a barn withLora(film-grain,0.8) in <my-style>", steps=10),
    "a barn -c right 100 --new_prompt 'a barn and a field'":
        Request(prompt="a barn", outcrop=(("right", 100),), new_prompt="a barn and a field"),
    "a barn -U 4 0.5 -G 0.8 -ft gfpgan -save_orig --embiggen_strength 0.4 -A pndm":
        Request(prompt="a barn", upscale=(4, 0.5), facetool_strength=0.8, facetool="gfpgan", save_original=True,
                embiggen_strength=0.4, sampler="pndm"),
    "a barn, 8k - hyper-detailed, it's 50% off & more; \"quoted\" words -s 10":
        Request(prompt='a barn, 8k - hyper-detailed, it\'s 50% off & more; quoted words', steps=10),
    '"Mona Lisa" in the style of a comic -s 10':
        Request(prompt="Mona Lisa in the style of a comic", steps=10),
    "a barn -Aklms -C 7.5": Request(prompt="a barn", sampler="klms", cfg_scale=7.5),
}
OURS = {
    "[2.1] outputs/img-samples/000004.42.f0.3-C5.png: fire -s 10 -S 42 -f 0.3 --no-fit":
        Request(prompt="fire", steps=10, seed=42, strength=0.3, fit=False),
    "outputs/img-samples/000004.42.sheet.png: fire -s 10 -S 42 # sheet of 4":
        Request(prompt="fire", steps=10, seed=42),
    "outputs/a red barn/000004.42.webp: a red barn -S 42": Request(prompt="a red barn", seed=42),
}
# fmt: on
LINES = V1 | V2_0 | V2_1 | V2_3 | OURS


@pytest.mark.parametrize("line", LINES)
def test_it_does_what_was_meant(line: str) -> None:
    request = parse(line)
    assert request == LINES[line]
    check(request)


def test_there_are_many() -> None:
    assert len(LINES) >= 60


@pytest.mark.parametrize(
    "line",
    [
        "a poster, file.png: very old -s10",
        "[1] is a number -s10",
        "notes/1.txt: a barn -s10",
        "invoke a spirit -s10",
        "the invoke> prompt of a computer -s10",
        "000001.7.png is a name -s10",
    ],
)
def test_prompts_that_only_look_like_logs_are_prompts(line: str) -> None:
    assert parse(line) == Request(prompt=line.removesuffix(" -s10"), steps=10)
