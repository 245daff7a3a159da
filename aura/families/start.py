"""What a pipeline goes on from: noise alone, or the latents of a picture."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

from aura.errors import CannotInpaint, CannotStart
from aura.families.base import Happening
from aura.families.ground import Ground, opened
from aura.requests import GenerateRequest

FINEST = 50  # steps of a schedule that must be finer than asked; some samplers know no more
WITH_MASK = 9  # input channels of a UNet made for inpainting: noise, mask, what it leaves


@dataclass(frozen=True)
class FromNoise:
    """Text to image. ``arguments`` are what the pipeline's call takes of it."""

    arguments: dict[str, Any]

    def view(self, pipe: Any) -> Any:
        return pipe

    def finished(self, drawn: Image.Image) -> Image.Image:
        return drawn


@dataclass(frozen=True)
class FromPicture(FromNoise):
    """Image to image: ``view`` is a pipeline of class ``kind``, of the very parts of another."""

    ground: Ground
    kind: Any
    core: str  # this and ``absent`` as in the family
    absent: Any

    def view(self, pipe: Any) -> Any:
        known, _ = self.kind._get_signature_keys(self.kind)
        parts = {name: part for name, part in pipe.components.items() if name in known}
        made = self.kind(**(parts | {self.core: None} | self.absent))
        made.__dict__[self.core] = parts[self.core]  # perhaps of no class that it would register
        made.set_progress_bar_config(disable=True)
        made.computes_on = pipe.computes_on
        return made

    def finished(self, drawn: Image.Image) -> Image.Image:
        return self.ground.finished(drawn)


def check(family: Any, name: str, request: GenerateRequest) -> None:
    """Raise CannotStart or CannotInpaint where the family has no pipeline for that."""
    if request.start and not family.image_pipeline:
        raise CannotStart(model=name)
    if request.start and request.start.masks and not family.mask_pipeline:
        raise CannotInpaint(model=name)


def started(
    family: Any, loaded: Any, request: GenerateRequest, index: int
) -> Generator[Happening, None, FromNoise]:
    """Yield what is noticed while the ground of picture ``index`` is encoded; return the start.

    A UNet made for inpainting is always told of a mask: where there is none, everything is
    drawn anew.
    """
    pipe = loaded.pipe
    core = getattr(pipe, family.core)
    inpaints = core.config.get("in_channels") == WITH_MASK
    ground = _ground(request, index, inpaints)
    told: dict[str, Any] = {"width": request.width, "height": request.height}
    if ground is None:
        return FromNoise(told | {"num_inference_steps": request.steps})
    loaded.placement.enter("starting")
    pixels = _pixels(ground.picture).to(pipe.computes_on)
    latents = (yield from loaded.decoder.encoded(pixels)).to(core.dtype)
    told |= {"image": latents} | _schedule(request)
    if ground.mask is None:
        return FromPicture(told, ground, family.image_pipeline, family.core, family.absent)
    mask = _mask(ground.mask, pipe.vae_scale_factor).to(pipe.computes_on)
    kept = latents  # only a UNet that is told of the mask looks at it
    if inpaints:
        kept = (yield from loaded.decoder.encoded(pixels * (1 - mask))).to(core.dtype)
    told |= {"mask_image": mask, "masked_image_latents": kept}
    return FromPicture(told, ground, family.mask_pipeline, family.core, family.absent)


def _schedule(request: GenerateRequest) -> dict[str, Any]:
    """Where the strength would leave no step, the schedule is so fine that it leaves one."""
    strength = request.start.strength if request.start else 1.0
    finer = min(FINEST, math.ceil(1 / strength))
    return {"strength": strength, "num_inference_steps": max(request.steps, finer)}


def _ground(request: GenerateRequest, index: int, inpaints: bool) -> Ground | None:
    size = request.width, request.height
    if request.start is None and not inpaints:
        return None
    plain = Ground(Image.new("RGB", size, "grey"))
    ground = opened(request.start, index, size) if request.start else plain
    if inpaints and ground.mask is None:
        return Ground(ground.picture, Image.new("L", size, "white"))
    return ground


def _pixels(picture: Image.Image) -> torch.Tensor:
    """RGB → 1 × 3 × H × W in -1…1."""
    array = np.asarray(picture, np.float32) / 127.5 - 1
    return torch.from_numpy(array).permute(2, 0, 1)[None]


def _mask(mask: Image.Image, factor: int) -> torch.Tensor:
    """Ones for every latent pixel that the mask touches → 1 × 1 × H × W.

    The picture's own pixels come back around it, so it may well reach a little further.
    """
    touched = torch.from_numpy(np.asarray(mask) > 0)[None, None].float()
    coarse = functional.max_pool2d(touched, factor)
    return functional.interpolate(coarse, scale_factor=factor)
