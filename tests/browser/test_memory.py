"""The memory picture at work: opened, read, and used to give memory back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from aura.i18n import text
from aura.settings import APP_DIR
from tests.browser.conftest import Visit
from tests.browser.desk import PATIENCE_MS, Desk
from tests.browser.served import Served

pytestmark = pytest.mark.browser

PROMPT = "a red circle on a blue background"


def sheet(desk: Desk) -> Locator:
    return desk.page.locator("#aura-memory-sheet")


def opened(desk: Desk) -> Locator:
    desk.page.locator("#aura-statusbar").click()
    expect(sheet(desk)).to_be_visible()
    return sheet(desk)


def given_back(lang: str) -> re.Pattern[str]:
    before, _, after = text(lang, "memory.freed", freed_bytes="§").partition("§")
    return re.compile(rf"{re.escape(before)}\d+ MB{re.escape(after)}")


def loaded(desk: Desk) -> None:
    """A model is in memory, and nothing runs."""
    desk.draw(PROMPT, steps=3)
    desk.is_("done")
    expect(desk.page.locator("#aura-statusbar")).to_contain_text("Aura Shapes")


@pytest.mark.parametrize("lang", ["en", "es"])
def test_a_click_on_the_status_bar_opens_it_and_escape_closes_it(visit: Visit, lang: str) -> None:
    desk = visit(lang=lang)
    picture = opened(desk)
    expect(
        picture.get_by_role("heading", name=text(lang, "memory.title"), exact=True)
    ).to_be_visible()
    expect(picture.locator(".aura-held").first).to_be_attached(timeout=PATIENCE_MS)
    expect(desk.page.locator(".aura-opener")).to_have_attribute("aria-expanded", "true")
    desk.page.keyboard.press("Escape")
    expect(sheet(desk)).to_have_count(0)
    expect(desk.page.locator(".aura-opener")).to_be_focused()


def test_the_keyboard_opens_reads_and_closes_it(visit: Visit) -> None:
    desk = visit()
    loaded(desk)
    page = desk.page
    page.locator(".aura-opener").focus()
    page.keyboard.press("Enter")
    expect(sheet(desk)).to_be_focused()
    newest = page.locator(".aura-moment").last
    for _ in range(30):
        page.keyboard.press("Tab")
        if newest.evaluate("element => element === document.activeElement"):
            break
    expect(newest).to_be_focused()
    told = "getComputedStyle(document.activeElement, '::after').content"
    assert "Aura, as measured" in page.evaluate(told)
    page.keyboard.press("ArrowLeft")
    expect(newest).not_to_be_focused()
    assert "Aura may use" in page.evaluate(told)
    expect(page.locator(".aura-job").last).to_have_attribute(
        "aria-label", re.compile(r"a red circle[\s\S]*Predicted peak[\s\S]*Measured peak")
    )
    page.keyboard.press("m")
    expect(sheet(desk)).to_have_count(0)


def test_what_has_the_focus_keeps_it_while_the_picture_goes_on(visit: Visit) -> None:
    desk = visit()
    loaded(desk)
    button = opened(desk).locator('[data-act="free"]')
    button.focus()
    before = sheet(desk).locator(".aura-held").first.get_attribute("d")
    desk.page.wait_for_function(
        "(before) => document.querySelector('#aura-memory-sheet .aura-held')"
        ".getAttribute('d') !== before",
        arg=before,
    )
    expect(button).to_be_focused()


@pytest.mark.parametrize("lang", ["en", "es"])
def test_a_model_that_is_released_leaves_the_list_the_bar_and_the_memory(
    visit: Visit, lang: str
) -> None:
    desk = visit(lang=lang)
    loaded(desk)
    picture = opened(desk)
    row = picture.locator(".aura-residents li", has_text="Aura Shapes")
    row.locator('[data-act="release"]').click()
    expect(row).to_have_count(0)
    expect(picture.locator(".aura-said")).to_have_text(given_back(lang))
    expect(desk.page.locator("#aura-statusbar")).not_to_contain_text("Aura Shapes")
    desk.page.wait_for_function(  # what had the focus is gone
        "() => document.querySelector('#aura-memory-sheet').contains(document.activeElement)"
    )


def test_everything_idle_can_be_given_back_at_once_and_the_next_job_loads_again(
    visit: Visit,
) -> None:
    desk = visit()
    loaded(desk)
    picture = opened(desk)
    picture.get_by_role("button", name="Free the memory now").click()
    expect(picture.locator(".aura-said")).to_have_text(given_back("en"))
    expect(picture).to_contain_text("No model is in memory")
    picture.get_by_role("button", name="Free the memory now").click()
    expect(picture.locator(".aura-said")).to_have_text("There was nothing to give back.")
    picture.locator('[data-act="close"]').click()
    loaded(desk)


def test_a_model_in_use_stays_and_says_why(visit: Visit) -> None:
    desk = visit()
    desk.draw(PROMPT, steps=150, count=4)
    desk.is_drawing()
    row = opened(desk).locator(".aura-residents li", has_text="in use now")
    expect(row.locator("button")).to_have_attribute("aria-disabled", "true")
    expect(row.locator("button")).to_have_attribute("title", re.compile("A job is using"))
    assert row.locator('[data-act="release"]').count() == 0
    desk.page.keyboard.press("Escape")  # closes the picture and leaves the job alone
    expect(sheet(desk)).to_have_count(0)
    desk.is_("running")
    desk.stop()
    desk.is_("cancelled")


def test_the_picture_fits_above_the_bar_on_a_small_screen(visit: Visit) -> None:
    desk = visit(size=(1366, 768))
    loaded(desk)
    box = opened(desk).bounding_box()
    assert box is not None
    assert box["y"] >= 48 and box["y"] + box["height"] <= 768 - 30
    assert sheet(desk).evaluate("element => element.scrollHeight <= element.clientHeight + 1")
    assert sheet(desk).evaluate("element => element.scrollWidth <= element.clientWidth")


def test_the_idle_time_that_was_chosen_holds_after_a_restart(tmp_path: Path, visit: Visit) -> None:
    served = Served(tmp_path / "data", APP_DIR).start()
    try:
        desk = visit(served)
        expect(opened(desk).locator('[data-seconds="600"]')).to_have_attribute(
            "aria-pressed", "true"
        )
        sheet(desk).locator('[data-seconds="1800"]').click()
        chosen = sheet(desk).locator('[aria-pressed="true"][data-act="keep"]')
        expect(chosen).to_have_text("30 min")
        desk.page.context.close()
        served.stop()
        served.start()
        desk = visit(served, lang="es")
        expect(opened(desk).locator('[aria-pressed="true"][data-act="keep"]')).to_have_attribute(
            "data-seconds", "1800"
        )
    finally:
        served.stop()


def test_a_model_is_made_ready_while_a_prompt_is_typed_and_asked_for_once(visit: Visit) -> None:
    desk = visit()
    opened(desk).locator('[data-act="free"]').click()
    expect(desk.page.locator("#aura-statusbar")).to_contain_text("no model loaded")
    desk.page.keyboard.press("Escape")
    asked: list[str] = []
    desk.page.on(
        "request", lambda request: asked.append(request.url) if warms(request.post_data) else None
    )
    prompt = desk.page.locator("#aura-prompt textarea")
    prompt.press_sequentially("a red circle", delay=30)
    expect(desk.page.locator("#aura-statusbar")).to_contain_text("Aura Shapes", timeout=PATIENCE_MS)
    prompt.press_sequentially(" on a blue background", delay=30)
    desk.page.wait_for_timeout(1_000)
    assert len(asked) == 1
    expect(desk.page.locator("#aura-progress")).to_contain_text("Ready to draw")


def warms(posted: str | None) -> bool:
    return '"act":"warm"' in (posted or "").replace(" ", "")


@pytest.fixture
def scarce(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path / "data", APP_DIR, program="tests.browser.scarce").start()
    yield served
    served.stop()


def test_a_fallback_is_told_while_it_draws_and_afterwards_and_remembered(
    scarce: Served, visit: Visit
) -> None:
    desk = visit(scarce)
    page = desk.page
    desk.open_side()
    desk.draw(PROMPT, steps=60, seed=7)
    card = page.locator("#aura-message .aura-card-note")
    expect(card).to_contain_text("Memory ran out", timeout=PATIENCE_MS)
    expect(card).to_contain_text("Seed, size and steps are unchanged")
    desk.is_("running")
    desk.is_("done")
    (changed,) = re.findall(r"goes on with: (.+?)\.", card.inner_text())
    details = page.locator("#aura-details")
    expect(details.locator(".aura-notices")).to_contain_text(f"goes on with: {changed}")
    for part in ("Predicted peak", "Measured peak", "Placement", "Drawing"):
        expect(details).to_contain_text(part)
    page.locator('[data-lang="es"]').click()
    expect(details.locator("h4", has_text=text("es", "generate.details.notices"))).to_be_visible()
    opened(desk)
    expect(sheet(desk).locator(".aura-plot .aura-predicted")).to_have_count(2)
    expect(sheet(desk).locator(".aura-job")).to_have_attribute(
        "aria-label", re.compile(re.escape(text("es", "memory.job.climbed")))
    )
    page.keyboard.press("Escape")
    page.locator('[data-lang="en"]').click()
    desk.ready()
    desk.draw(PROMPT, steps=60, seed=7)
    desk.is_("done")
    expect(card).to_have_count(0)  # it begins where the last one ended
    expect(details).to_contain_text(f"are free: {changed}")
