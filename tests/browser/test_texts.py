"""What people and files write is shown as text, in every place."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

HOSTILE = 'a red circle <img src=x onerror="window.harmed=1"> ${window.harmed=1} \'"><b>'
HARMED = "() => window.harmed === 1 || document.querySelector('img[src=\"x\"]') !== null"


def test_a_prompt_with_markup_harms_no_place_that_shows_it(visit: Visit) -> None:
    desk = visit()
    desk.open_side()
    page = desk.page
    desk.draw_unending(HOSTILE)
    expect(page.locator("#aura-queue li")).to_contain_text("<img src=x")
    expect(page.locator("#aura-message")).to_contain_text("onerror")
    desk.stop()
    desk.is_("cancelled")
    desk.draw(HOSTILE, steps=3, count=1)
    desk.is_("done")
    expect(page.locator("#aura-details .aura-prompt")).to_have_text(HOSTILE)
    expect(page.locator("#aura-stage img")).to_have_attribute("alt", HOSTILE)
    thumb = page.locator("#aura-strip .aura-thumb").first
    expect(thumb).to_have_attribute("title", HOSTILE)
    page.get_by_role("tab", name="Library").click()
    expect(page.locator("#aura-grid .aura-tile").first).to_contain_text("<img src=x")
    page.get_by_role("tab", name="Text to image").click()
    desk.reload()
    expect(page.locator("#aura-prompt textarea")).to_have_value(HOSTILE)
    assert not page.evaluate(HARMED)


def test_a_style_and_a_file_name_with_markup_are_shown_as_text(visit: Visit) -> None:
    desk = visit()
    page = desk.page
    page.locator("#aura-style-new").click()
    name = '<img src=x onerror="window.harmed=1">'
    page.locator("#aura-style-editor").get_by_label("Name of the style").fill(name)
    page.locator("#aura-style-editor").get_by_label("Words added to the prompt").fill("small")
    page.locator("#aura-style-editor").get_by_role("button", name="Save").click()
    expect(page.locator("#aura-style input")).to_have_value(name)
    desk.open_side()
    desk.draw("a red circle", steps=3)
    desk.is_("done")
    expect(page.locator("#aura-details .aura-facts").first).to_contain_text("<img src=x")
    page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File(['x'], '<img src=x onerror=window.harmed=1>.png',
            {type: 'image/png'}));
          document.querySelector('#aura-stage').dispatchEvent(
            new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
        }"""
    )
    expect(page.locator("#aura-message .aura-card-bad")).to_be_visible()
    page.locator("#aura-style-delete").click()
    expect(page.locator("#aura-style input")).to_have_value("None")
    assert not page.evaluate(HARMED)
