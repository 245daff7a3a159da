"""Combinations that are known to fail, or that nobody has seen work: never planned.

Sequential offload is no rung at all: it fails with GGUF, bitsandbytes and quanto alike.
The decoder is never streamed, because its first pass must not be tiled then.
"""

from __future__ import annotations

STREAMED = ("group_offload", "leaf_offload", "partial_blocks")
BY_BITSANDBYTES = ("nf4",)


def legal(rung: str, form: str | None, switches: tuple[str, ...], dtype: str, kind: str) -> bool:
    """Whether this placement, storage form, switches and dtype work together on ``kind``."""
    wrong = (
        kind == "cpu" and dtype == "fp16",  # few operations have a kernel for it
        dtype == "fp32" and form is not None,  # the rest of the model would outweigh the gain
        kind == "mps" and form is not None,  # no 8- or 4-bit kernels there
        form == "int8" and rung in STREAMED,  # torchao refuses streams
        form in BY_BITSANDBYTES and rung in STREAMED,  # its packed weights do not follow hooks
        "taesd" in switches and "vae_tiling" in switches,  # another decoder, which has no tiles
    )
    return not any(wrong)
