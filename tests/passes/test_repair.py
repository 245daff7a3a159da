"""Things drawn anew in their crops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from aura.families.base import Box, Found
from aura.passes import crops, repair
from aura.passes.piece import Sketch
from aura.requests import DetectRequest, Repair
from tests.memory import simulation
from tests.passes.desks import MODEL, Folder, drawn, played
from tests.passes.test_tiles import noise

FACE = Box(40, 50, 60, 80, 0.9, "face")
HAND = Box(0, 100, 20, 120, 0.5, "hand")


@pytest.fixture
def folder():
    return Folder()


def asked(**changes):
    return simulation.request(
        MODEL, count=2, width=64, height=64, repair=Repair(detector="eye", **changes)
    )


@settings(max_examples=60)
@given(st.data())
def test_only_what_lies_in_the_mask_changes_wherever_the_thing_is(data):
    width, height = data.draw(st.integers(16, 150)), data.draw(st.integers(16, 150))
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    box = Box(left, top, data.draw(st.integers(left + 1, width)),
              data.draw(st.integers(top + 1, height)), 0.5, "x")  # fmt: skip
    picture = noise(width, height)
    crop = crops.around(box, picture.size, 64, 8)
    image, mask = crops.cut(picture, crop)
    assert image.size == mask.size == crop.size and crop.size[0] % 8 == crop.size[1] % 8 == 0
    after = np.asarray(crops.put_back(picture, crop, Image.new("RGB", crop.size)))
    x1, y1, x2, y2 = crop.anew
    changed = (after != np.asarray(picture)).any(axis=2)
    changed[y1:y2, x1:x2] = False
    assert not changed.any()
    middle = after[(box.top + box.bottom) // 2, (box.left + box.right) // 2]
    assert max(box.right - box.left, box.bottom - box.top) < 8 or not middle.any()


def test_a_thing_is_drawn_at_the_native_area_of_the_model():
    square = crops.around(FACE, (150, 150), 64, 8)
    assert square.size == (64, 64)
    area = square.area
    assert area[2] - area[0] == area[3] - area[1] and area[0] < 40 and area[3] > 80
    flat = crops.around(Box(0, 0, 150, 30, 1.0, "x"), (150, 30), 64, 8)
    assert flat.area == (0, 0, 150, 30) and abs(flat.size[0] * flat.size[1] - 64**2) < 1200


def test_the_edge_of_what_was_drawn_is_soft_but_not_where_the_picture_ends():
    grey = Image.new("RGB", (150, 150))
    crop = crops.around(Box(0, 40, 64, 104, 1.0, "x"), grey.size, 64, 8)
    after = np.asarray(crops.put_back(grey, crop, Image.new("RGB", crop.size, "white")))[72, :, 0]
    assert after[0] == 255 and 0 < after[crop.anew[2] - 2] < 255 and after[crop.anew[2]] == 0


def test_each_thing_that_is_found_is_drawn_anew_with_the_seed_of_its_picture(folder):
    picture = noise(150, 150)
    finding = repair.found(Sketch(picture, 1), folder.desk(asked(things="face, hand")))
    found, (look,) = played(finding, lambda work: Found((FACE, HAND)))
    assert isinstance(look.work, DetectRequest) and look.work.things == "face, hand"
    assert found.image is picture and found.things == (FACE, HAND)
    made, pieces = played(
        repair.made(found, folder.desk(asked(prompt="a smile"))),
        lambda work: drawn(Image.new("RGB", (work.width, work.height), "red")),
    )
    assert [piece.work.seed for piece in pieces] == [8, 8]
    assert {piece.work.prompts for piece in pieces} == {("a smile",)}
    assert all(piece.work.start.masks for piece in pieces)
    for box in (FACE, HAND):
        middle = (box.left + box.right) // 2, (box.top + box.bottom) // 2
        assert made.image.getpixel(middle) == (255, 0, 0)


def test_things_are_looked_for_in_a_smaller_picture_and_found_where_they_are(folder):
    picture = Image.new("RGB", (4096, 2048))
    finding = repair.found(Sketch(picture), folder.desk(asked()))
    found, _ = played(finding, lambda work: Found((FACE,)))
    assert max(folder.images["0.png"].size) == 2048
    assert found.things == (Box(80, 100, 120, 160, 0.9, "face"),)


def test_a_picture_in_which_nothing_is_found_stays_as_it_is(folder):
    picture = noise(64, 64)
    made, pieces = played(repair.made(Sketch(picture), folder.desk(asked())), None)
    assert made.image is picture and not pieces
