"""How torch says that memory does not suffice."""

from __future__ import annotations

# on a GPU and on a CPU
OUT_OF_MEMORY = ("out of memory", "can't allocate memory")


def is_out_of_memory(error: Exception) -> bool:
    """Whether the error says that memory did not suffice."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in OUT_OF_MEMORY)


def is_the_devices(error: Exception) -> bool:
    """Whether it says so of a device's own memory, and not of main memory."""
    return is_out_of_memory(error) and any(f"{kind} out of memory" in str(error) for kind in ("CUDA", "HIP"))
