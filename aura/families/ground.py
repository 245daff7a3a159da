"""The picture that drawing starts from, and what of it is drawn anew."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from aura.library.images import open_image
from aura.requests import Start

FEATHER = 4  # pixels inside a mask's edge over which the old picture becomes the new one


@dataclass(frozen=True)
class Ground:
    """A picture, RGB, in the size that is drawn; white in ``mask``, L, is drawn anew."""

    picture: Image.Image
    mask: Image.Image | None = None

    def finished(self, drawn: Image.Image) -> Image.Image:
        """``drawn`` where it was asked for; everywhere else the very pixels of the picture."""
        if self.mask is None:
            return drawn
        return Image.composite(drawn, self.picture, feathered(self.mask))


def opened(start: Start, index: int, size: tuple[int, int]) -> Ground:
    """What picture ``index`` starts from, scaled and cropped to ``size``. Raises BadImage."""
    picture, mask = start.of(index)
    return Ground(
        _fitted(picture, size, "white").convert("RGB"),
        _fitted(mask, size, "black").convert("L") if mask else None,
    )


def feathered(mask: Image.Image) -> Image.Image:
    """The mask with a soft edge that lies inside it; black stays black.

    A pixel's depth in the mask is held against the deepest near it, so that a thin stroke
    counts in full.
    """
    inside = mask.point(lambda value: 255 if value else 0)
    eroded = [inside.filter(ImageFilter.MinFilter(2 * n + 1)) for n in range(1, FEATHER + 1)]
    deep = np.stack([np.asarray(one) // 255 for one in (inside, *eroded)])
    depth: np.ndarray = deep.sum(axis=0, dtype=np.uint8)
    near = Image.fromarray(depth).filter(ImageFilter.MaxFilter(2 * FEATHER + 1))
    share = depth / np.maximum(np.asarray(near), 1)
    return Image.fromarray((share * np.asarray(mask)).round().astype(np.uint8))


def _fitted(path: str, size: tuple[int, int], under: str) -> Image.Image:
    """RGB; what is transparent shows ``under``."""
    image = open_image(Path(path), Path(path).name)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, under), image)
    return ImageOps.fit(image.convert("RGB"), size, Image.Resampling.LANCZOS)
