"""Presets and many pictures in the page: what is chosen is seen, what is asked for comes."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.desk import PATIENCE_MS, Desk

pytestmark = pytest.mark.browser


def chosen(desk: Desk) -> str:
    return desk.page.locator("#aura-preset input:checked").get_attribute("value") or ""


def steps(desk: Desk) -> str:
    desk.open_advanced()
    return desk.page.locator("#aura-steps input[type=number]").first.input_value()


def test_a_preset_fills_the_panel_and_a_change_by_hand_makes_it_ones_own(visit: Visit) -> None:
    desk = visit(lang="es")
    assert chosen(desk) == "automatic"
    desk.page.locator('#aura-preset label:has(input[value="ultra_fast"])').click()
    expect(desk.page.locator("#aura-outcome")).to_contain_text("256 × 256")
    expect(desk.page.locator("#aura-preset-words")).to_contain_text("10 pasos")
    assert steps(desk) == "10"
    desk.page.locator('#aura-preset label:has(input[value="quality"])').click()
    expect(desk.page.locator("#aura-size")).to_contain_text("256 × 256")
    expect(desk.page.locator("#aura-preset-words")).to_contain_text("20 pasos")
    desk.set("steps", 3)
    expect(desk.page.locator('#aura-preset input[value="own"]')).to_be_checked()


def test_prompts_and_a_grid_are_drawn_and_can_be_taken_along(visit: Visit) -> None:
    desk = visit()
    page = desk.page
    desk.fill("a red circle", steps=2)
    page.locator("#aura-many > button").click()
    page.locator("#aura-many-lines textarea").fill("a red circle\n# no\na blue star")
    page.locator("#aura-many-draw").click()
    listed = page.locator("#aura-batches li")
    expect(listed.filter(has_text="2 of 2")).to_be_visible(timeout=PATIENCE_MS)
    expect(desk.thumbs()).not_to_have_count(0)
    page.locator('#aura-many-kind label:has(input[value="grid"])').click()
    page.locator("#aura-many-x-values textarea, #aura-many-x-values input").fill("1, 2")
    page.locator("#aura-many-draw").click()
    show = page.locator('#aura-batches li [data-act="show"]')
    expect(show).to_be_visible(timeout=PATIENCE_MS)
    show.click()
    sheet = desk.on_stage()
    assert sheet.is_file()
    page.locator('#aura-batches li [data-act="zip"]').first.click()
    expect(page.locator("#aura-batches a[download]")).to_be_visible()


def test_an_axis_that_cannot_be_is_said_in_words(visit: Visit) -> None:
    desk = visit()
    page = desk.page
    desk.write("a red circle")
    page.locator("#aura-many > button").click()
    page.locator('#aura-many-kind label:has(input[value="grid"])').click()
    page.locator("#aura-many-x-values textarea, #aura-many-x-values input").fill("many")
    page.locator("#aura-many-draw").click()
    expect(page.locator("#aura-message")).to_contain_text("is no value for this axis")
