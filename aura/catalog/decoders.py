"""Small decoders: one file of 5 MB that decodes the latents of a whole family of models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

TINY: Mapping[str, str] = {
    "stable_diffusion": "madebyollin/taesd",
    "stable_diffusion_xl": "madebyollin/taesdxl",
    "flux": "madebyollin/taef1",
    "z_image": "madebyollin/taef1",  # it decodes as FLUX.1 does
}


def tiny(family: str) -> Path | None:
    """The folder of the family's small decoder in the standard cache, if it is there."""
    from huggingface_hub import try_to_load_from_cache  # late: it takes a tenth of a second

    repo = TINY.get(family)
    if repo is None:
        return None
    names = ("config.json", "diffusion_pytorch_model.safetensors")
    found = [try_to_load_from_cache(repo, name) for name in names]
    if not all(isinstance(path, str) for path in found):
        return None
    return Path(str(found[0])).parent
