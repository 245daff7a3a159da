"""What drawing starts from: opened in the size that is drawn, and kept outside the mask."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from aura.errors import BadImage
from aura.families.ground import FEATHER, Ground, feathered, opened
from aura.requests import Start

OLD, NEW = Image.new("RGB", (64, 64), "white"), Image.new("RGB", (64, 64), "black")


def masked(*boxes) -> Image.Image:
    mask = Image.new("L", (64, 64))
    for box in boxes:
        ImageDraw.Draw(mask).rectangle(box, fill=255)
    return mask


edges = st.tuples(*[st.integers(0, 63)] * 4)


@settings(max_examples=50)
@given(st.lists(edges, min_size=1, max_size=4))
def test_what_is_black_in_a_mask_stays_to_the_bit_and_what_is_white_changes(boxes):
    mask = masked(*((min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in boxes))
    finished = np.asarray(Ground(OLD, mask).finished(NEW))
    inside = np.asarray(mask) > 0
    assert (finished[~inside] == 255).all()
    assert (finished[inside] < 255).all()


def test_the_middle_of_a_mask_is_all_new_and_its_edge_grows_into_it():
    soft = np.asarray(feathered(masked((16, 16, 48, 48))), int)
    row = soft[32]
    assert (row[16 + FEATHER : 48 - FEATHER] == 255).all()
    assert (np.diff(row[15 : 16 + FEATHER]) > 0).all()


def test_a_thin_stroke_is_drawn_in_full():
    assert np.asarray(feathered(masked((10, 20, 50, 21))))[20:22, 10:51].min() == 255


def test_a_mask_that_reaches_the_rim_is_not_soft_there():
    assert np.asarray(feathered(masked((32, 0, 63, 63))))[:, 40:].min() == 255


def test_grey_in_a_mask_is_as_new_as_it_is_light():
    assert np.asarray(feathered(Image.new("L", (64, 64), 100))).max() == 100


def test_a_picture_of_the_right_size_is_taken_as_it_is(tmp_path):
    image = Image.effect_noise((64, 48), 90).convert("RGB")
    image.save(tmp_path / "a.png")
    ground = opened(Start(pictures=(str(tmp_path / "a.png"),)), 0, (64, 48))
    assert ground.mask is None and ground.picture.tobytes() == image.tobytes()


def test_another_size_is_scaled_and_cropped_alike_for_picture_and_mask(tmp_path):
    image, mask = Image.new("RGB", (300, 100), "blue"), Image.new("L", (300, 100))
    for one, colour in ((image, "red"), (mask, 255)):
        one.paste(colour, (100, 0, 200, 100))
        one.save(tmp_path / f"{one.mode}.png")
    pictures, masks = (str(tmp_path / "RGB.png"),), (str(tmp_path / "L.png"),)
    ground = opened(Start(pictures=pictures, masks=masks), 0, (64, 64))
    assert ground.picture.size == ground.mask.size == (64, 64)
    assert ground.picture.getpixel((32, 32)) == (255, 0, 0)
    assert np.asarray(ground.mask)[:, 4:-4].min() == 255


def test_what_is_transparent_is_white_in_a_picture_and_unmasked_in_a_mask(tmp_path):
    path = str(tmp_path / "clear.png")
    Image.new("RGBA", (64, 64), (255, 0, 0, 0)).save(path)
    ground = opened(Start(pictures=(path,), masks=(path,)), 0, (64, 64))
    assert ground.picture.getpixel((9, 9)) == (255, 255, 255)
    assert ground.mask.getextrema() == (0, 0)


def test_a_file_that_is_no_picture_is_named(tmp_path):
    (tmp_path / "a.png").write_text("words")
    with pytest.raises(BadImage) as refused:
        opened(Start(pictures=(str(tmp_path / "a.png"),)), 0, (64, 64))
    assert refused.value.facts["name"] == "a.png"
