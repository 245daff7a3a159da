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
    many.open_side()
    many.draw_unending("a green star")
    many.is_drawing()
    for _ in range(2):
        many.draw("a red circle", steps=3, count=1)
    expect(many.queue("queued")).to_have_count(2)
    one.draw("un cuadrado azul", steps=3)
    one.is_("queued")
    many.stop()
    one.is_("done")
    expect(many.queue("queued").or_(many.queue("running"))).to_have_count(0, timeout=PATIENCE_MS)
    order = ["square" if "cuadrado" in path.stem else "circle" for path in app.pictures()[-3:]]
    assert order == ["square", "circle", "circle"]


def test_a_queued_job_can_be_stopped_and_asked_for_again(visit: Visit) -> None:
    desk = visit()
    desk.open_side()
    desk.draw_unending("a green circle")
    desk.is_drawing()
    desk.draw("a blue circle", steps=3, count=1)
    queued = desk.queue("queued")
    expect(queued).to_have_count(1)
    queued.locator('[data-act="stop"]').click()
    expect(queued).to_have_count(0)
    desk.stop()
    lost = desk.queue("cancelled")
    expect(lost).to_have_count(2)
    desk.retry(lost.filter(has_text="a blue circle"))
    desk.is_("done")
    desk.page.locator('#aura-queue [data-act="clear"]').click()
    expect(lost).to_have_count(0)


def test_a_paused_queue_says_so_and_goes_on_when_asked(visit: Visit) -> None:
    desk = visit()
    desk.open_side()
    desk.draw_unending("a red star")
    desk.is_drawing()
    desk.draw("a green star", steps=3, count=1)
    desk.page.locator('#aura-queue [data-act="pause"]').click()
    expect(desk.page.locator("#aura-message")).to_contain_text("paused")
    desk.queue("running").locator('[data-act="stop"]').click()
    expect(desk.queue("cancelled")).to_have_count(1)
    expect(desk.queue("queued")).to_have_count(1)
    desk.page.locator('#aura-message [data-act="resume"]').click()
    desk.is_("done")
    assert "green-star" in desk.on_stage().stem


def test_a_killed_engine_is_told_in_words_and_the_next_job_runs(app: Served, visit: Visit) -> None:
    desk = visit()
    desk.draw_unending("a red circle")
    desk.is_drawing()
    _kill_the_engine(app)
    card = desk.page.locator("#aura-message .aura-card-bad")
    expect(card).to_be_visible(timeout=PATIENCE_MS)
    expect(card).to_contain_text("stopped unexpectedly")
    desk.draw("a blue square", steps=3, count=1)
    desk.is_("done")
    assert "blue-square" in desk.on_stage().stem
    expect(card).to_have_count(0)


def test_what_waits_behind_a_job_whose_engine_is_killed_is_drawn_all_the_same(
    app: Served, visit: Visit
) -> None:
    desk = visit()
    desk.open_side()
    desk.draw_unending("a red circle")
    desk.is_drawing()
    desk.draw("a yellow square", steps=3, count=1)
    expect(desk.queue("queued")).to_have_count(1)
    _kill_the_engine(app)
    expect(desk.queue("failed")).to_contain_text("stopped unexpectedly", timeout=PATIENCE_MS)
    desk.is_("done")
    assert "yellow-square" in desk.on_stage().stem


def _kill_the_engine(app: Served) -> None:
    (engine,) = app.engines()
    engine.kill()
