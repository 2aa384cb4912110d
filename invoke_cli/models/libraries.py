"""The import of the large libraries, which is most of what the first picture of a session waits for.

Ordinary models need torch alone. What is unusual, and what writes files for other programs, needs diffusers
and transformers as well, which take twice as long.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from invoke_cli.models.threads import wait_calmly

TORCH = ("torch", "safetensors.torch")
CLASSES = (
    "diffusers.models.autoencoders.autoencoder_kl",
    "diffusers.models.unets.unet_2d_condition",
    "transformers.models.clip.modeling_clip",
    "transformers.models.clip.tokenization_clip",
)


def import_once(modules: tuple[str, ...] = TORCH) -> None:
    """Import modules that are not there yet.

    They are up to a million objects that stay. Looking through them for garbage again and again took a
    fifth of the time, so that waits until they are there, and then passes them over for good.
    """
    if all(name in sys.modules for name in modules):
        return
    wait_calmly(os.environ)
    collects = gc.isenabled()
    gc.disable()
    try:
        for name in modules:
            import_module(name)
    finally:
        if collects:
            gc.enable()
    gc.freeze()


def import_behind() -> None:
    """Begin to import torch, which then goes on in a thread while others get ready."""
    if any(name not in sys.modules for name in TORCH):
        # a daemon: who quits should not wait for it
        threading.Thread(target=import_once, name="import", daemon=True).start()


@contextmanager
def quiet() -> Iterator[None]:
    """Both libraries, imported, with their progress bars and advice kept off the console's terminal."""
    import_once((*TORCH, *CLASSES))
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    libraries = (diffusers_logging, transformers_logging)
    levels = [library.get_verbosity() for library in libraries]
    for library in libraries:
        library.set_verbosity(logging.CRITICAL)
        library.disable_progress_bar()
    try:
        yield
    finally:
        for library, level in zip(libraries, levels, strict=True):
            library.set_verbosity(level)
            library.enable_progress_bar()
