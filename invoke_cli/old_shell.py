"""What people typed behind the old program's name at the shell, and what becomes of it here.

Old start-up scripts keep working: what has a new name is passed on, what needs no switch any more is accepted
and said, and what would start something else than was wanted is refused in one sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["same", "sets", "ignored", "refused"]


@dataclass(frozen=True)
class OldSwitch:
    """A shell switch of the old program.

    spellings: every one that it or its manual had. what: what it was for. kind: "same" is one of ours,
    "sets" stands for another setting, "ignored" changes nothing. here: what is said of it, to go on from its
    name; of "same" only where something differs. takes: its value's name, or "". sets: a setting and its
    value, in which {} is the value that was typed.
    """

    spellings: tuple[str, ...]
    what: str
    kind: Kind = "same"
    here: str = ""
    takes: str = ""
    sets: tuple[str, str] = ("", "")


def _same(spellings: str, what: str, here: str = "", takes: str = "") -> OldSwitch:
    return OldSwitch(tuple(spellings.split()), what, "same", here, takes)


def _sets(spellings: str, what: str, here: str, sets: tuple[str, str], takes: str = "") -> OldSwitch:
    return OldSwitch(tuple(spellings.split()), what, "sets", here, takes, sets)


def _ignored(spellings: str, what: str, here: str, takes: str = "") -> OldSwitch:
    return OldSwitch(tuple(spellings.split()), what, "ignored", here, takes)


def _refused(spellings: str, what: str, here: str, takes: str = "") -> OldSwitch:
    return OldSwitch(tuple(spellings.split()), what, "refused", here, takes)


_NO_SERVER = "has no meaning here: there is no web server"
_NO_FACES = "changes nothing: enlarging and face repair are not built yet"

# A table reads better than a column of arguments.
# fmt: off
OLD_SWITCHES = (
    _same("-h --help", "The list of switches."),
    _same("--version", "The version."),
    _refused("-V", "The version (2.2.5).", "is --version here"),
    _same("--model", "The model to start with.", "also takes a path or a hub id", "NAME"),
    _refused("-c --conf -conf", "The list of models.",
             "is no file here: the list is models.yaml in the user's configuration folder, and !import_model "
             "adds to it", "FILE"),
    _same("--config -config", "The list of models.",
          "is the file of settings here; models are in models.yaml", "FILE"),
    _refused("--root_dir --root", "The folder of models, outputs and settings.",
             "is not one folder here: -o names that of pictures, and XDG_CONFIG_HOME and XDG_DATA_HOME move "
             "the others", "FOLDER"),
    _same("-o --outdir", "Where pictures go.", "relative to where the program was started", "FOLDER"),
    _same("-p --prompt_as_dir", "A sub-folder named after the prompt."),
    _same("--from_file", "Run the lines of a file; - is standard input.", "", "FILE"),
    _same("--fnformat", "How files are named.", "", "TEXT"),
    _same("-s --steps", "Default of -s.", "", "N"),
    _same("-W --width", "Default of -W.", "", "PIXELS"),
    _same("-H --height", "Default of -H.", "", "PIXELS"),
    _same("-C --cfg_scale", "Default of -C.", "", "X"),
    _same("-f --strength", "Default of -f.", "", "X"),
    _same("-T -fit --fit --no-fit", "Default of --fit.", "now has an effect"),
    _same("-A -m --sampler", "Default of -A.", "", "NAME"),
    _same("-g --grid --no-grid", "Default of -g."),
    _same("-t --log_tokenization", "Default of -t."),
    _same("--karras_max", "Default of --karras_max.", "", "N"),
    _same("-z --png_compression", "Default of -z.", "now has an effect", "N"),
    _same("-n --iterations", "Default of -n (in the manual only).", "now works", "N"),
    _same("--seamless", "Default of --seamless (in the manual only).", "now works"),
    _same("--precision", "auto, float32, autocast or float16.", "also bf16", "DTYPE"),
    _sets("-F --full_precision", "Draw in float32.", "is --precision fp32 here", ("precision", "fp32")),
    _same("--device", "Where to draw (in the manual only).", "now works", "DEVICE"),
    _sets("-d", "Where to draw (in the manual only).", "is --device here", ("device", "{}"), "DEVICE"),
    _sets("--always_use_cpu", "Draw on the CPU.", "is --device cpu here", ("device", "cpu")),
    _ignored("--free_gpu_mem", "Move models out of the GPU between pictures.",
             "is not needed: models that do not fit leave the memory; see --max_loaded_gb and --low_memory"),
    _same("--max_loaded_models", "How many models stay in memory (2).",
          "no limit unless given; --max_loaded_gb limits their size", "N"),
    _ignored("--sequential_guidance", "Run both halves of guidance one after the other.",
             "is not needed: where memory is short they do; --low_memory does so, and more, at once"),
    _ignored("--xformers --no-xformers", "Attention that needs less memory.",
             "changes nothing: torch's own attention needs as little"),
    _sets("--embedding_path", "Embeddings, a file or a folder.", "is --embedding_directory here",
          ("embedding_directory", "{}"), "PATH"),
    _same("--embedding_directory", "The folder of embeddings.", "", "FOLDER"),
    _ignored("--embeddings --no-embeddings", "Whether embeddings are loaded at the start.",
             "is not needed: embeddings are loaded when a prompt names them"),
    _same("--lora_directory", "The folder of LoRAs.", "", "FOLDER"),
    _refused("--safety_checker --nsfw_checker --safety-checker", "Blur pictures that a checker flags.",
             "is not there: this program checks no pictures"),
    _ignored("--no-safety_checker --no-nsfw_checker", "Do not check pictures.",
             "is not needed: this program checks no pictures"),
    _ignored("--no_restore --no_upscale", "Do not load face repair or enlarging.", _NO_FACES),
    _ignored("--esrgan_bg_tile --esrgan_denoise_str", "Settings of the enlarger.", _NO_FACES, "X"),
    _ignored("--gfpgan_model_path --gfpgan_dir", "Files of face repair.", _NO_FACES, "PATH"),
    _same("--autoimport", "Import the models of a folder at every start.", "", "FOLDER"),
    _refused("--autoconvert", "Convert the models of a folder at every start.",
             "is --autoimport here; checkpoints are used as they are, and !convert_model converts them",
             "FOLDER"),
    _ignored("--ckpt_convert", "Nothing.", "changes nothing: checkpoints are used as they are"),
    _refused("--weight_dirs", "Folders of models.", "is --autoimport here", "FOLDER"),
    _ignored("--internet --no-internet", "Whether models may be fetched.",
             "is not needed: only a hub id that is not on the disk is fetched"),
    _ignored("--patchmatch --no-patchmatch", "How erased regions are filled.",
             "changes nothing: erased regions are filled from their surroundings"),
    _ignored("--enable_image_debugging", "Show masks while they are made.", "changes nothing"),
    _refused("--web --web_develop --web_verbose --gui", "The web server.", _NO_SERVER),
    _refused("--cors --host --port --certfile --keyfile", "Settings of the web server.", _NO_SERVER, "VALUE"),
    _refused("--laion400m", "An early model.", "is gone since 2.0: --model names the model"),
    _refused("--weights", "The model's file.", "is --model here, which also takes a file", "FILE"),
)
# fmt: on
