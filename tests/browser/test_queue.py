"""Jobs belong to the studio: fair between pages, and safe from a dying engine."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.desk import PATIENCE_MS
from tests.browser.served import Served

pytestmark = pytest.mark.browser


def test_a_second_page_waits_for_one_job_of_a_first_that_filled_the_queue(
    app: Served, visit: Visit
) -> None:
    many, one = visit(), visit(lang="es")
    one.write("un cuadrado azul")
    one.set("steps", 3)
    many.open_side()
    for number, steps in enumerate((150, 3, 3)):
        many.draw("a red circle", steps=steps)
        expect(many.page.locator("#aura-queue li")).to_have_count(number + 1)
    one.draw()
    expect(one.page.locator("#aura-progress .is-queued")).to_be_visible()
    many.is_("done")
    expect(many.page.locator("#aura-queue li")).to_have_count(0, timeout=PATIENCE_MS)
    order = ["square" if "cuadrado" in path.stem else "circle" for path in app.pictures()[-4:]]
    assert order == ["circle", "square", "circle", "circle"]


def test_a_queued_job_can_be_stopped_and_asked_for_again(visit: Visit) -> None:
    desk = visit()
    desk.open_side()
    desk.draw("a green circle", steps=150, count=2)
    desk.is_drawing()
    desk.draw("a blue circle", steps=3)
    queued = desk.page.locator("#aura-queue li.is-queued")
    expect(queued).to_have_count(1)
    queued.locator('[data-act="stop"]').click()
    expect(queued).to_have_count(0)
    desk.stop()
    lost = desk.page.locator("#aura-queue li.is-cancelled")
    expect(lost).to_have_count(2)
    lost.filter(has_text="a blue circle").locator('[data-act="retry"]').click()
    desk.is_("done")
    desk.page.locator('#aura-queue [data-act="clear"]').click()
    expect(lost).to_have_count(0)


def test_a_paused_queue_says_so_and_goes_on_when_asked(visit: Visit) -> None:
    desk = visit()
    desk.open_side()
    desk.draw("a red star", steps=150)
    desk.is_drawing()
    desk.draw("a green star", steps=3)
    desk.page.locator('#aura-queue [data-act="pause"]').click()
    desk.page.locator('#aura-queue li.is-running [data-act="stop"]').click()
    expect(desk.page.locator("#aura-message")).to_contain_text("paused")
    expect(desk.page.locator("#aura-queue li.is-queued")).to_have_count(1)
    desk.page.locator('#aura-message [data-act="resume"]').click()
    desk.is_("done")
    assert "green-star" in desk.on_stage().stem


def test_a_killed_engine_is_told_in_words_and_the_next_job_runs(app: Served, visit: Visit) -> None:
    desk = visit()
    desk.draw("a red circle", steps=150, count=2)
    desk.is_drawing()
    for engine in app.engines():
        engine.kill()
    card = desk.page.locator("#aura-message .aura-card-bad")
    expect(card).to_be_visible(timeout=PATIENCE_MS)
    expect(card).to_contain_text("stopped unexpectedly")
    desk.draw("a blue square", steps=3, count=1)
    desk.is_("done")
    assert "blue-square" in desk.on_stage().stem
    expect(card).to_have_count(0)
