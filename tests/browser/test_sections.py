"""The folded sections of the panel: what each says while nothing is set, and once it is."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser


def test_the_final_size_is_told_before_and_kept_after_a_reload(visit: Visit) -> None:
    desk = visit()
    page = desk.page
    page.locator("#aura-larger > button").click()
    page.locator("#aura-larger-final input").click()
    page.get_by_role("option", name="Full HD").click()
    line = page.locator("#aura-outcome")
    expect(line).to_contain_text("Drawn at 328 × 184, enlarged to 1920 × 1080")
    expect(page.locator("#aura-ratio label.selected")).to_have_text("16:9")
    desk.set("ratio", "1:1")
    expect(line).to_contain_text("enlarged to 1080 × 1080")
    page.locator("#aura-larger-final input").click()
    page.get_by_role("option", name="× 1.5", exact=True).click()
    expect(line).to_contain_text("enlarged to 384 × 384")
    page.locator("#aura-refine input[type=number]").fill("0")
    page.locator("#aura-refine input[type=number]").press("Tab")
    desk.draw("a red circle", steps=3)
    desk.is_("done")
    desk.open_side()
    expect(page.locator("#aura-details")).to_contain_text("384 × 384 px")
    desk.reload()
    expect(page.locator("#aura-larger > button")).to_have_text("Larger picture (384 × 384)▼")
    expect(line).to_contain_text("Drawn at 256 × 256, then enlarged to 384 × 384.")


def test_sections_that_need_a_model_show_the_way_to_one(visit: Visit) -> None:
    page = visit().page
    for name, words in (("loras", "There is none for Aura Shapes"), ("repair", "a detector")):
        page.locator(f"#aura-{name} > button").click()
        expect(page.locator(f"#aura-{name}")).to_contain_text(words)
    page.locator('#aura-loras [data-act="models"]').click()
    expect(page.locator("#aura-models")).to_be_visible()
