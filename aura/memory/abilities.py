"""What each family can carry out, as plain data, for those who may not load the family.

The page asks what a model would need without loading torch; a family declares the same
in its footprint, and a test holds the two together. A family that is not written yet is
planned with everything the ladder has. What needs a package or a file that is not there
is never planned.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from aura.catalog import decoders
from aura.catalog.quants import NAMES, gguf_file
from aura.catalog.single import ALONE
from aura.memory.planner import FORMATS, SWITCHES
from aura.memory.published import DTYPES
from aura.memory.rungs import RUNGS

EVERYTHING = (*dict.fromkeys(rung.name for rung in RUNGS), *SWITCHES, *FORMATS)

PLACES = ("resident", "encoders_out", "model_offload", "cpu")
STREAMS = ("partial_blocks", "group_offload", "leaf_offload")
DIFFUSION = (*PLACES, *STREAMS, "vae_slicing", "vae_tiling", "taesd")
PACKAGES = {
    "int8": "torchao",
    "nf4": "bitsandbytes",
    "gguf_q8": "gguf",
    "gguf_q4": "gguf",
    "openvino": "openvino",
}

ABILITIES: Mapping[str, tuple[str, ...]] = {
    "stable_diffusion": ("openvino", *DIFFUSION, "cfg_split", "fp8", "int8"),
    "stable_diffusion_xl": ("openvino", *DIFFUSION, "cfg_split", "fp8", "int8"),
    "flux": (*DIFFUSION, *FORMATS),
    "flux2": (*DIFFUSION, *FORMATS),
    "z_image": (*DIFFUSION, *FORMATS),
    "sana": (*DIFFUSION, "fp8", "int8", "nf4"),
    "blip": ("resident", "model_offload", "cpu"),
    "siglip": ("resident", "model_offload", "small_batch", "cpu"),
    "bge": ("resident", "small_batch", "cpu"),
    "esrgan": ("resident", "small_tile", "cpu"),
    "owl": ("resident", "model_offload", "cpu"),
}
# In which the numbers of a family stay in range, where not in all: their language models
# overflow in half precision.
RANGES: Mapping[str, tuple[str, ...]] = dict.fromkeys(
    ("flux2", "z_image", "sana"), ("fp32", "bf16")
)
# Those with a pipeline that starts from a picture, and with one that draws a part of it anew.
STARTS = ("stable_diffusion", "stable_diffusion_xl", "flux", "z_image", "sana")
INPAINTS = ("stable_diffusion", "stable_diffusion_xl", "flux", "z_image")


def dtypes(family: str) -> tuple[str, ...]:
    """In which ``family`` computes, on whatever device offers them."""
    return RANGES.get(family, DTYPES)


def abilities(
    family: str, folder: Path | None = None, packages: frozenset[str] | None = None
) -> tuple[str, ...]:
    """What ``family`` can carry out here, with the optional ``packages`` that are installed.

    A small decoder must lie on the disk. So must a GGUF file in one of the parts of a model
    whose ``folder`` is given; of a model still to be fetched it is one more way to fetch it.
    """
    there = installed() if packages is None else packages
    missing = {name for name, package in PACKAGES.items() if package not in there}
    if decoders.tiny(family) is None:
        missing.add("taesd")
    if folder is not None and folder.is_file():
        # One file is loaded as it is, unless it holds what draws alone; then its header
        # tells in what forms.
        missing |= set() if family in ALONE else set(FORMATS)
    elif folder is not None:
        parts = [part for part in folder.iterdir() if part.is_dir()]
        missing |= {f for f in NAMES if not any(gguf_file(part, f) for part in parts)}
    return tuple(name for name in ABILITIES.get(family, EVERYTHING) if name not in missing)


@cache
def installed() -> frozenset[str]:
    """The optional packages that are here, found without importing them."""
    return frozenset(name for name in PACKAGES.values() if find_spec(name))
