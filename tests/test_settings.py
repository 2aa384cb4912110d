"""Layers of settings, and what the shell's own command line may hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from invoke_cli.errors import SettingsError
from invoke_cli.settings import settings_from
from invoke_cli.shell import read_arguments


def config(directory: Path, text: str) -> Path:
    path = directory / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_each_layer_overrides_the_one_below(tmp_path: Path) -> None:
    path = config(tmp_path, "steps: 10\ncfg_scale: 3\nfit: true\nmodel: from-file\n")
    environment = {"INVOKE_CLI_STEPS": "20", "INVOKE_CLI_CFG_SCALE": "4", "HOME": str(tmp_path)}
    shell = read_arguments(["-s", "30", "--no-fit"]).values
    settings = settings_from(shell, path, environment)
    assert settings.model == "from-file"
    assert settings.defaults.steps == 30
    assert settings.defaults.cfg_scale == 4
    assert settings.defaults.fit is False
    assert settings.defaults.sampler is None


def test_what_may_stay_in_memory(tmp_path: Path) -> None:
    path = config(tmp_path, "max_loaded_models: 3\nautoimport: ~/new\n")
    shell = read_arguments(["--max-loaded-models", "2", "--max_loaded_gb=6.5", "--yes"])
    settings = settings_from(shell.values, path, {"HOME": str(tmp_path)}, yes=shell.yes)
    assert (settings.max_loaded_models, settings.max_loaded_gb) == (2, 6.5)
    assert (settings.autoimport, settings.yes) == ("~/new", True)
    assert settings_from({}, None, {"HOME": str(tmp_path)}).max_loaded_models is None


def test_the_users_own_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "invoke-cli").mkdir()
    config(tmp_path / "invoke-cli", "strength: 0.4")
    settings = settings_from({}, None, {"XDG_CONFIG_HOME": str(tmp_path)})
    assert settings.defaults.strength == 0.4


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("stepz: 10", "steps"),
        ("steps: ten", "whole number"),
        ("strength: 75", "0.75"),
        ("device: gpu", "cuda"),
        ("precision: fp17", "fp16"),
        ("steps: 1\nsteps: 2", "twice"),
        ("max_loaded_models: 1.5", "above 0"),
        ("max_loaded_gb: nan", "above 0"),
        ("max_loaded_gb: -1", "above 0"),
        ("init_img: a.png", "not a setting"),
    ],
)
def test_a_wrong_file_says_what_to_write_instead(tmp_path: Path, text: str, part: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_from({}, config(tmp_path, text), {"HOME": str(tmp_path)})
    assert part in f"{caught.value.message} {caught.value.hint}"


def test_a_wrong_environment_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"environment.*stepz"):
        settings_from({}, None, {"INVOKE_CLI_STEPZ": "5", "HOME": str(tmp_path)})


def test_a_file_that_is_asked_for_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        settings_from({}, tmp_path / "none.yaml", {})


def test_shell_switches_and_the_line() -> None:
    found = read_arguments(["--json", "-f0.7", "-A", "k_euler", "--outdir=x", "a cat -s20 -I a.png"])
    assert found.line == "a cat -s20 -I a.png"
    assert found.json
    assert not found.dry_run
    assert found.values == {"strength": "0.7", "sampler": "k_euler", "outdir": "x"}


@pytest.mark.parametrize("spelling", ["-fit", "--fit", "-T"])
def test_old_spellings_work_at_the_shell(spelling: str) -> None:
    assert read_arguments([spelling]).values == {"fit": True}


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--stepps", "5"], "--steps"),
        (["a", "cat"], "quote"),
        (["--from_file", "x", "a cat"], "not both"),
        (["--model"], "--help"),
    ],
)
def test_wrong_usage_is_one_sentence(arguments: list[str], part: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_arguments(arguments)
    assert part in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("line", ["-s 5 a tree", "-I tiny.png a tree", "-s5 a tree -g"])
def test_a_line_may_begin_with_a_switch(line: str) -> None:
    found = read_arguments(["--json", line])
    assert found.line == line
    assert found.values == {}


def test_values_with_blanks_stay_values() -> None:
    assert read_arguments(["--outdir", "my pictures", "a cat"]).values == {"outdir": "my pictures"}


def test_empty_settings_are_unset(tmp_path: Path) -> None:
    settings = settings_from({}, config(tmp_path, "device:"), {"INVOKE_CLI_STEPS": "", "HOME": str(tmp_path)})
    assert settings.device == "auto"
    assert settings.defaults.steps is None
