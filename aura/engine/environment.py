"""The environment an engine process runs in; some of it must stand before torch loads."""

from __future__ import annotations

import sys
from collections.abc import Mapping

OFFLINE = {
    "HF_HUB_OFFLINE": "1",  # an engine reads what is on the disk and asks nobody
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}

QUIET = {
    "TOKENIZERS_PARALLELISM": "false",
    "PYTORCH_ENABLE_MPS_FALLBACK": "1",
    "PYTHONUTF8": "1",
    "TQDM_DISABLE": "1",  # bars in a log are noise
}

# Each thread's own heap of glibc keeps what a model leaves in it: after every model more.
HEAP = {"MALLOC_ARENA_MAX": "1"}

ALLOCATOR = "PYTORCH_ALLOC_CONF"
ALLOCATORS = (ALLOCATOR, "PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_HIP_ALLOC_CONF")


def environment(base: Mapping[str, str], platform: str = sys.platform) -> dict[str, str]:
    """``base`` with the engine's own; allocators that a person has set up stay."""
    born = {**HEAP, **base, **OFFLINE, **QUIET}
    if not any(name in base for name in ALLOCATORS):
        # Segments that grow waste the least; only Linux drivers have them.
        growing = platform == "linux"
        born[ALLOCATOR] = "expandable_segments:True" if growing else "max_split_size_mb:128"
    return born
