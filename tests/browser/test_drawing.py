"""The whole way: a prompt in the browser becomes a picture on the disk."""

from __future__ import annotations

import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.served import Served

pytestmark = pytest.mark.browser

PROMPTS = {
    "en": "a red circle on a blue background",
    "es": "un círculo rojo sobre un fondo azul",
}
STEP = {"en": re.compile(r"step \d+ of 150"), "es": re.compile(r"paso \d+ de 150")}


@pytest.mark.parametrize("lang", ["en", "es"])
def test_a_red_circle_on_a_blue_background_appears_and_lies_on_the_disk(
    app: Served, visit: Visit, lang: str
) -> None:
    from tools.train.judge import judge

    desk = visit(lang=lang)
    before = set(app.pictures())
    desk.draw(PROMPTS[lang], seed=7)
    desk.is_("done")
    (drawn,) = set(app.pictures()) - before
    assert desk.on_stage() == drawn
    with Image.open(drawn) as picture:
        picture.load()
    assert picture.size == (256, 256)
    seen = judge(picture)
    assert (seen.shape, seen.colour, seen.background) == ("circle", "red", "blue")


@pytest.mark.parametrize("lang", ["en", "es"])
def test_steps_are_counted_and_previews_appear_while_it_is_drawn(visit: Visit, lang: str) -> None:
    desk = visit(lang=lang)
    desk.draw_unending(PROMPTS[lang])
    desk.is_drawing()
    expect(desk.page.locator("#aura-progress")).to_contain_text(STEP[lang])
    image = desk.page.locator("#aura-stage .is-preview img")
    first = image.get_attribute("src")
    expect(image).not_to_have_attribute("src", first or "")
    desk.page.wait_for_function(
        "() => document.querySelector('#aura-stage .is-preview img')?.naturalWidth > 0"
    )
    desk.stop()
    desk.is_("cancelled")


def test_a_drawing_stopped_half_way_leaves_no_picture_and_the_next_runs(
    app: Served, visit: Visit
) -> None:
    desk = visit()
    before = len(app.pictures())
    desk.draw("a blue star", steps=150, ratio="custom", width=768, height=768)
    desk.is_drawing()
    desk.stop()
    desk.is_("cancelled")
    assert len(app.pictures()) == before
    desk.draw("a blue star", steps=4, ratio="1:1")
    desk.is_("done")
    assert len(app.pictures()) == before + 1


def test_a_page_reloaded_in_the_middle_finds_its_job_again(visit: Visit) -> None:
    desk = visit()
    desk.draw_unending("a yellow star")
    desk.is_drawing()
    desk.reload()
    desk.is_drawing()
    expect(desk.page.locator("#aura-prompt textarea")).to_have_value("a yellow star")
    desk.stop()
    desk.is_("cancelled")


def test_several_pictures_get_seeds_in_a_row(visit: Visit) -> None:
    desk = visit()
    desk.draw("a red star", steps=3, count=3, seed=100)
    desk.is_("done")
    newest = desk.thumbs().first
    expect(newest).to_have_attribute("data-picture", str(desk.on_stage()))
    desk.open_side()
    for place, seed in ((0, 102), (1, 101), (2, 100)):
        desk.thumbs().nth(place).click()
        expect(desk.page.locator("#aura-details code")).to_have_text(str(seed))


@pytest.mark.parametrize("ratio", ["16:9", "2:3"])
def test_the_size_that_is_shown_is_the_size_that_is_drawn(visit: Visit, ratio: str) -> None:
    desk = visit()
    desk.set("ratio", ratio)
    expect(desk.page.locator(".aura-size")).not_to_contain_text("256 × 256 px")
    shown = desk.says("size")
    desk.draw("a red circle", steps=3)
    desk.is_("done")
    with Image.open(desk.on_stage()) as picture:
        assert f"{picture.width} × {picture.height} px" in shown


def test_a_custom_size_is_drawn_as_given_and_a_bad_one_is_refused_in_words(visit: Visit) -> None:
    desk = visit()
    desk.set("ratio", "custom")
    desk.set("width", 200)
    desk.set("height", 120)
    desk.draw("a red circle", steps=3)
    desk.is_("done")
    with Image.open(desk.on_stage()) as picture:
        assert picture.size == (200, 120)
    desk.set("width", 99_999)
    desk.draw_in_vain()
    expect(desk.page.locator("#aura-message .aura-card-bad")).to_contain_text("4096")


def test_an_empty_prompt_is_answered_with_what_to_do(visit: Visit) -> None:
    desk = visit(lang="es")
    desk.draw_in_vain("  ")
    card = desk.page.locator("#aura-message .aura-card-bad")
    expect(card).to_be_visible()
    assert "Traceback" not in card.inner_text()
    card.locator('[data-act="dismiss"]').click()
    expect(card).to_have_count(0)


def test_who_asks_shapes_for_a_lighthouse_is_told_kindly_and_shown_prompts_that_work(
    visit: Visit,
) -> None:
    desk = visit()
    desk.draw("a lighthouse", steps=3)
    card = desk.page.locator("#aura-message .aura-card-note")
    expect(card).to_contain_text("draws only shapes")
    expect(card).to_contain_text("lighthouse")
    expect(card.locator(".aura-chip")).to_have_count(3)
    desk.is_("done")
    offered = card.locator(".aura-chip").first
    words = offered.inner_text()
    offered.click()
    expect(desk.page.locator("#aura-prompt textarea")).to_have_value(words)
    desk.draw()
    desk.is_("done")
    expect(card).to_have_count(0)
