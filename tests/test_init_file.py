"""Files of shell switches: old ones can be used as they are, and every layer keeps its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from invoke_cli.errors import SettingsError
from invoke_cli.init_file import VARIABLE, read_init_file, read_start
from invoke_cli.settings import Settings, settings_from

OLD = """\
# InvokeAI initialization file
# This is the InvokeAI initialization file, which contains command-line default values.
--no-nsfw_checker
--root="/home/me/invokeai"

--outdir="my pictures"   # where they go
--embeddings --free_gpu_mem
-s 30 -C7.5 --fit -F
--sampler=k_heun
--grid
--no-grid
--web
--fnformat "{prefix} #{seed}.png"
"""


def write(directory: Path, text: str, name: str = "invokeai.init") -> Path:
    path = directory / name
    path.write_text(text, encoding="utf-8")
    return path


def started(arguments: list[str], environment: dict[str, str], config: Path | None = None) -> Settings:
    start = read_start(arguments, environment)
    return settings_from(start.invocation.values, config, environment, init=start.init)


def test_an_old_file_is_read_and_what_is_gone_is_said(tmp_path: Path) -> None:
    path = write(tmp_path, OLD)
    values, notes = read_init_file(path)
    settings = started(["--init", str(path)], {"HOME": str(tmp_path)})
    assert (settings.defaults.outdir, settings.defaults.steps) == ("my pictures", 30)
    assert (settings.defaults.cfg_scale, settings.defaults.fit, settings.defaults.grid) == (7.5, True, False)
    assert (settings.defaults.sampler, settings.defaults.fnformat) == ("k_heun", "{prefix} #{seed}.png")
    assert settings.precision == "float32"
    assert "notes" not in values
    told = "\n".join(notes)
    for word in ("line 3: --no-nsfw_checker", "line 4: --root", "--embeddings", "line 12: --web"):
        assert word in told


def test_the_layers_from_the_configuration_to_the_shell(tmp_path: Path) -> None:
    config = write(tmp_path, "steps: 10\nwidth: 64\nheight: 72\ncfg_scale: 2\n", "config.yaml")
    init = write(tmp_path, "-s 20 -W 80 -C 3")
    environment = {
        "HOME": str(tmp_path),
        VARIABLE: str(init),
        "INVOKE_CLI_STEPS": "30",
        "INVOKE_CLI_WIDTH": "96",
    }
    defaults = started(["-s", "40"], environment, config).defaults
    assert (defaults.steps, defaults.width, defaults.cfg_scale, defaults.height) == (40, 96, 3, 72)
    other = write(tmp_path, "-C 4", "other.init")
    assert started(["--init", str(other)], environment, config).defaults.cfg_scale == 4


def test_the_environment_names_the_configuration_too(tmp_path: Path) -> None:
    config = write(tmp_path, "steps: 10", "mine.yaml")
    environment = {"HOME": str(tmp_path), "INVOKE_CLI_CONFIG": str(config)}
    assert started([], environment).defaults.steps == 10


@pytest.mark.parametrize(
    "name", ["QUALITY", "PROMPT_AS_DIR", "METADATA", "SIDECAR", "HIRES_FIX", "ANCHOR_COLOR"]
)
def test_settings_have_a_variable(tmp_path: Path, name: str) -> None:
    defaults = started([], {"HOME": str(tmp_path), f"INVOKE_CLI_{name}": "1"}).defaults
    assert getattr(defaults, name.lower()) in (True, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-s 10\n--stepz 20", r"line 2: .*--stepz"),
        ("-s", "line 1: .*expected"),
        ("\n\n-s ten", "steps is a whole number"),
        ("--outdir 'a b", "line 1: a quote is never closed"),
        ("a tree on a hill", "line 1: 'a' is no switch"),
        ("-I sketch.png", "line 1"),
        ("--from_file lines.txt", "line 1: --from_file is for the shell alone"),
        ("--dry_run", "line 1: --dry_run is for the shell alone"),
        ("--init other", "line 1: --init is for the shell alone"),
        ("\0", "is no file of switches"),
    ],
)
def test_mistakes_have_their_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        started(["--init", str(write(tmp_path, text))], {"HOME": str(tmp_path)})


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"-o caf\xe9")
    for name, said in (("missing", "cannot be read"), (".", "cannot be read"), ("latin", "UTF-8")):
        with pytest.raises(SettingsError, match=said):
            read_start(["--init", str(tmp_path / name)], {})


def test_arguments_from_a_file(tmp_path: Path) -> None:
    path = write(tmp_path, "-s 12\n'a tree -C 4'  # the line\n")
    invocation = read_start([f"@{path}", "--dry_run", "-s", "13"], {}).invocation
    assert (invocation.line, invocation.values["steps"], invocation.dry_run) == ("a tree -C 4", "13", True)
    assert read_start(["meet me @ the pub"], {}).invocation.line == "meet me @ the pub"
    with pytest.raises(SettingsError, match="nowhere"):
        read_start(["@nowhere"], {})
