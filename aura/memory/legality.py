"""Combinations that are known to fail, or that nobody has seen work: never planned.

Sequential offload is no rung at all: it fails with GGUF, bitsandbytes and quanto alike.
The decoder is never streamed, because its first pass must not be tiled then. Weights
packed by bitsandbytes or torchao do not follow the hooks of diffusers; they pass through
by our own (``families.homes``), and so may be in any place.
"""

from __future__ import annotations


def legal(form: str | None, switches: tuple[str, ...], dtype: str, kind: str) -> bool:
    """Whether this storage form, these switches and this dtype work together on ``kind``."""
    wrong = (
        kind == "cpu" and dtype == "fp16",  # few operations have a kernel for it
        dtype == "fp32" and form is not None,  # the rest of the model would outweigh the gain
        kind == "mps" and form is not None,  # no 8- or 4-bit kernels there
        "taesd" in switches and "vae_tiling" in switches,  # another decoder, which has no tiles
    )
    return not any(wrong)
