"""The canvas around a picture: as large as asked, in its colours, and masked where it is new."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from aura.errors import BadRequest
from aura.library.canvas import OVERLAP, extend
from aura.requests import SIDE_MAX

margins = st.tuples(*[st.integers(0, 50)] * 4).filter(any)
sides = st.integers(8, 70)


def speckled(width: int, height: int) -> Image.Image:
    random = np.random.default_rng(width * height)
    return Image.fromarray(random.integers(0, 255, (height, width, 3), np.uint8))


@settings(max_examples=40)
@given(sides, sides, margins, st.sampled_from((8, 16, 64)))
def test_the_old_picture_lies_untouched_in_a_canvas_of_legal_size(width, height, grown, multiple):
    image = speckled(width, height)
    canvas, mask = extend(image, *grown, multiple)
    assert canvas.size == mask.size
    for side, old, more in zip(canvas.size, image.size, (grown[::2], grown[1::2]), strict=True):
        assert side % multiple == 0 and 0 <= side - old - sum(more) < multiple
    old = [
        (x, y)
        for x in range(grown[0], grown[0] + multiple)
        for y in range(grown[1], grown[1] + multiple)
        if canvas.crop((x, y, x + width, y + height)).tobytes() == image.tobytes()
    ]
    assert len(old) == 1
    outside = np.ones((canvas.height, canvas.width), bool)
    (x, y) = old[0]
    outside[y : y + height, x : x + width] = False
    assert (np.asarray(mask)[outside] == 255).all()


def test_only_a_fading_rim_of_the_old_picture_is_drawn_anew():
    _, mask = extend(speckled(128, 64), 0, 0, 64, 0, 8)
    row = np.asarray(mask)[32].astype(int)
    assert (row[128:] == 255).all() and (row[: 128 - OVERLAP] == 0).all()
    rim = row[128 - OVERLAP : 128]
    assert (np.diff(rim) > 0).all() and rim[0] > 0 and rim[-1] < 255
    assert (np.asarray(mask) == np.asarray(mask)[0]).all()


def test_the_new_part_has_the_colours_of_the_edge_it_lies_at():
    image = Image.new("RGB", (64, 64), "blue")
    image.paste("red", (0, 0, 32, 64))
    canvas, _ = extend(image, 32, 0, 32, 0, 8)
    pixels = np.asarray(canvas, int)
    assert np.abs(pixels[:, :24] - (255, 0, 0)).max() <= 2
    assert np.abs(pixels[:, -24:] - (0, 0, 255)).max() <= 2


@pytest.mark.parametrize("grown", [(0, 0, 0, 0), (-8, 0, 16, 0)])
def test_a_canvas_that_grows_nowhere_or_shrinks_is_refused(grown):
    with pytest.raises(BadRequest) as refused:
        extend(speckled(64, 64), *grown, 8)
    assert refused.value.facts["problem"] == "error.problem.extend"


def test_a_canvas_that_no_model_could_draw_is_refused():
    with pytest.raises(BadRequest) as refused:
        extend(speckled(64, 64), SIDE_MAX - 63, 0, 0, 0, 8)
    assert refused.value.facts["problem"] == "error.problem.extend_size"
    assert extend(speckled(64, 64), SIDE_MAX - 64, 0, 0, 0, 8)[0].width == SIDE_MAX
