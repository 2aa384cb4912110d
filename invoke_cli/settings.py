"""Settings: built-in < configuration file < init file < environment < shell, merged in one place.

Two kinds of names live in every layer: the options below, which belong to the program, and the defaults of
prompt-line switches, which are read by the same codecs as on the line.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from invoke_cli.errors import SettingsError
from invoke_cli.language.defaults import from_pairs, merge
from invoke_cli.language.request import Request
from invoke_cli.language.switches import table
from invoke_cli.models.devices import check_device, check_precision
from invoke_cli.paths import expanded
from invoke_cli.registry import nearest
from invoke_cli.yaml_file import load_mapping

PREFIX = "INVOKE_CLI_"
FILES = (f"{PREFIX}CONFIG", f"{PREFIX}INIT")
"""The variables that name files of settings."""

N = TypeVar("N", int, float)


@dataclass(frozen=True)
class Option:
    """A setting of the program, as every layer knows it."""

    name: str
    metavar: str
    default: str
    help: str


OPTIONS = (
    Option("model", "NAME", "", "a name from models.yaml, a diffusers directory, or a hub id"),
    Option("device", "DEVICE", "auto", "auto, cuda, mps or cpu"),
    Option("precision", "DTYPE", "auto", "auto, fp32, fp16 or bf16"),
    Option("max_loaded_models", "N", "", "how many models stay in memory at most; no limit when left out"),
    Option("max_loaded_gb", "X", "", "how large they may be together; half of the memory when left out"),
    Option("kept_weights_gb", "X", "20", "how much disk converted and packed weights may take; 0 keeps none"),
    Option("lora_directory", "FOLDER", "", "where LoRAs are looked for, by name"),
    Option("embedding_directory", "FOLDER", "", "where embeddings (textual inversion) are looked for"),
    Option("wildcard_directory", "FOLDER", "", "where the files of wildcards such as __animal__ are"),
    Option("vae_directory", "FOLDER", "", "where separate VAEs are looked for, by name"),
    Option("tokenizer", "DIR", "", "take CLIP's vocabulary for checkpoint files from here, and keep it"),
    Option("autoimport", "FOLDER", "", "import the new models in FOLDER at the start"),
    Option("sweep_limit", "N", "16", "ask before a line with lists of values draws more pictures than N"),
    Option("viewer", "NAME", "auto", "pictures in the terminal: auto, kitty, iterm2, sixel, blocks or none"),
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What holds for a whole session.

    device, precision: canonical words of models.devices. max_loaded_models, max_loaded_gb: what may stay in
    memory, None where nothing was said. kept_weights: the bytes that weights converted to half precision may
    take in weights_directory, 0 for none. lora_directory and its kind: where the
    files are that lines and models name. tokenizer: where CLIP's vocabulary is taken from. sweep_limit: how
    many pictures a line with lists draws without asking. viewer: how a terminal shows pictures. yes: the
    answer to questions that nobody is there to hear. explain: say what lines would do to their schedule
    instead of drawing, with a plot in the file `png` where that is given. compile: draw with networks
    compiled by torch. defaults: what the user set for prompt-line switches, unset where they did not.
    """

    model: str = ""
    device: str = "auto"
    precision: str = "auto"
    max_loaded_models: int | None = None
    max_loaded_gb: float | None = None
    kept_weights: int = 0
    weights_directory: str = "weights"
    lora_directory: str = "loras"
    embedding_directory: str = "embeddings"
    vae_directory: str = "vaes"
    wildcard_directory: str = "wildcards"
    tokenizer: str = ""
    autoimport: str = ""
    sweep_limit: int = 16
    viewer: str = "auto"
    dry_run: bool = False
    yes: bool = False
    explain: bool = False
    compile: bool = False
    png: Path | None = None
    defaults: Request = field(default_factory=Request)


def settings_from(
    shell: Mapping[str, Any],
    config: Path | None,
    environment: Mapping[str, str],
    *,
    init: tuple[Mapping[str, Any], str] | None = None,
    dry_run: bool = False,
    yes: bool = False,
) -> Settings:
    """Merge the layers. `shell` holds what was given on the command line, by long name.

    init: the settings of an init file and its name, above the configuration file, below the environment.
    Raises SettingsError that names the layer and the key.
    """
    layers: list[tuple[Mapping[str, Any], str]] = [
        _file_layer(config, environment),
        *([init] if init is not None else []),
        _environment_layer(environment),
        (shell, "the command line"),
    ]
    options = {option.name: option.default for option in OPTIONS}
    defaults = Request()
    for values, source in layers:
        own = {name: str(value) for name, value in values.items() if name in options and value is not None}
        options |= own
        switches = {name: value for name, value in values.items() if name not in options}
        _check_names(switches, source)
        defaults = merge(defaults, from_pairs(switches, source))
    return Settings(
        model=options["model"],
        device=check_device(options["device"]),
        precision=check_precision(options["precision"]),
        max_loaded_models=_number(options, "max_loaded_models", int),
        max_loaded_gb=_number(options, "max_loaded_gb", float),
        kept_weights=int(_amount(options, "kept_weights_gb") * 2**30),
        **_folders(options, environment),
        tokenizer=options["tokenizer"],
        autoimport=options["autoimport"],
        sweep_limit=_limit(options),
        viewer=options["viewer"],
        dry_run=dry_run,
        yes=yes,
        defaults=defaults,
    )


def _number(options: Mapping[str, str], name: str, kind: Callable[[str], N]) -> N | None:
    """A number above 0, or None where nothing was said."""
    text = options[name]
    if not text:
        return None
    try:
        number = kind(text)
    except ValueError:
        number = kind("0")
    if not 0 < number < float("inf"):
        raise SettingsError(f"{name} should be a number above 0, not {text!r}")
    return number


def _limit(options: Mapping[str, str]) -> int:
    limit = _number(options, "sweep_limit", int)
    return Settings.sweep_limit if limit is None else limit


def _amount(options: Mapping[str, str], name: str) -> float:
    """A number from 0 on."""
    try:
        number = float(options[name])
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise SettingsError(f"{name} should be a number from 0 on, not {options[name]!r}")
    return number


def _folders(options: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, Any]:
    kinds = ("lora", "embedding", "vae", "wildcard")
    named = {f"{kind}_directory": _folder(options, kind, environment) for kind in kinds}
    return {**named, "weights_directory": str(cache_directory(environment) / "weights")}


def _folder(options: Mapping[str, str], kind: str, environment: Mapping[str, str]) -> str:
    """The folder that was named, or else the one beside the user's other data."""
    return options[f"{kind}_directory"] or str(data_directory(environment) / f"{kind}s")


def data_directory(environment: Mapping[str, str]) -> Path:
    """Where the user's LoRAs, embeddings and VAEs are kept unless they say otherwise."""
    base = environment.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "invoke-cli"


def cache_directory(environment: Mapping[str, str]) -> Path:
    """Where things are kept that can be made again."""
    base = environment.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "invoke-cli"


def user_directory(environment: Mapping[str, str]) -> Path:
    """Where the user's own config.yaml and models.yaml are looked for."""
    base = environment.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "invoke-cli"


def shipped_directory() -> Path:
    """The configs/ folder: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "configs"
    return installed if installed.is_dir() else package.parent / "configs"


def _file_layer(config: Path | None, environment: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    named = environment.get(f"{PREFIX}CONFIG")
    if config is None and named:
        config = expanded(named)
    path = config if config is not None else user_directory(environment) / "config.yaml"
    if config is None and not path.is_file():
        return {}, str(path)
    return {key.replace("-", "_"): value for key, value in load_mapping(path).items()}, str(path)


def _environment_layer(environment: Mapping[str, str]) -> tuple[dict[str, str], str]:
    values = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and value and name not in FILES
    }
    return values, f"the environment ({PREFIX}...)"


def _check_names(values: Mapping[str, Any], source: str) -> None:
    allowed = {switch.name for switch in table() if switch.shell}
    for name in values:
        if name not in allowed:
            meant = nearest(name, allowed | {option.name for option in OPTIONS})
            raise SettingsError(
                f"{source}: {name!r} is not a setting", f"did you mean {meant}?" if meant else "see --help"
            )


def environment() -> dict[str, str]:
    """A copy of the process's environment variables."""
    return dict(os.environ)
