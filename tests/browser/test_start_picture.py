"""A picture to start from: painted on with the mouse, drawn anew there and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.desk import PATIENCE_MS, Desk

pytestmark = pytest.mark.browser

SMALL = (900, 520)  # what is painted on is drawn by the processor here


def test_what_is_masked_is_drawn_anew_and_nothing_else(visit: Visit) -> None:
    desk = visit(size=SMALL)
    desk.draw("a red circle on a blue background", steps=4, seed=7, ratio="1:1")
    desk.is_("done")
    before = np.asarray(Image.open(desk.on_stage()).convert("RGB"), dtype=int)
    start_from_the_stage(desk)
    paint_upper_left(desk)
    desk.set("strength", 1)
    desk.draw("a green circle on a yellow background", steps=4, seed=8)
    desk.is_("done")
    after = np.asarray(Image.open(desk.on_stage()).convert("RGB"), dtype=int)
    changed = np.abs(after - before).max(axis=2)
    assert changed[128:, 128:].max() <= 4
    assert changed[:128, :128].max() > 60
    desk.open_side()
    expect(desk.page.locator("#aura-details")).to_contain_text("a masked picture, strength 100 %")


def test_a_picture_that_is_extended_is_drawn_on_and_is_there_after_a_reload(visit: Visit) -> None:
    desk = visit(size=SMALL)
    page = desk.page
    desk.draw("a red circle on a blue background", steps=3, ratio="1:1")
    desk.is_("done")
    start_from_the_stage(desk)
    page.locator('#aura-start [data-side="right"]').click()
    expect(page.locator("#aura-start .aura-mask")).to_be_visible()
    expect(page.locator("#aura-ratio label.selected")).to_have_text("Custom")
    desk.draw(steps=3)
    desk.is_("done")
    with Image.open(desk.on_stage()) as picture:
        assert picture.width / picture.height == pytest.approx(1.25, rel=0.03)
    desk.reload()
    expect(page.locator("#aura-start > button")).to_contain_text("Start from a picture (60 %)")
    page.locator("#aura-start > button").click()
    expect(page.locator("#aura-start .aura-mask")).to_be_visible()
    page.locator('#aura-start [data-act="remove"]').click()
    expect(page.locator("#aura-start > button")).not_to_contain_text("60 %")
    expect(page.locator("#aura-ratio label.selected")).to_have_text("1:1")


def start_from_the_stage(desk: Desk) -> None:
    desk.page.locator('#aura-tools [data-act="start"]').click()
    expect(desk.page.locator("#aura-start .aura-start img")).to_be_visible()


def paint_upper_left(desk: Desk) -> None:
    """One stroke in the upper left of the picture."""
    page = desk.page
    page.locator('#aura-start [data-act="paint"]').click()
    editor = page.locator("#aura-easel-editor")
    empty = editor.get_by_text("%").inner_text()
    expect(editor.get_by_text("%")).not_to_have_text(empty, timeout=PATIENCE_MS)  # it is on the easel
    box = page.locator("#aura-easel-editor canvas").first.bounding_box()
    assert box
    side = min(box["width"], box["height"]) * 0.2
    x, y = box["x"] + box["width"] / 2 - side, box["y"] + box["height"] / 2 - side
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 10, y + 10)
    page.mouse.up()
    page.locator("#aura-easel-done").click()
    expect(page.locator("#aura-start .aura-mask")).to_be_visible(timeout=PATIENCE_MS)
