"""A VAE that stands in for the one a model came with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL
from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint
from safetensors.torch import load_file

from aura.errors import AdditionUnfit
from aura.families.stored import BROKEN, network
from aura.memory.exhaustion import ran_out

PREFIXES = ("first_stage_model.", "vae.")


def load(name: str, path: Path, own: Any, base: str) -> Any:
    """The VAE at ``path``, a folder or one file, in RAM and in the dtype of ``own``.

    A single file tells no configuration: it has that of ``own``, the one it stands in for.
    Raises AdditionUnfit where the latents of ``base`` are none of its.
    """
    try:
        vae = network(type(own), path, own.dtype) if path.is_dir() else _of_file(path, own)
    except BROKEN as misfit:
        if ran_out(misfit):
            raise
        raise AdditionUnfit(name=name, model=base) from misfit
    sides = [(v.config.latent_channels, len(v.config.block_out_channels)) for v in (vae, own)]
    if sides[0] != sides[1]:
        raise AdditionUnfit(name=name, model=base)
    return vae


def _of_file(path: Path, own: Any) -> Any:
    tensors = {_bare(name): tensor for name, tensor in load_file(path).items()}
    if any(".down.0." in name for name in tensors):  # named as its authors did
        tensors = convert_ldm_vae_checkpoint(tensors, dict(own.config))
    vae = AutoencoderKL.from_config(own.config)
    vae.load_state_dict(tensors)
    return vae.to(own.dtype).eval().requires_grad_(False)


def _bare(name: str) -> str:
    return next((name.removeprefix(one) for one in PREFIXES if name.startswith(one)), name)


def leave(vae: Any) -> None:
    """Out of the way, into RAM."""
    vae.to(torch.device("cpu"))
