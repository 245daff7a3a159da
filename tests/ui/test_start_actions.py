"""The picture to start from: painted on, extended, shown."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from aura.ui.tabs.generate import easel, start_actions
from aura.ui.tabs.generate.sections import size
from tests.ui.test_sections import SHAPES


def ink(box: tuple[int, int, int, int]) -> dict[str, object]:
    """What the editor sends after a stroke over ``box`` on a small copy of the picture."""
    layer = Image.new("RGBA", (100, 50))
    ImageDraw.Draw(layer).rectangle(box, fill=(255, 45, 85, 140))
    return {"background": Image.new("RGB", (100, 50)), "layers": [layer], "composite": None}


def test_what_is_painted_is_white_in_the_mask_at_the_size_of_the_picture() -> None:
    mask = easel.painted(ink((10, 10, 29, 29)), (400, 200))
    assert mask is not None and mask.size == (400, 200)
    assert mask.getpixel((80, 80)) == 255
    assert mask.getpixel((300, 80)) == 0


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"layers": []},
        {"background": Image.new("RGB", (9, 9)), "layers": [Image.new("RGBA", (9, 9))]},
    ],
)
def test_where_nothing_was_painted_there_is_no_mask(value: dict[str, object] | None) -> None:
    assert easel.painted(value, (40, 20)) is None


def test_what_is_painted_before_the_picture_has_come_counts_for_nothing() -> None:
    assert easel.painted(ink((0, 0, 50, 50)) | {"background": None}, (40, 20)) is None


def test_a_second_stroke_is_added_to_the_first() -> None:
    one, other = Image.new("L", (4, 4)), Image.new("L", (4, 4))
    one.putpixel((0, 0), 255)
    other.putpixel((3, 3), 255)
    both = easel.joined(one, other)
    assert both is not None
    assert [both.getpixel(at) for at in ((0, 0), (3, 3), (1, 1))] == [255, 255, 0]
    assert easel.joined(one, None) is one


def test_the_ground_shows_what_is_marked_already() -> None:
    mask = Image.new("L", (60, 40))
    mask.paste(255, (0, 0, 30, 40))
    ground = easel.easel_value(Image.new("RGB", (60, 40), "blue"), mask)["background"]
    assert ground.getpixel((50, 20)) == (0, 0, 255)
    red, _, blue = ground.getpixel((5, 20))
    assert red > blue - 60


@pytest.mark.parametrize("side", ["left", "top", "right", "bottom"])
def test_extended_to_a_side_the_new_part_is_masked_and_what_was_painted_stays(side: str) -> None:
    painted = Image.new("L", (80, 80))
    painted.paste(255, (30, 30, 50, 50))
    larger, mask = start_actions.extended(Image.new("RGB", (80, 80), "red"), painted, side)
    across = side in ("left", "right")
    assert larger.size == mask.size == ((100, 80) if across else (80, 100))
    white = np.asarray(mask) == 255
    new = {
        "left": white[:, :20],
        "right": white[:, 80:],
        "top": white[:20],
        "bottom": white[80:],
    }[side]
    assert new.all()
    before = (20 if side == "left" else 0, 20 if side == "top" else 0)
    assert white[before[1] + 30 : before[1] + 50, before[0] + 30 : before[0] + 50].all()


@pytest.mark.parametrize("shape", [(1200, 800), (333, 1000), (64, 640), (256, 256)])
def test_the_size_follows_the_shape_of_the_picture(shape: tuple[int, int]) -> None:
    ratio, width, height = size.like(*shape, SHAPES)
    assert width % SHAPES.multiple == height % SHAPES.multiple == 0
    assert SHAPES.area / 4 < width * height < SHAPES.area * 4
    if shape == (256, 256):
        assert ratio == "1:1"
    if max(shape) < 4 * min(shape):
        assert abs(width / height / (shape[0] / shape[1]) - 1) < 0.06
