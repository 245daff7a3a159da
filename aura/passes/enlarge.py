"""Pictures made larger, to an exact size: by interpolation, or by a model of that task."""

from __future__ import annotations

from PIL import Image, ImageOps

from aura.passes.order import final_size
from aura.passes.piece import Desk, Making, Piece, Sketch
from aura.requests import UpscaleRequest

TILE = 512  # pixels a side of what a model enlarges at once; memory may ask for less


def made(sketch: Sketch, desk: Desk) -> Making:
    """The picture at the final size. A model enlarges by its own factor; the rest is Lanczos."""
    image = sketch.image
    if desk.model is not None:
        work = UpscaleRequest(model=desk.model.id, pictures=(desk.put(image),), tile=TILE)
        image = (yield Piece(work)).image
    return Sketch(fitted(image, *final_size(desk.request)), sketch.index)


def fitted(image: Image.Image, width: int, height: int) -> Image.Image:
    """Exactly so large; what the ratio leaves over is cropped, never squashed."""
    return ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)
