"""Pictures cut into tiles and joined again."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from aura.passes import tiles


def noise(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(width * 1000 + height).integers(0, 256, (height, width, 3))
    return Image.fromarray(pixels.astype(np.uint8))


@st.composite
def cuts(draw):
    tile = draw(st.integers(2, 64))
    sides = st.integers(1, 120)
    return draw(sides), draw(sides), tile, draw(st.integers(1, tile - 1))


@settings(max_examples=40)
@given(cuts())
def test_joining_untouched_tiles_gives_back_the_picture_exactly(cut):
    picture = noise(*cut[:2])
    areas = tiles.cut(*cut)
    assert tiles.join([picture.crop(area) for area in areas], areas).tobytes() == picture.tobytes()


@settings(max_examples=40)
@given(cuts())
def test_tiles_are_of_one_size_within_the_picture_and_share_what_was_asked(cut):
    width, height, tile, overlap = cut
    areas = tiles.cut(width, height, tile, overlap)
    sizes = {(right - left, bottom - top) for left, top, right, bottom in areas}
    assert sizes == {(min(tile, width), min(tile, height))}
    assert all(a[0] >= 0 and a[1] >= 0 and a[2] <= width and a[3] <= height for a in areas)
    lefts = sorted({area[0] for area in areas})
    assert all(b + overlap <= a + tile for a, b in pairwise(lefts))


def test_tiles_of_different_colours_meet_without_a_seam():
    areas = tiles.cut(300, 300, 128)
    greys = [Image.new("RGB", (128, 128), (100 + 10 * (k % 5),) * 3) for k in range(len(areas))]
    joined = np.asarray(tiles.join(greys, areas))[..., 0].astype(int)
    shared = 128 - (areas[1][0] - areas[0][0])
    steps = [np.abs(np.diff(joined, axis=axis)).max() for axis in (0, 1)]
    assert max(steps) <= 40 / shared + 2  # never the whole difference at once


def test_a_picture_smaller_than_a_tile_is_one_piece():
    assert tiles.cut(50, 40, 64) == ((0, 0, 50, 40),)
    picture = noise(50, 40)
    assert not ImageChops.difference(tiles.join([picture], [(0, 0, 50, 40)]), picture).getbbox()
