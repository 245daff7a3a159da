"""Small pictures of a drawing that is not finished, cheap enough for every step."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from PIL import Image

LONG_SIDE = 512  # pixels; larger previews help nobody
EVERY_S = 0.25
FEW = 4  # small pictures decoded at once
SMALL_DECODER = 5_000_000  # parameters; up to here decoding a step costs next to nothing


class Previewer:
    """Latents to a small RGB picture, at most every ``EVERY_S`` seconds.

    A small decoder shows the real thing. For a large one the colour of a latent pixel is
    a linear map, fitted once to what the decoder itself makes of random latents: no
    constants to keep for each family.
    """

    def __init__(self, vae: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self.vae = vae
        self.clock = clock
        self.last = float("-inf")
        self.small = sum(p.numel() for p in vae.decoder.parameters()) <= SMALL_DECODER
        self._map: Any = None  # 3 × (channels + 1), once it is known

    @property
    def ready(self) -> bool:
        """Whether it can draw without the decoder, which may be out while it is not needed."""
        return self.small or self._map is not None

    def prepare(self) -> None:
        """Learn the colours from the decoder, where it is now."""
        self._map = self._fitted(self.vae.device)

    def begin(self) -> None:
        """A new picture: its first step may be shown at once."""
        self.last = float("-inf")

    def rest(self) -> None:
        """Nothing of it stays on the device."""
        self._map = None

    def forget(self) -> None:
        """Let go of the decoder, so that its memory goes back."""
        self.vae = self._map = None

    def due(self) -> bool:
        """True once enough time has passed since the last preview."""
        return self.clock() - self.last >= EVERY_S

    @torch.no_grad()
    def draw(self, latents: torch.Tensor) -> Image.Image:
        """``latents``: 1 × channels × h × w, noisy or not. Returns a small RGB picture."""
        latents = latents[:1] / latents[:1].float().std().clamp(min=1).to(latents.dtype)
        pixels = self._decoded(latents) if self.small else self._coloured(latents)
        image = to_image(pixels)
        scale = self._scale(image)
        self.last = self.clock()
        return image.resize(
            (round(image.width * scale), round(image.height * scale)), Image.Resampling.BILINEAR
        )

    def _scale(self, image: Image.Image) -> float:
        factor = 1 if self.small else shrink(self.vae)
        return min(factor, LONG_SIDE / max(image.size))

    def _decoded(self, latents: torch.Tensor) -> torch.Tensor:
        return decode(self.vae, latents.to(self.vae.device))

    def _coloured(self, latents: torch.Tensor) -> torch.Tensor:
        if self._map is None:
            self.prepare()
        colours = self._map.to(latents.device)
        return (
            torch.einsum("oc,bchw->bohw", colours[:, :-1], latents.float())
            + colours[:, -1][None, :, None, None]
        )

    def _fitted(self, device: torch.device) -> torch.Tensor:
        """3 × (channels + 1): least squares of decoded colour over smooth random latents."""
        channels = self.vae.config.latent_channels
        random = torch.Generator().manual_seed(0)
        latents = torch.randn(24, channels, 1, 1, generator=random).expand(-1, -1, 4, 4)
        latents = latents.to(device, self.vae.dtype)
        pixels = torch.cat([decode(self.vae, few) for few in latents.split(FEW)]).float()
        colours = pixels.mean(dim=(2, 3)).nan_to_num()  # half precision may overflow here too
        inputs = torch.cat([latents.float()[:, :, 0, 0], torch.ones(24, 1, device=device)], dim=1)
        return torch.linalg.lstsq(inputs.cpu(), colours.cpu()).solution.T.to(device)


@torch.no_grad()
def decode(vae: Any, latents: torch.Tensor) -> torch.Tensor:
    """Latents as the sampler leaves them to pixels in -1…1, batch × 3 × H × W."""
    config = vae.config
    shift = getattr(config, "shift_factor", None) or 0.0
    scaled = latents.to(vae.dtype) / (getattr(config, "scaling_factor", None) or 1.0) + shift
    return vae.decode(scaled, return_dict=False)[0]


@torch.no_grad()
def encode(vae: Any, pixels: torch.Tensor) -> torch.Tensor:
    """The way back: pixels in -1…1 to latents as the sampler takes them."""
    config = vae.config
    shift = getattr(config, "shift_factor", None) or 0.0
    made = vae.encode(pixels.to(vae.dtype), return_dict=False)[0]
    code = made if isinstance(made, torch.Tensor) else made.mode()
    return (code - shift) * (getattr(config, "scaling_factor", None) or 1.0)


def shrink(vae: Any) -> int:
    """Pixels a side for each latent pixel."""
    config = vae.config
    stages = getattr(config, "block_out_channels", None) or config.encoder_block_out_channels
    return int(2 ** (len(stages) - 1))


def to_image(pixels: torch.Tensor) -> Image.Image:
    """The first of a batch of pixels in -1…1 as an RGB picture."""
    unit = (pixels[0].float() / 2 + 0.5).clamp(0, 1).nan_to_num()
    array = (unit.permute(1, 2, 0).cpu().numpy() * 255).round().astype(np.uint8)
    return Image.fromarray(array)
