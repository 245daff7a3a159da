"""A picture cut into overlapping squares, and put together again without a seam.

Pieces of a row are joined first and the rows afterwards, so that where four of them meet no
edge of one shows through another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from PIL import Image

OVERLAP = 1 / 8  # of a tile's side, at least, with each neighbour

Area = tuple[int, int, int, int]  # left, top, right, bottom, as Pillow crops


def starts(length: int, tile: int, overlap: int) -> tuple[int, ...]:
    """Where pieces of ``tile`` begin that cover ``length``, evenly, sharing ``overlap``."""
    if length <= tile:
        return (0,)
    count = math.ceil((length - overlap) / (tile - overlap))
    return tuple(round(k * (length - tile) / (count - 1)) for k in range(count))


def cut(width: int, height: int, tile: int, overlap: int | None = None) -> tuple[Area, ...]:
    """The areas of all pieces, row by row; all of one size, at most ``tile`` a side.

    Neighbours share at least ``overlap`` pixels, an eighth of a tile unless given.
    """
    shared = max(1, int(tile * OVERLAP)) if overlap is None else overlap
    across, down = min(tile, width), min(tile, height)
    return tuple(
        (left, top, left + across, top + down)
        for top in starts(height, tile, shared)
        for left in starts(width, tile, shared)
    )


def join(pieces: Sequence[Image.Image], areas: Sequence[Area]) -> Image.Image:
    """The picture whose ``areas``, as ``cut`` told them, look like ``pieces``."""
    tops = sorted({area[1] for area in areas})
    lefts = sorted({area[0] for area in areas})
    rows = [
        _side_by_side(pieces[k * len(lefts) : (k + 1) * len(lefts)], lefts)
        for k in range(len(tops))
    ]
    turned = [row.transpose(Image.Transpose.TRANSPOSE) for row in rows]
    return _side_by_side(turned, tops).transpose(Image.Transpose.TRANSPOSE)


def _side_by_side(pieces: Sequence[Image.Image], lefts: Sequence[int]) -> Image.Image:
    """Each fades in over what it shares with the one before it."""
    across, down = pieces[0].size
    joined = Image.new("RGB", (lefts[-1] + across, down))
    joined.paste(pieces[0], (0, 0))
    for (before, left), piece in zip(pairwise(lefts), pieces[1:], strict=True):
        joined.paste(piece, (left, 0), _fade(piece.size, before + across - left))
    return joined


def _fade(size: tuple[int, int], shared: int) -> Image.Image:
    """A mask that rises from the left edge on and is full after ``shared`` pixels."""
    across, down = size
    rise = np.minimum((np.arange(across) + 0.5) / shared, 1.0) * 255
    return Image.fromarray(np.tile(rise.round().astype(np.uint8), (down, 1)))
