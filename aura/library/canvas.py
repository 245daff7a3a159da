"""Outpainting: a larger canvas around a picture, and a mask of what is to be drawn on it."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from aura.errors import BadRequest
from aura.requests import SIDE_MAX

OVERLAP = 16  # pixels of the old picture over which the mask fades, so that no seam is left


def extend(
    image: Image.Image, left: int, top: int, right: int, bottom: int, multiple: int
) -> tuple[Image.Image, Image.Image]:
    """RGB with so many more pixels a side, and L: white where it is new.

    Both sides become multiples of ``multiple``; what that takes is added where most is. The
    new part has the blurred colours of the old one's edges. Raises BadRequest.
    """
    margins = (left, top, right, bottom)
    if min(margins) < 0 or not any(margins):
        raise BadRequest(field="extend", problem="error.problem.extend")
    across = _rounded(image.width, left, right, multiple)
    down = _rounded(image.height, top, bottom, multiple)
    if max(image.width + sum(across), image.height + sum(down)) > SIDE_MAX:
        raise BadRequest(field="extend", problem="error.problem.extend_size")
    return _canvas(image.convert("RGB"), across, down), _mask(image.size, across, down)


def _rounded(side: int, before: int, after: int, multiple: int) -> tuple[int, int]:
    more = -(side + before + after) % multiple
    return (before + more, after) if before > after else (before, after + more)


def _canvas(image: Image.Image, across: tuple[int, int], down: tuple[int, int]) -> Image.Image:
    padded = np.pad(np.asarray(image), (down, across, (0, 0)), mode="edge")
    reach = max(*across, *down) / 4  # what lies far outside shows less of the edge's detail
    canvas = Image.fromarray(padded).filter(ImageFilter.GaussianBlur(reach))
    canvas.paste(image, (across[0], down[0]))
    return canvas


def _mask(size: tuple[int, int], across: tuple[int, int], down: tuple[int, int]) -> Image.Image:
    columns, rows = _new(size[0], *across), _new(size[1], *down)
    new = np.maximum(columns[None, :], rows[:, None])
    return Image.fromarray((new * 255).round().astype(np.uint8))


def _new(side: int, before: int, after: int) -> np.ndarray:
    """How new each pixel along one side is: 1 outside, falling to 0 within the old picture."""
    overlap = min(OVERLAP, side // 4)
    at = np.arange(-before, side + after)
    least = np.zeros(len(at))
    for depth, grown in ((at + 1, before), (side - at, after)):
        if grown:
            least = np.maximum(least, np.clip(1 - depth / (overlap + 1), 0, 1))
    return least
