"""Nothing in a run makes the host wait for the device: seen on the meta device, whose tensors have no values.

Whatever asks for one (`item`, `bool`, `tolist`, a copy to main memory) fails there; on a GPU it would wait.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from invoke_cli.diffusion import host
from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.conditioning import Conditioning
from invoke_cli.diffusion.engines import Eager, Engine, Graphed
from invoke_cli.diffusion.generate import sample
from invoke_cli.diffusion.recipe import Recipe
from invoke_cli.diffusion.samplers import SAMPLERS
from tests.diffusion.test_engines import Recorded
from tests.tiny import make_unet, make_vae

META = torch.device("meta")
Make = Callable[..., Recipe]


class Watching(TorchDispatchMode):
    """Notes copies to the device that the host waits for: all but those by `host.onto`."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[str] = []

    def __torch_dispatch__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        given = [each for each in (*args, *(kwargs or {}).values()) if isinstance(each, Tensor)]
        from_host = any(each.device.type == "cpu" and each.dim() > 0 for each in given)
        if isinstance(made, Tensor) and made.device == META and from_host and not _is_within_onto():
            self.waited.append(str(func))
        return made

    def __enter__(self) -> Watching:
        self._tensor = torch.tensor
        torch.tensor = self._noted  # what it does on the way is not told to a mode
        return super().__enter__()  # type: ignore[no-any-return]

    def __exit__(self, *error: Any) -> None:
        torch.tensor = self._tensor
        super().__exit__(*error)

    def _noted(self, *given: Any, device: Any = None, **more: Any) -> Tensor:
        if device is not None and torch.device(device) == META:
            self.waited.append("torch.tensor")
        return self._tensor(*given, device=device, **more)


def _is_within_onto() -> bool:
    frame: Any = sys._getframe(2)
    while frame is not None and frame.f_code is not host.onto.__code__:
        frame = frame.f_back
    return frame is not None


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch, bundle: Bundle) -> Callable[..., Bundle]:
    """The bundle on the meta device, with the UNet that is wanted; in half precision, as on a GPU."""
    sides = Conditioning(torch.empty(1, 77, 16, device=META), torch.empty(1, 77, 16, device=META))
    monkeypatch.setattr(Bundle, "condition", lambda *_: sides)
    monkeypatch.setattr(Bundle, "_check", lambda *_: None)  # of the init picture, before the first step

    def make(engine: Engine, **unet: Any) -> Bundle:
        networks = {"unet": make_unet(**unet).half().to(META), "vae": make_vae().half().to(META)}
        return replace(bundle, **networks, device=META, dtype=torch.float16, shared_engine=engine)

    return make


def steps_of(bundle: Bundle, *recipes: Recipe) -> list[object]:
    running: Iterator[object] = sample(bundle, recipes)
    return [next(running) for _ in range(recipes[0].steps)]  # what follows the last step may wait


@pytest.mark.parametrize("sampler", list(SAMPLERS))
def test_no_sampler_waits(sampler: str, there: Any, recipe: Make) -> None:
    one = there(Graphed(Recorded()))
    with Watching() as watching:
        assert len(steps_of(one, recipe(sampler=sampler, steps=3))) == 3
    assert watching.waited == []


MASK = np.ones((64, 64), dtype=np.float32)
AROUND: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "one side": ({"scale": 1.0}, {}),
    "interval": ({"guidance": (0.5, 5.0)}, {}),
    "limit, mirrors, tiles": ({"threshold": 2.0, "mirrors": (0.5, 0.5), "seamless": ("x",)}, {}),
    "mask": ({"rgb": True, "mask": MASK, "sampler": "k_euler_a"}, {}),
    "variation, perlin": ({"blend": ((7, 0.3),), "perlin": 0.2, "sampler": "k_euler_a"}, {}),
    "features": ({"reuse": 2}, {}),
    "low memory": ({"low_memory": True}, {}),
    "inpainting": ({"rgb": True, "mask": MASK}, {"in_channels": 9}),
    "told its scale": ({"sampler": "lcm"}, {"time_cond_proj_dim": 32}),
    "called": ({}, {"resnet_time_scale_shift": "scale_shift"}),
}


@pytest.mark.parametrize("what", AROUND)
def test_nothing_around_the_network_waits(what: str, there: Any, recipe: Make, init: Any) -> None:
    changes, unet = AROUND[what]
    asked = recipe(**{"steps": 3, **changes, **({"rgb": init} if "rgb" in changes else {})})
    one = there(Graphed(Recorded()), **unet)
    with Watching() as watching:
        steps_of(one, asked)
    assert watching.waited == []


def test_pictures_drawn_together_do_not_wait(there: Any, recipe: Make) -> None:
    one = there(Eager())
    with Watching() as watching:
        steps_of(one, recipe(seed=1), recipe(seed=2))
    assert watching.waited == []


@pytest.mark.parametrize("asking", [bool, float, Tensor.tolist, Tensor.cpu, Tensor.item])
def test_what_would_wait_is_seen(asking: Any, there: Any, recipe: Make) -> None:
    running = sample(there(Eager()), [recipe()])
    ((step,)) = next(running)
    with pytest.raises((RuntimeError, NotImplementedError), match=r"[Mm]eta tensor"):
        asking(step.x.sum())


def test_copies_that_would_wait_are_seen() -> None:
    with Watching() as watching:
        host.onto(META, torch.ones(3))
        assert watching.waited == []
        torch.ones(3).to(META)
        torch.tensor([1.0, 2.0], device=META)
        torch.empty(3, device=META).copy_(torch.ones(3))
    assert len(watching.waited) == 3
