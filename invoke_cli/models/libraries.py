"""The import of the large libraries, which is most of what the first picture of a session waits for."""

from __future__ import annotations

import gc
import sys

_LAST = "transformers.models.clip.modeling_clip"


def import_libraries() -> None:
    """Import torch, diffusers and transformers as far as a model needs them, once.

    Their modules are a million objects that stay. Looking through them for garbage again and again took a
    fifth of the time, so that waits until they are there, and then passes them over for good.
    """
    if _LAST in sys.modules:
        return
    collects = gc.isenabled()
    gc.disable()
    try:
        import torch  # noqa: F401
        from diffusers import AutoencoderKL, UNet2DConditionModel  # noqa: F401
        from transformers import CLIPTextModel, CLIPTokenizer  # noqa: F401
    finally:
        if collects:
            gc.enable()
    gc.freeze()
