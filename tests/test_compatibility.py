"""Every old spelling is tried, and the page about them is the one that the program's tables make."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from invoke_cli.errors import InvokeError, SettingsError
from invoke_cli.language.grammar import parse
from invoke_cli.language.old_line import OLD_COMMANDS, OLD_LINE, OldCommand, OldSwitch
from invoke_cli.language.switches import by_name
from invoke_cli.old_shell import OLD_SWITCHES
from invoke_cli.old_shell import OldSwitch as OldShellSwitch
from invoke_cli.repl.app import _is_skipped, _leaves
from invoke_cli.repl.commands import COMMANDS, Context, is_command
from invoke_cli.settings import settings_from
from invoke_cli.shell import read_arguments

ROOT = Path(__file__).parent.parent

# Copied from the old program's sources and manuals, to be sure that no table forgets one.
LINE = """
--prompt -s --steps -S --seed -n --iterations -W --width -H --height -C --cfg_scale -A -m --sampler
--threshold --perlin --h_symmetry_time_pct --v_symmetry_time_pct --karras_max --hires_fix --seamless
--seamless_axes -g --grid -i --individual -t --log_tokenization -x --skip_normalize --skip_normalization
-o --outdir --fnformat --save_intermediates -z --png_compression --use_mps_noise -I --init_img -f
--strength -T -fit --fit --init_color -M --init_mask --mask --invert_mask -tm --text_mask -r
--inpaint_replace --force_outpaint --seam_size --seam_blur --seam_strength --seam_steps --tile_size -D
--out_direction -c --outcrop --new_prompt -U --upscale -G --facetool_strength --gfpgan_strength -ft
--facetool -cf --codeformer_fidelity -save_orig --save_original -embiggen --embiggen -embiggen_tiles
--embiggen_tiles -embiggen_strength --embiggen_strength -v --variation_amount --variation
--variant_amount -V --with_variations
"""
SHELL = """
-h --help --version -V -c --conf -conf --config -config --model --root_dir --root -o --outdir -p
--prompt_as_dir --from_file --fnformat -s --steps -W --width -H --height -C --cfg_scale -f --strength -T
-fit --fit --no-fit -A -m --sampler -g --grid --no-grid -t --log_tokenization --karras_max -z
--png_compression --precision -F --full_precision --free_gpu_mem --max_loaded_models
--sequential_guidance --xformers --no-xformers --always_use_cpu --embedding_path --embedding_directory
--embeddings --no-embeddings --lora_directory --safety_checker --no-safety_checker --nsfw_checker
--no-nsfw_checker --no_restore --no_upscale --esrgan_bg_tile --esrgan_denoise_str --gfpgan_model_path
--gfpgan_dir --autoimport --autoconvert --ckpt_convert --weight_dirs --internet --no-internet
--patchmatch --no-patchmatch --enable_image_debugging --web --web_develop --web_verbose --cors --host
--port --certfile --keyfile --gui --laion400m --weights --iterations -n --seamless --device -d
--safety-checker
"""
COMMANDS_OF_OLD = """
!fix !fetch !replay !history !search !clear !N !mask !models !switch !import_model !edit_model !del_model
!convert_model !optimize_model !triggers !dream -h --help q # //
"""

VALUES = {"N": "3", "X": "0.5", "PIXELS": "64", "NAME": "k_euler", "DTYPE": "float32", "DEVICE": "cpu"}


def _id(value: object) -> str:
    return value if isinstance(value, str) else ""


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "update_compatibility", ROOT / "docs/update_compatibility.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_tables_say() -> None:
    text = (ROOT / "docs/compatibility.md").read_text(encoding="utf-8")
    assert text == generator().page(), "run: python docs/update_compatibility.py"


def test_the_tables_hold_every_old_spelling_once() -> None:
    for table, spellings in ((OLD_LINE, LINE), (OLD_SWITCHES, SHELL)):
        held = [spelling for old in table for spelling in old.spellings]
        assert sorted(held) == sorted(spellings.split())
    assert {old.word for old in OLD_COMMANDS} == set(COMMANDS_OF_OLD.split())
    assert len({old.name for old in OLD_LINE}) == len(OLD_LINE)


@pytest.mark.parametrize(
    ("old", "spelling"), [(old, spelling) for old in OLD_LINE for spelling in old.spellings], ids=_id
)
def test_a_switch_of_the_line_is_understood(old: OldSwitch, spelling: str) -> None:
    forms = [f"{spelling} {old.example}", f"a barn {spelling} {old.example}", f"{spelling} {old.example} -t"]
    if old.example and " " not in old.example:
        forms.append(f"a barn {spelling}={old.example}")
    for line in forms:
        value = getattr(parse(line), old.name)
        assert value not in (None, "", "a barn")
        assert value == getattr(parse(f"{by_name()[old.name].flags[0]} {old.example}"), old.name)


@pytest.mark.parametrize("old", OLD_COMMANDS, ids=lambda old: old.example)
def test_a_command_is_there_or_says_that_it_comes(old: OldCommand) -> None:
    if old.word in ("#", "//"):
        assert _is_skipped(old.example)
    elif old.word == "q":
        assert _leaves(old.example)
    elif old.word == "!dream":
        assert parse(old.example).prompt == "a barn"
    else:
        assert is_command(old.example)
    if old.word in COMMANDS and not COMMANDS[old.word].ready:
        with pytest.raises(InvokeError, match="later"):
            list(COMMANDS[old.word].run("a.png", Context(None, (), 80)))


@pytest.mark.parametrize(
    ("old", "spelling"), [(old, spelling) for old in OLD_SWITCHES for spelling in old.spellings], ids=_id
)
def test_a_switch_of_the_shell_is_taken_or_answered(
    old: OldShellSwitch, spelling: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [spelling, *([VALUES.get(old.takes, "x")] if old.takes else [])]
    if old.kind == "refused":
        with pytest.raises(SettingsError) as caught:
            read_arguments(arguments)
        assert caught.value.message == f"{spelling} {old.here}"
        return
    if spelling in ("-h", "--help", "--version"):
        with pytest.raises(SystemExit):
            read_arguments(arguments)
        assert capsys.readouterr().out
        return
    found = read_arguments(arguments)
    assert found.line is None  # a value was not taken for a prompt line
    assert found.notes == (() if old.kind == "same" else (f"{spelling} {old.here}",))
    if old.kind == "ignored":
        assert found.values == {}
    if old.kind == "sets":
        name, value = old.sets
        assert found.values == {name: value.format(*arguments[1:])}
    settings_from(found.values, None, {})  # none of it is wrong


def test_what_is_said_of_old_switches_is_said_once_and_first(capsys: pytest.CaptureFixture[str]) -> None:
    from invoke_cli.__main__ import main

    assert main(["--xformers", "--always_use_cpu", "--dry_run", "a barn -S 1"]) == 0
    first, second, *_ = capsys.readouterr().err.splitlines()
    assert first.startswith("--xformers changes nothing")
    assert second == "--always_use_cpu is --device cpu here"
