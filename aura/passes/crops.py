"""A thing cut out with its surroundings, and put back so that nothing beside it changes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from aura.families.base import Box
from aura.passes.anew import up
from aura.passes.tiles import Area
from aura.requests import SIDE_MAX

GROWN = 1 / 8  # of a thing's breadth, drawn anew beyond its box on every side
AROUND = 1 / 2  # of it, shown to the model beyond that
SOFT = 1 / 16  # of it, over which what is drawn fades into the picture


@dataclass(frozen=True)
class Crop:
    """``area`` of the picture is worked on at ``size``; in it only ``anew`` is drawn."""

    area: Area
    anew: Area  # pixels of the picture
    size: tuple[int, int]
    soft: int  # pixels of the picture


def around(box: Box, picture: tuple[int, int], native: int, step: int) -> Crop:
    """A square about the thing, as far as the picture has room, at ``native`` ** 2 pixels."""
    breadth = max(box.right - box.left, box.bottom - box.top, 1)
    grown = math.ceil(breadth * GROWN)
    anew = _within(
        (box.left - grown, box.top - grown, box.right + grown, box.bottom + grown), picture
    )
    side = math.ceil(breadth * (1 + 2 * GROWN + 2 * AROUND))
    across, down = (min(side, most) for most in picture)
    left = _placed((box.left + box.right) // 2, across, picture[0])
    top = _placed((box.top + box.bottom) // 2, down, picture[1])
    scale = native / math.sqrt(across * down)
    size = tuple(min(SIDE_MAX, up(round(one * scale), step)) for one in (across, down))
    soft = max(1, round(breadth * SOFT))
    return Crop((left, top, left + across, top + down), anew, (size[0], size[1]), soft)


def cut(picture: Image.Image, crop: Crop) -> tuple[Image.Image, Image.Image]:
    """What the model starts from, and the mask of what it draws anew; both of the crop's size."""
    image = picture.crop(crop.area).resize(crop.size, Image.Resampling.LANCZOS)
    return image, _hard(crop).resize(crop.size, Image.Resampling.BILINEAR)


def put_back(picture: Image.Image, crop: Crop, drawn: Image.Image) -> Image.Image:
    """The picture with what was drawn; outside ``anew`` every pixel stays as it was."""
    across, down = crop.area[2] - crop.area[0], crop.area[3] - crop.area[1]
    back = drawn.convert("RGB").resize((across, down), Image.Resampling.LANCZOS)
    whole = picture.copy()
    whole.paste(back, crop.area[:2], _faded(crop, picture.size))
    return whole


def _hard(crop: Crop) -> Image.Image:
    """White where the thing is drawn anew, in pixels of the picture."""
    left, top, right, bottom = crop.area
    mask = Image.new("L", (right - left, bottom - top))
    x1, y1, x2, y2 = crop.anew
    ImageDraw.Draw(mask).rectangle((x1 - left, y1 - top, x2 - left - 1, y2 - top - 1), fill=255)
    return mask


def _faded(crop: Crop, picture: tuple[int, int]) -> Image.Image:
    """The mask with a soft edge that lies within it; none where the picture itself ends."""
    rises = [
        _rise(crop.area[side::2], crop.anew[side::2], picture[side], crop.soft) for side in (0, 1)
    ]
    return Image.fromarray((np.outer(rises[1], rises[0]) * 255).round().astype(np.uint8))


def _rise(area: tuple[int, ...], anew: tuple[int, ...], most: int, soft: int) -> np.ndarray:
    """From 0 to 1 and back along one side of the area, in pixels of the picture."""
    place = np.arange(area[0], area[1]) + 0.5
    after = np.inf if anew[0] == 0 else (place - anew[0]) / soft
    before = np.inf if anew[1] == most else (anew[1] - place) / soft
    return np.clip(np.minimum(after, before) * np.ones_like(place), 0, 1)


def _within(area: Area, picture: tuple[int, int]) -> Area:
    left, top, right, bottom = area
    return max(0, left), max(0, top), min(picture[0], right), min(picture[1], bottom)


def _placed(middle: int, length: int, most: int) -> int:
    """Where a stretch begins that has ``middle`` in its middle, or as near as there is room."""
    return min(max(0, middle - length // 2), most - length)
