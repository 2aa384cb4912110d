"""One model of the catalog as a value, and how the mapping in models.yaml becomes one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from invoke_cli.errors import SettingsError
from invoke_cli.models.devices import PRECISIONS
from invoke_cli.registry import nearest
from invoke_cli.yaml_file import Placed

PREDICTIONS = ("epsilon", "v_prediction", "sample")
SPACINGS = ("linspace", "trailing")
# Of these a single part can be changed, by a dot and its name.
MAPPINGS = ("defaults", "loras")


@dataclass(frozen=True, kw_only=True)
class ModelEntry:
    """One model of the catalog.

    source: "embedded:demo", the path of a diffusers directory or a checkpoint file, or a hub id
    "org/name[@revision]". kind: the architecture, where it cannot be recognised. native_size: pixels;
    overrides what the model's own configuration says. dtype: the precision that suits the model.
    vae: a name from the VAE folder, or a path. loras: names from the LoRA folder with their weights, which
    every line of this model uses. tokenizer: a directory. prediction: what the UNet was trained to predict.
    spacing: of the timesteps; "trailing" suits models distilled to a few steps. zero_snr: whether it was
    trained down to no signal at all, where its own configuration does not say.
    defaults: values for prompt-line switches that suit the model, by their long names. guidance_share: how
    much of its usual effect a guidance scale has, where the model was trained for milder guidance.
    """

    name: str
    source: str
    revision: str | None = None
    kind: str | None = None
    native_size: int | None = None
    dtype: str | None = None
    vae: str | None = None
    loras: tuple[tuple[str, float], ...] = ()
    tokenizer: str | None = None
    prediction: str | None = None
    spacing: str | None = None
    zero_snr: bool | None = None
    guidance_share: float | None = None
    description: str = ""
    default: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def weights(self) -> Hashable:
        """What decides how the model is loaded: entries that agree in this share what is in memory.

        LoRAs and a VAE are put on afterwards, line by line.
        """
        apart = {"description", "default", "defaults", "loras", "vae", "guidance_share"}
        return tuple(getattr(self, item.name) for item in fields(self) if item.name not in apart)


KEYS = tuple(item.name for item in fields(ModelEntry) if item.name != "name")


def read_entry(name: str, placed: Placed, where: str) -> ModelEntry:
    """The entry that a mapping of models.yaml describes.

    where: the file, for messages. Raises SettingsError that names the line, the model and the key.
    """
    if not isinstance(placed.value, dict):
        raise SettingsError(f"{where}, line {placed.line}: {name} should have keys such as 'source:'")
    values: dict[str, Any] = {}
    for key, value in placed.value.items():
        at = f"{where}, line {placed.lines.get(str(key), placed.line)}: {name}:"
        values[check_key(str(key), at)] = read_value(str(key), value, at)
    if "source" not in values:
        raise SettingsError(
            f"{where}, line {placed.line}: {name} needs a 'source:' (a directory, a file or a hub id)"
        )
    return ModelEntry(name=name, **values)


def check_key(key: str, at: str) -> str:
    """`key` when models.yaml may hold it. Raises SettingsError, whose message begins with `at`, else."""
    if key in KEYS:
        return key
    meant = nearest(key, KEYS)
    hint = f"did you mean {meant}?" if meant else f"there are: {', '.join(KEYS)}"
    raise SettingsError(f"{at} there is no key {key!r}", hint)


def read_value(key: str, value: object, at: str) -> Any:
    """A value as YAML gives it, in the form that the entry's field `key` has. `at` begins messages."""
    if check_key(key, at) in _READERS:
        accept, form = _READERS[key]
        read = accept(value)
        if read is None:
            raise SettingsError(f"{at} {key} should be {form}, not {value!r}")
        return read
    if not isinstance(value, str) or (not value.strip() and key != "description"):
        raise SettingsError(f"{at} {key} should be text, not {value!r}", "text may stand in quotes")
    return value


def kinds() -> tuple[str, ...]:
    """The architectures that a checkpoint file may be said to have."""
    from invoke_cli.models.architectures import ARCHITECTURES  # NumPy: not for reading models.yaml

    return tuple(known.name for known in ARCHITECTURES)


# Keys with few values, and what those are.
CHOICES: Mapping[str, Callable[[], tuple[str, ...]]] = {
    "kind": kinds,
    "dtype": lambda: tuple(PRECISIONS),
    "prediction": lambda: PREDICTIONS,
    "spacing": lambda: SPACINGS,
    "zero_snr": lambda: ("true", "false"),
    "default": lambda: ("true", "false"),
}


def _size(value: object) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and isinstance(value, int) and value >= 8 and value % 8 == 0 else None


def _share(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and _is_number(value) and 0 < value <= 1 else None


def _switch(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _mapping(value: object) -> dict[str, Any] | None:
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else None


def _one_of(*words: str) -> Callable[[object], str | None]:
    return lambda value: value if isinstance(value, str) and value in words else None


def _loras(value: object) -> tuple[tuple[str, float], ...] | None:
    """`{grain: 0.8}`, `[grain, ink]` or `grain`; a name without a weight has weight 1."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list):
        return tuple((name, 1.0) for name in value) if all(isinstance(name, str) for name in value) else None
    if not isinstance(value, dict) or not all(_is_number(weight) for weight in value.values()):
        return None
    return tuple((str(name), float(weight)) for name, weight in value.items())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_READERS: dict[str, tuple[Callable[[object], Any], str]] = {
    "native_size": (_size, "a number of pixels, a multiple of 8"),
    "dtype": (_one_of(*PRECISIONS), "one of auto, fp32, fp16, bf16"),
    "prediction": (_one_of(*PREDICTIONS), f"one of {', '.join(PREDICTIONS)}"),
    "spacing": (_one_of(*SPACINGS), f"one of {', '.join(SPACINGS)}"),
    "loras": (_loras, "names with weights, such as {grain: 0.8}"),
    "zero_snr": (_switch, "true or false"),
    "guidance_share": (_share, "a number above 0, at most 1"),
    "default": (_switch, "true or false"),
    "defaults": (_mapping, "switches with values, such as {steps: 30}"),
}
