"""What a prompt line asks for. The fields of `Request` are the table of switches."""

from __future__ import annotations

from dataclasses import dataclass

from invoke_cli.language.codecs import (
    FLAG,
    FOLDER,
    PICTURE,
    SAMPLER,
    SEED,
    TEXT,
    UNIT,
    VAE,
    choice,
    real,
    whole,
)
from invoke_cli.language.declare import DRAWING, ENLARGING, FILES, IMG2IMG, INPAINTING, VARYING, switch
from invoke_cli.language.lists import (
    AXES,
    BATCH,
    BORDERS,
    EMBIGGEN,
    PHRASE,
    SHIFT,
    TILES,
    UPSCALE,
    VARIATIONS,
    Borders,
    Phrase,
    Shift,
    Variations,
)

# ruff: noqa: RUF009 - switch() declares a field, whose default is immutable
_PIXELS = whole(8, 8192, metavar="PIXELS", examples=("384", "512", "768"))
_STRENGTH = real(0, 1, examples=("0.75", "0.4", "0.7"))
_MOMENT = real(0, 1, examples=("0.1", "0.0001"))
_BORDER = whole(0, 1024, metavar="PIXELS", examples=("16", "96"))

_NO_SEAM = "The extra pass along the seam is not built yet; draw without the --seam_ switches."
_NO_OUTPAINT = "-c and -D are not built yet; give -I a larger picture with transparent borders instead."
_NO_FACES = "Face repair is not built yet; draw without it and repair the file in another program."
_NO_EMBIGGEN = "Embiggen is not built yet; draw without it and enlarge the file in another program."


# A table of declarations reads better than a column of arguments.
# fmt: off
@dataclass(frozen=True, kw_only=True)
class Request:
    """A parsed line. What the line leaves open is None; the prompt is then empty."""

    prompt: str = switch(
        "--prompt", codec=TEXT, group=DRAWING, pixels=True, unset="",
        help="What to draw; usually just typed. [Words in brackets] are kept out of the picture.")
    steps: int | None = switch(
        "-s", "--steps", codec=whole(1, 10000, examples=("50", "10", "20", "30")), group=DRAWING,
        shown=50, pixels=True, shell=True,
        help="Denoising steps. From a picture, only the share given by -f is run.")
    steps_run: int | None = switch(
        "-R", "--steps_run", "--run_steps", "--steps_to_run", codec=whole(1, 10000, examples=("20", "10")),
        group=DRAWING, shell=True,
        help="Run exactly N steps whatever the strength: sets -s to the number of which -f leaves N.")
    seed: int | None = switch(
        "-S", "--seed", codec=SEED, group=DRAWING, pixels=True,
        help="The same seed gives the same picture. -1 is the seed of the last picture drawn.")
    iterations: int | None = switch(
        "-n", "--iterations", codec=whole(1, 10000, examples=("4", "9")), group=DRAWING, shown=1,
        shell=True, alone="-S takes a list of seeds, and each value of any list is drawn -n times",
        help="How many pictures to draw, each with its own seed.")
    batch: int | None = switch(
        "--batch", codec=BATCH, group=DRAWING, shown=1, shell=True,
        alone="it says how pictures are drawn, not what they are",
        help="Draw N pictures at once, of this line and of like ones behind it; auto: what memory holds.")
    width: int | None = switch(
        "-W", "--width", codec=_PIXELS, group=DRAWING, pixels=True, shell=True,
        help="Width of the picture, rounded to a multiple of 8; the model's native width when left out.")
    height: int | None = switch(
        "-H", "--height", codec=_PIXELS, group=DRAWING, pixels=True, shell=True,
        help="Height of the picture, rounded to a multiple of 8; the model's native height when left out.")
    cfg_scale: float | None = switch(
        "-C", "--cfg_scale", codec=real(0, 100, examples=("7.5", "5", "10")), group=DRAWING, shown=7.5,
        pixels=True, shell=True,
        help="How strictly to follow the prompt. 1 is no guidance; above 15 colours burn.")
    sampler: str | None = switch(
        "-A", "-m", "--sampler", codec=SAMPLER, group=DRAWING, shown="k_lms", pixels=True, shell=True,
        help="The method that removes the noise.")
    guidance_above: float | None = switch(
        "--guidance_above", codec=real(0, 1000, examples=("0.3",)), group=DRAWING, pixels=True, shell=True,
        help="Approximate: guide by -C only at noise levels above X; other steps cost half.")
    guidance_below: float | None = switch(
        "--guidance_below", codec=real(0, 1000, examples=("5",)), group=DRAWING, pixels=True, shell=True,
        help="Approximate: guide by -C only at noise levels up to X; !explain shows the levels of a line.")
    reuse_features: int | None = switch(
        "--reuse_features", codec=whole(1, 100, examples=("2", "3")), group=DRAWING, pixels=True, shell=True,
        help="Approximate: compute all of the network once in N evaluations, else only its outer blocks.")
    low_memory: bool | None = switch(
        "--low_memory", codec=FLAG, group=DRAWING, pixels=True, shell=True,
        help="Need less memory, more time: guidance, attention, VAE in parts; networks wait beside the GPU.")
    tiled_vae: bool | None = switch(
        "--tiled_vae", codec=FLAG, group=DRAWING, pixels=True, shell=True,
        help="Decode and encode large pictures in bands, which takes less memory.")
    threshold: float | None = switch(
        "--threshold", codec=real(0, 100, examples=("5", "10")), group=DRAWING, shown=0.0, pixels=True,
        shell=True,
        help="Limits latent values, against burnt colours at a high -C; 0 is off.")
    perlin: float | None = switch(
        "--perlin", codec=real(0, 1, examples=("0.1", "0.2")), group=DRAWING, shown=0.0, pixels=True,
        shell=True,
        help="Share of cloud-like Perlin noise in the starting noise.")
    karras_max: int | None = switch(
        "--karras_max", codec=whole(0, 100000, examples=("30",)), group=DRAWING, shown=0, pixels=True,
        shell=True,
        help="Space the steps after Karras when there are fewer than N; 0 is never.")
    seamless: bool | None = switch(
        "--seamless", codec=FLAG, group=DRAWING, shown=False, pixels=True, shell=True,
        help="Draw a picture that tiles.")
    seamless_axes: tuple[str, ...] | None = switch(
        "--seamless_axes", codec=AXES, group=DRAWING, shown=("x", "y"), pixels=True, shell=True,
        help="Tile along x, y or both.")
    vae: str | None = switch(
        "--vae", codec=VAE, group=DRAWING, pixels=True, shell=True,
        help="Decode with another VAE: a name, file or hub id; own is the model's, in spite of its entry.")
    hires_fix: bool | None = switch(
        "--hires_fix", codec=FLAG, group=DRAWING, shown=False, pixels=True, shell=True,
        help="Draw at the native size first, then enlarge it and refine with -f; fewer doubled subjects.")
    h_symmetry_time_pct: float | None = switch(
        "--h_symmetry_time_pct", codec=_MOMENT, group=DRAWING, pixels=True,
        help="Mirror the left half onto the right once this share of the steps is done; 0 is never.")
    v_symmetry_time_pct: float | None = switch(
        "--v_symmetry_time_pct", codec=_MOMENT, group=DRAWING, pixels=True,
        help="Mirror the top half onto the bottom once this share of the steps is done; 0 is never.")
    skip_normalize: bool | None = switch(
        "-x", "--skip_normalize", "--skip_normalization", codec=FLAG, group=DRAWING, shown=False,
        pixels=True, shell=True,
        help="Leave the weights of blended prompts as they are instead of scaling their sum to 1.")
    log_tokenization: bool | None = switch(
        "-t", "--log_tokenization", codec=FLAG, group=DRAWING, shown=False, shell=True,
        help="Show how the model splits the prompt into tokens.")
    use_mps_noise: bool | None = switch(
        "--use_mps_noise", codec=FLAG, group=DRAWING, shown=False, shell=True,
        help="Accepted for old lines; noise is always drawn on the CPU, so this changes nothing.")

    init_img: str | None = switch(
        "-I", "--init_img", codec=PICTURE, group=IMG2IMG, pixels=True,
        help="The picture to start from; transparent regions are redrawn. -1 is the last picture drawn."
        " A folder, or a pattern such as 'sketches/*.png', draws one picture from each file.")
    strength: float | None = switch(
        "-f", "--strength", codec=_STRENGTH, group=IMG2IMG, shown=0.75, pixels=True, shell=True,
        help="How much of the picture to redraw: 0 keeps it, 1 ignores it.")
    exact_strength: bool | None = switch(
        "--exact_strength", codec=FLAG, group=IMG2IMG, shown=False, pixels=True, shell=True,
        help="Start at the very noise level that -f names, not at the level of the nearest step below.")
    fit: bool | None = switch(
        "--fit", "-fit", "-T", codec=FLAG, group=IMG2IMG, shown=False, pixels=True, shell=True,
        help="Scale the picture to fit into -W x -H; without those, its shorter side to the native size.")
    keep_size: bool | None = switch(
        "--keep_size", codec=FLAG, group=IMG2IMG, shown=False, pixels=True, shell=True,
        help="Do not scale a small picture up to the model's native size.")
    init_color: str | None = switch(
        "--init_color", codec=PICTURE, group=IMG2IMG, pixels=True,
        help="Give the result the colours of this picture: as much of each lightness, red and yellow.")
    anchor_color: bool | None = switch(
        "--anchor_color", codec=FLAG, group=IMG2IMG, shown=False, shell=True,
        help="Give the result the colours of the first picture of a chain of -I-1, against their drifting.")

    init_mask: str | None = switch(
        "-M", "--init_mask", "--mask", codec=PICTURE, group=INPAINTING, pixels=True,
        help="A mask of its own: transparent or black regions are redrawn, the rest is kept.")
    invert_mask: bool | None = switch(
        "--invert_mask", codec=FLAG, group=INPAINTING, shown=False, pixels=True,
        help="Swap what is redrawn and what is kept.")
    text_mask: Phrase | None = switch(
        "-tm", "--text_mask", codec=PHRASE, group=INPAINTING, pixels=True,
        later="Masks from words (-tm) are not built yet; paint a mask and give it with -M.",
        help="Redraw the thing named. A higher threshold makes a tighter mask; 0.5 when left out.")
    inpaint_replace: float | None = switch(
        "-r", "--inpaint_replace", codec=UNIT, group=INPAINTING, pixels=True, shell=True,
        later="Noise under the mask (-r) is not built yet; use a higher -f instead.",
        help="Share of pure noise put under the mask before drawing.")
    force_outpaint: bool | None = switch(
        "--force_outpaint", codec=FLAG, group=INPAINTING, pixels=True, shell=True,
        later="--force_outpaint is not built yet; pictures with transparent regions are outpainted anyway.",
        help="Treat the picture as one to outpaint even when it has no transparent region.")
    seam_size: int | None = switch(
        "--seam_size", codec=_BORDER, group=INPAINTING, shown=0, pixels=True, shell=True,
        later=_NO_SEAM,
        help="Width of the strip along the mask's edge that is drawn once more; 0 is off.")
    seam_blur: int | None = switch(
        "--seam_blur", codec=_BORDER, group=INPAINTING, shown=0, pixels=True, shell=True,
        later=_NO_SEAM,
        help="How softly that strip fades out.")
    seam_strength: float | None = switch(
        "--seam_strength", codec=UNIT, group=INPAINTING, shown=0.7, pixels=True, shell=True,
        later=_NO_SEAM,
        help="Strength of the pass along the seam.")
    seam_steps: int | None = switch(
        "--seam_steps", codec=whole(1, 10000, examples=("10",)), group=INPAINTING, shown=10,
        pixels=True, shell=True, later=_NO_SEAM,
        help="Steps of the pass along the seam.")
    tile_size: int | None = switch(
        "--tile_size", codec=whole(1, 1024, metavar="PIXELS", examples=("32",)), group=INPAINTING,
        shown=32, pixels=True, shell=True,
        later="Filling with tiles (--tile_size) is not built yet; draw without it.",
        help="Size of the tiles that fill transparent regions.")
    out_direction: Shift | None = switch(
        "-D", "--out_direction", codec=SHIFT, group=INPAINTING, pixels=True, later=_NO_OUTPAINT,
        help="Shift the picture and draw the strip that becomes free; half the side when left out.")
    outcrop: Borders | None = switch(
        "-c", "--outcrop", codec=BORDERS, group=INPAINTING, pixels=True, later=_NO_OUTPAINT,
        help="Enlarge the canvas on these sides and draw the new area.")
    new_prompt: str | None = switch(
        "--new_prompt", codec=TEXT, group=INPAINTING, pixels=True,
        later="--new_prompt belongs to outcropping, which is not built yet.",
        help="The prompt for the new area of an outcrop.")

    variation_amount: float | None = switch(
        "-v", "--variation_amount", "--variant_amount", codec=real(0, 1, examples=("0.1", "0.2")),
        group=VARYING, shown=0.0,
        help="How far each picture of -n strays from the first: 0 not at all, 1 altogether.")
    with_variations: Variations | None = switch(
        "-V", "--with_variations", codec=VARIATIONS, group=VARYING, pixels=True,
        help="Mix the noise of other seeds into that of -S, each by its weight from 0 to 1.")

    upscale: tuple[float, float] | None = switch(
        "-U", "--upscale", codec=UPSCALE, group=ENLARGING, pixels=True,
        later="Upscaling (-U) is not built yet; draw without it and enlarge the file in another program.",
        help="Enlarge the finished picture 2 or 4 times; strength 0.75 when left out.")
    facetool_strength: float | None = switch(
        "-G", "--facetool_strength", "--gfpgan_strength", codec=UNIT, group=ENLARGING, shown=0.0,
        pixels=True, later=_NO_FACES,
        help="How strongly to repair faces.")
    facetool: str | None = switch(
        "-ft", "--facetool", codec=choice("NAME", "gfpgan", "codeformer"), group=ENLARGING,
        shown="gfpgan", pixels=True, shell=True, later=_NO_FACES,
        help="Which model repairs faces.")
    codeformer_fidelity: float | None = switch(
        "-cf", "--codeformer_fidelity", codec=UNIT, group=ENLARGING, shown=0.75, pixels=True,
        shell=True, later=_NO_FACES,
        help="0 makes codeformer's faces prettier, 1 truer to the picture.")
    save_original: bool | None = switch(
        "--save_original", "-save_orig", codec=FLAG, group=ENLARGING, shell=True,
        later="--save_original belongs to enlarging and face repair, which are not built yet.",
        help="Also keep the picture as it was before enlarging or face repair.")
    embiggen: tuple[float, float, float] | None = switch(
        "--embiggen", "-embiggen", codec=EMBIGGEN, group=ENLARGING, pixels=True, later=_NO_EMBIGGEN,
        help="Enlarge the picture, then redraw it tile by tile; strength 0.75, overlap 0.25 when left out.")
    embiggen_tiles: tuple[int, ...] | None = switch(
        "--embiggen_tiles", "-embiggen_tiles", codec=TILES, group=ENLARGING, pixels=True,
        later=_NO_EMBIGGEN,
        help="Redraw only these tiles, counted from 1 row by row.")
    embiggen_strength: float | None = switch(
        "--embiggen_strength", "-embiggen_strength", codec=UNIT, group=ENLARGING, shown=0.4,
        pixels=True, later=_NO_EMBIGGEN,
        help="Strength for each tile.")

    grid: bool | None = switch(
        "-g", "--grid", codec=FLAG, group=FILES, shown=False, shell=True,
        help="Also save all pictures of the line on one sheet.")
    individual: bool | None = switch(
        "-i", "--individual", codec=FLAG, group=FILES, shown=False,
        help="Save single pictures only, even where a sheet is the default.")
    outdir: str | None = switch(
        "-o", "--outdir", codec=FOLDER, group=FILES, shown="outputs/img-samples", shell=True,
        help="The folder for this line's pictures.")
    fnformat: str | None = switch(
        "--fnformat", codec=TEXT, group=FILES, shown="{prefix}.{seed}.png", shell=True,
        help="How files are named: {prefix}, {seed}, {model_id}, {init} and any switch's name in braces; the"
        " end .png, .jpg or .webp is the format.")
    prompt_as_dir: bool | None = switch(
        "-p", "--prompt_as_dir", codec=FLAG, group=FILES, shown=False, shell=True,
        help="Put the pictures into a folder named after the prompt.")
    metadata: bool | None = switch(
        "--metadata", codec=FLAG, group=FILES, shown=True, shell=True,
        help="Keep its line and how it was made inside each picture. --no_metadata leaves them out.")
    sidecar: bool | None = switch(
        "--sidecar", codec=FLAG, group=FILES, shown=False, shell=True,
        help="Also write them into a text file beside each picture, which can be run as a prompt file.")
    save_intermediates: int | None = switch(
        "--save_intermediates", codec=whole(0, 10000, examples=("1", "5")), group=FILES, shown=0,
        shell=True,
        help="Save every Nth step and a strip of all of them; 0 saves none.")
    intermediates: str | None = switch(
        "--intermediates", codec=choice("KIND", "clean", "noisy"), group=FILES, shown="clean", shell=True,
        help="What is saved of a step: the clean picture that the model believes in, or the noisy one.")
    decode_intermediates: bool | None = switch(
        "--decode_intermediates", codec=FLAG, group=FILES, shown=False, shell=True,
        help="Decode intermediates with the model: sharp, but slower than a quick map of colours.")
    animate: str | None = switch(
        "--animate", codec=choice("FORMAT", "gif", "webp"), group=FILES, shell=True,
        help="Also save the intermediates as an animation, with --save_intermediates 1 unless given.")
    png_compression: int | None = switch(
        "-z", "--png_compression", codec=whole(0, 9, examples=("6", "1", "9")), group=FILES, shown=4,
        shell=True,
        help="How hard to squeeze the file: 0 is fast, 9 is small; the picture is the same.")
    quality: int | None = switch(
        "--quality", codec=whole(1, 100, examples=("90", "75", "100")), group=FILES, shown=90, shell=True,
        help="How little JPEG and WebP files may lose; WebP loses nothing at 100.")


# fmt: on
