"""The prompt line of the old program: its switches and commands, and in which way they differ here.

What each of them does here is told by the declarations themselves; this says only what those cannot know.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OldSwitch:
    """A switch of the old prompt line.

    name: the field of `Request`. spellings: every one that it or its manual had. example: words that it
    took. since: the first version that had it. differs: in which way it does another thing here, or "".
    """

    name: str
    spellings: tuple[str, ...]
    example: str
    since: str
    differs: str = ""


@dataclass(frozen=True)
class OldCommand:
    """A line that was no prompt. word: how it begins. example: such a line. differs: as of a switch."""

    word: str
    example: str
    what: str
    since: str
    differs: str = ""


def _switch(name: str, spellings: str, example: str, since: str, differs: str = "") -> OldSwitch:
    return OldSwitch(name, tuple(spellings.split()), example, since, differs)


_EIGHT = "multiples of 8, not of 64; 0 is refused"
_RANGE = "values out of range are refused"
_HELP = "and of commands; !help TOPIC explains one"
_ZERO = "0 is refused, and does not mean the default"

# A table reads better than a column of arguments.
# fmt: off
OLD_LINE = (
    _switch("prompt", "--prompt", '"a red barn"', "2.1.0"),
    _switch("steps", "-s --steps", "20", "1.x", _ZERO),
    _switch("seed", "-S --seed", "42", "1.x", "above 4294967295 it is refused, and not replaced"),
    _switch("iterations", "-n --iterations", "3", "1.x", _ZERO),
    _switch("width", "-W --width", "512", "1.x", _EIGHT),
    _switch("height", "-H --height", "512", "1.x", _EIGHT),
    _switch("cfg_scale", "-C --cfg_scale", "7.5", "1.x", "1 and less are allowed; 0 is 0"),
    _switch("sampler", "-A -m --sampler", "k_euler", "1.01",
            "in any case; holds for its line alone; k_dpmpp_2_a and pndm draw, the latter as plms"),
    _switch("threshold", "--threshold", "5", "2.0.0", "with every sampler"),
    _switch("perlin", "--perlin", "0.2", "2.0.0"),
    _switch("h_symmetry_time_pct", "--h_symmetry_time_pct", "0.2", "2.3.1", _RANGE),
    _switch("v_symmetry_time_pct", "--v_symmetry_time_pct", "0.2", "2.3.1", _RANGE),
    _switch("karras_max", "--karras_max", "30", "2.1.0", "0 unless given, not 30; holds for its line alone"),
    _switch("hires_fix", "--hires_fix", "", "2.0.0", "keeps -I"),
    _switch("seamless", "--seamless", "", "1.14"),
    _switch("seamless_axes", "--seamless_axes", "x,y", "2.1.0", "x,y is two axes; alone it means --seamless"),
    _switch("grid", "-g --grid", "", "1.05", "the single pictures are kept"),
    _switch("individual", "-i --individual", "", "1.x"),
    _switch("log_tokenization", "-t --log_tokenization", "", "1.x", "shows weights, chunks and no cut"),
    _switch("skip_normalize", "-x --skip_normalize --skip_normalization", "", "1.06"),
    _switch("outdir", "-o --outdir", "pictures", "1.x", "relative to where the program was started"),
    _switch("fnformat", "--fnformat", "{prefix}.{seed}.png", "2.1.0",
            "a mistake is told before drawing; also {sweep}, and JPEG, WebP and AVIF by the suffix"),
    _switch("save_intermediates", "--save_intermediates", "5", "2.0.1",
            "each picture has a folder of its own, with a strip in it"),
    _switch("png_compression", "-z --png_compression", "9", "2.0.2"),
    _switch("use_mps_noise", "--use_mps_noise", "", "2.1.0", "changes nothing: noise comes from the CPU"),
    _switch("init_img", "-I --init_img", "sketch.png", "1.x"),
    _switch("strength", "-f --strength", "0.6", "1.x",
            "0 keeps the picture and 1 ignores it; floor(strength x steps) steps are run without a slip of "
            "rounding; without -I it is a notice, not an error"),
    _switch("fit", "-T -fit --fit", "", "1.x", "keeps the picture's shape"),
    _switch("init_color", "--init_color", "colours.png", "2.0.0", "one file is saved, not two"),
    _switch("init_mask", "-M --init_mask --mask", "mask.png", "1.14"),
    _switch("invert_mask", "--invert_mask", "", "2.1.0"),
    _switch("text_mask", "-tm --text_mask", '"a mug" 0.6', "2.1.0"),
    _switch("inpaint_replace", "-r --inpaint_replace", "0.5", "2.0.2"),
    _switch("force_outpaint", "--force_outpaint", "", "2.1.0"),
    _switch("seam_size", "--seam_size", "96", "2.1.0"),
    _switch("seam_blur", "--seam_blur", "16", "2.1.0"),
    _switch("seam_strength", "--seam_strength", "0.7", "2.1.0"),
    _switch("seam_steps", "--seam_steps", "20", "2.1.0"),
    _switch("tile_size", "--tile_size", "32", "2.1.0"),
    _switch("out_direction", "-D --out_direction", "left 128", "2.0.0"),
    _switch("outcrop", "-c --outcrop", "top 64 left 32", "2.0.0"),
    _switch("new_prompt", "--new_prompt", '"a field"', "2.1.3"),
    _switch("upscale", "-U --upscale", "2 0.6", "1.11"),
    _switch("facetool_strength", "-G --facetool_strength --gfpgan_strength", "0.8", "1.11"),
    _switch("facetool", "-ft --facetool", "codeformer", "2.0.0"),
    _switch("codeformer_fidelity", "-cf --codeformer_fidelity", "0.5", "2.0.0"),
    _switch("save_original", "-save_orig --save_original", "", "1.x"),
    _switch("embiggen", "-embiggen --embiggen", "2 0.75 0.25", "2.0.0"),
    _switch("embiggen_tiles", "-embiggen_tiles --embiggen_tiles", "1 2 3", "2.0.0"),
    _switch("embiggen_strength", "-embiggen_strength --embiggen_strength", "0.4", "2.2.0"),
    _switch("variation_amount", "-v --variation_amount --variation --variant_amount", "0.2", "1.13",
            "graded from pictures too; there the later ones start from the first result"),
    _switch("with_variations", "-V --with_variations", "12:0.3,99:0.1", "1.13",
            "a mistake in it is an error; the manual's commas for colons are understood"),
)

OLD_COMMANDS = (
    OldCommand("!fix", "!fix a.png -U 2", "Enlarge, repair or extend a picture.", "2.0.0"),
    OldCommand("!fetch", "!fetch a.png", "Put the line that made a picture into the prompt.", "2.0.0",
               "also reads the pictures of other programs, and says what cannot be carried over"),
    OldCommand("!fetch", "!fetch *.png lines.txt", "Write the lines of many pictures into a file.", "2.1.0"),
    OldCommand("!replay", "!replay lines.txt", "Run the lines of a file.", "2.1.0",
               "a missing file is told"),
    OldCommand("!history", "!history", "List the lines typed so far.", "2.0.0", "takes a number of lines"),
    OldCommand("!search", "!search barn", "List those that contain a text.", "2.0.0"),
    OldCommand("!clear", "!clear", "Empty the history.", "2.0.0", "asks first"),
    OldCommand("!N", "!12", "Put line 12 of the history into the prompt.", "2.0.0",
               "a number that is not there is told"),
    OldCommand("!mask", "!mask a.png -tm mug", "Show what a text mask would select.", "2.1.0"),
    OldCommand("!models", "!models", "List the models.", "2.0.2"),
    OldCommand("!switch", "!switch demo", "Draw with another model.", "2.0.2"),
    OldCommand("!import_model", "!import_model model.ckpt", "Add a model.", "2.0.2",
               "asks nothing: what a model is, is read from its tensors"),
    OldCommand("!edit_model", "!edit_model demo", "Change what is known of a model.", "2.0.2",
               "in one line: !edit_model NAME key=value"),
    OldCommand("!del_model", "!del_model demo", "Take a model off the list.", "2.1.0", "its files stay"),
    OldCommand("!convert_model", "!convert_model a.ckpt", "Rewrite a checkpoint for diffusers.", "2.3.0"),
    OldCommand("!optimize_model", "!optimize_model a.ckpt", "The same.", "2.3.0"),
    OldCommand("!triggers", "!triggers", "List the embeddings.", "2.3.1", "and the LoRAs"),
    OldCommand("!dream", "!dream a barn", "Draw the line behind it.", "1.x"),
    OldCommand("-h", "-h", "The list of switches.", "1.x", _HELP),
    OldCommand("--help", "--help", "The list of switches.", "1.x", _HELP),
    OldCommand("q", "q", "Leave.", "1.x"),
    OldCommand("#", "# a comment", "Nothing.", "1.x", "also behind a line"),
    OldCommand("//", "// a comment", "Nothing.", "1.x"),
)
# fmt: on
