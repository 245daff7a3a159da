"""Latents to the finished picture: whole, in slices, in tiles, or by a small decoder.

And a picture to latents, where drawing starts from one.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderTiny
from PIL import Image

from aura.families.base import Happening, Noticed
from aura.families.preview import decode, encode, shrink, to_image
from aura.memory.activations import TILE
from aura.memory.plan import Plan

WIDE_TILE = TILE // 2  # a side in full precision: a quarter of the work in twice the bytes
BLACK = -0.99  # a picture that is nowhere lighter is taken for a fault
Way = Callable[[Any, torch.Tensor], torch.Tensor]  # ``encode`` or ``decode``


class Decoder:
    """A model's VAE. ``tiny`` is the folder of a small decoder that stands in for its own."""

    def __init__(self, vae: Any, tiny: Path | None = None) -> None:
        self.vae, self.tiny = vae, tiny
        self._small: Any = None
        self._overflows: set[Way] = set()  # seen once: half precision is not tried again

    def set(self, plan: Plan) -> None:
        """What costs no reload to change between two jobs."""
        slicing = "enable" if "vae_slicing" in plan.switches else "disable"
        getattr(self.vae, f"{slicing}_slicing")()
        tile(self.vae, TILE if "vae_tiling" in plan.switches else None)
        if "taesd" in plan.switches and self._small is None:
            self._small = AutoencoderTiny.from_pretrained(self.tiny, dtype=self.vae.dtype)

    def uses_vae(self, plan: Plan) -> bool:
        return "taesd" not in plan.switches

    def decoded(self, latents: torch.Tensor, plan: Plan) -> Generator[Happening, None, Image.Image]:
        """``latents``: 1 × channels × h × w. Half precision that overflows is done again."""
        if not self.uses_vae(plan):
            return to_image(decode(self._small.to(latents.device), latents))
        pixels = yield from self._careful(decode, latents, "families.decoded_again")
        return to_image(pixels)

    def encoded(self, pixels: torch.Tensor) -> Generator[Happening, None, torch.Tensor]:
        """``pixels``: 1 × 3 × H × W in -1…1 → latents, 1 × channels × h × w, the same way."""
        return (yield from self._careful(encode, pixels, "families.encoded_again"))

    def _careful(
        self, way: Way, given: torch.Tensor, told: str
    ) -> Generator[Happening, None, torch.Tensor]:
        """One way through the VAE; once it overflowed, that way is in full precision for good."""
        if way not in self._overflows:
            made = way(self.vae, given)
            if self.vae.dtype == torch.float32 or sound(made):
                return made
            del made
        yield Noticed(told, {})
        made = self._in_full(way, given)
        if sound(made):  # else it is no fault of half precision
            self._overflows.add(way)
        return made

    def forget(self) -> None:
        self.vae = self._small = None

    def _in_full(self, way: Way, given: torch.Tensor) -> torch.Tensor:
        """In fp32, in tiles so small that no more memory is needed than was planned."""
        half, tiling, side = self.vae.dtype, self.vae.use_tiling, tile_of(self.vae)
        try:
            tile(self.vae, min(WIDE_TILE, side))
            return way(self.vae.to(torch.float32), given)
        finally:
            self.vae.to(half)
            tile(self.vae, side if tiling else None)


def sound(made: torch.Tensor) -> bool:
    """False for what half precision leaves behind: values that are no numbers, or all black."""
    return bool(torch.isfinite(made).all()) and bool(made.max() > BLACK)


def tile(vae: Any, side: int | None) -> None:
    """Decode in tiles of at most ``side`` pixels, or whole.

    Published models come with tiles of their training size, which is 1024 for the larger
    ones and then saves nothing.
    """
    if side is None:
        vae.disable_tiling()
    elif hasattr(vae, "tile_sample_min_size"):
        vae.tile_sample_min_size = min(side, vae.config.sample_size)
        vae.tile_latent_min_size = vae.tile_sample_min_size // shrink(vae)
        vae.enable_tiling()
    else:
        apart = side - side // 8 // shrink(vae) * shrink(vae)
        vae.enable_tiling(side, side, apart, apart)


def tile_of(vae: Any) -> int:
    """Pixels a side of its tiles."""
    side = getattr(vae, "tile_sample_min_size", None) or vae.tile_sample_min_height
    return int(side)
