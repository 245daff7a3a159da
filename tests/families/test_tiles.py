"""Pieces of a picture, and the picture put together of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from aura.families.tiles import pieces, put, spans

SIDES = st.integers(64, 200)


@given(st.integers(1, 3000), SIDES, st.integers(0, 16))
def test_spans_cover_a_length_in_order_and_share_what_was_asked(length, side, overlap):
    found = spans(length, side, overlap)
    assert (found[0].start, found[0].shared, found[-1].end) == (0, 0, length)
    assert len({span.end - span.start for span in found}) == 1
    assert all(0 < span.end - span.start <= side for span in found)
    for before, after in pairwise(found):
        assert before.start < after.start
        assert before.end - after.start == after.shared >= overlap


@given(st.integers(65, 3000), SIDES, st.integers(0, 16))
def test_no_span_could_be_left_out(length, side, overlap):
    count = len(spans(length, side, overlap))
    assert count == 1 or (count - 1) * (side - overlap) + overlap < length


@given(st.integers(1, 150), st.integers(1, 150), st.sampled_from((1, 2, 4)))
def test_a_picture_put_together_of_its_own_pieces_is_the_picture(width, height, factor):
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    picture = Image.fromarray(noise)
    canvas = Image.new("RGB", (width * factor, height * factor), (255, 0, 255))
    for piece in pieces(picture.size, 64, 16):
        part = picture.crop(piece.box)
        put(canvas, part.resize((part.width * factor, part.height * factor), 0), piece, factor)
    expected = np.array(picture.resize(canvas.size, 0)).astype(int)
    assert np.abs(np.array(canvas).astype(int) - expected).max() <= 1


def test_two_pieces_of_different_brightness_meet_without_a_step():
    canvas = Image.new("RGB", (100, 10))
    first, second = pieces((100, 10), 64, 16)
    put(canvas, Image.new("RGB", (first.box[2], 10), (100, 100, 100)), first, 1)
    put(canvas, Image.new("RGB", (100 - second.box[0], 10), (120, 120, 120)), second, 1)
    row = np.array(canvas)[5, :, 0].astype(int)
    assert row[0] == 100 and row[-1] == 120
    assert (np.diff(row) >= 0).all() and np.diff(row).max() <= 3
