"""A picture in overlapping pieces, and the pieces put together without a seam."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PIL import Image


class Span(NamedTuple):
    """Pixels from ``start`` to ``end``, of which the first ``shared`` belong to the one before."""

    start: int
    end: int
    shared: int


class Piece(NamedTuple):
    across: Span
    down: Span

    @property
    def box(self) -> tuple[int, int, int, int]:
        return self.across.start, self.down.start, self.across.end, self.down.end


def pieces(size: tuple[int, int], side: int, overlap: int) -> list[Piece]:
    """Row by row, pieces at most ``side`` wide and high; neighbours share ``overlap`` or more."""
    rows = spans(size[1], side, overlap)
    return [Piece(across, down) for down in rows for across in spans(size[0], side, overlap)]


def spans(length: int, side: int, overlap: int) -> list[Span]:
    """As few as it takes, all of one length, and that no longer than it must be."""
    count = max(1, -(-(length - overlap) // (side - overlap)))
    own = -(-(length + (count - 1) * overlap) // count)
    starts = [number * (length - own) // max(1, count - 1) for number in range(count)]
    ends = [0, *(start + own for start in starts)]
    return [Span(start, start + own, end - start) for start, end in zip(starts, ends, strict=False)]


def put(canvas: Image.Image, image: Image.Image, piece: Piece, factor: int) -> None:
    """``image`` is ``piece`` at ``factor`` times its size. It fades in over what is there."""
    left, top, *_ = piece.box
    widths = _fade(image.width, piece.across.shared * factor)
    heights = _fade(image.height, piece.down.shared * factor)
    mask = Image.fromarray((np.outer(heights, widths) * 255).round().astype(np.uint8))
    canvas.paste(image, (left * factor, top * factor), mask)


def _fade(length: int, shared: int) -> np.ndarray:
    """From 0 to 1 in the middle of the first ``shared`` of ``length``.

    At its very edge a piece knows nothing of what is beyond: there the other one is shown.
    """
    along = (np.arange(length) + 0.5) / max(shared, 0.5)
    return np.clip(2 * along - 0.5, 0.0, 1.0)
