"""What was drawn stays: through restarts, with stars, search and its settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from aura.settings import APP_DIR
from tests.browser.conftest import Visit
from tests.browser.desk import PATIENCE_MS, Desk
from tests.browser.served import Served

pytestmark = pytest.mark.browser

DROP = """([name, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], name, {type: 'image/png'}));
  for (const kind of ['dragenter', 'dragover', 'drop'])
    document.querySelector('#aura-stage').dispatchEvent(
      new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


def test_a_restart_finds_the_history_and_what_was_queued(tmp_path: Path, visit: Visit) -> None:
    served = Served(tmp_path / "data", APP_DIR).start()
    try:
        desk = visit(served)
        expect(desk.page.locator("#aura-stage .aura-empty")).to_be_visible()
        desk.draw("a red circle", steps=3)
        desk.is_("done")
        desk.draw_unending("a green circle")
        desk.is_drawing()
        desk.draw("a blue circle", steps=3, count=1)
        desk.open_side()
        expect(desk.queue("queued")).to_have_count(1)
        kept = desk.page.context.storage_state()
        desk.page.close()
        served.stop()
        served.start()
        # The same browser, at the address of the new start.
        kept["origins"][0]["origin"] = served.url.rstrip("/")
        again = visit(served, kept=kept)
        again.open_side()
        interrupted = again.queue("interrupted")
        expect(interrupted).to_contain_text("a green circle")
        expect(interrupted.locator('[data-act="retry"]')).to_be_visible()
        for prompt in ("a red circle", "a blue circle"):
            shown = again.page.locator(f'#aura-strip [title="{prompt}"]')
            expect(shown).to_have_count(1, timeout=PATIENCE_MS)
    finally:
        served.stop()


def test_a_dropped_picture_gives_its_settings_back(visit: Visit) -> None:
    desk = visit()
    desk.draw("a green square on a white background", ratio="3:2", steps=5, seed=4321)
    desk.is_("done")
    picture = desk.on_stage()
    other = visit(lang="es")
    _drop(other, picture)
    expect(other.page.locator("#aura-message")).to_contain_text("ya están en el panel")
    prompt = other.page.locator("#aura-prompt textarea")
    expect(prompt).to_have_value("a green square on a white background")
    expect(other.page.locator("#aura-seed input")).to_have_value("4321")
    expect(other.page.locator('#aura-ratio input[value="3:2"]')).to_be_checked()
    other.draw()
    other.is_("done")
    assert _pixels(other.on_stage()) == _pixels(picture)


def test_a_file_without_settings_is_refused_in_words(visit: Visit, tmp_path: Path) -> None:
    from PIL import Image

    plain = tmp_path / "plain.png"
    Image.new("RGB", (32, 32), "red").save(plain)
    desk = visit()
    _drop(desk, plain)
    card = desk.page.locator("#aura-message .aura-card-bad")
    expect(card).to_contain_text("carries no settings")
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture at all")
    _drop(desk, broken)
    expect(card).to_contain_text("broken.png")


def test_settings_of_a_picture_can_be_used_again(visit: Visit) -> None:
    desk = visit()
    desk.draw("a yellow circle", steps=6, seed=99)
    desk.is_("done")
    desk.write("something else")
    desk.page.locator('#aura-tools [data-act="reuse"]').click()
    expect(desk.page.locator("#aura-prompt textarea")).to_have_value("a yellow circle")
    expect(desk.page.locator("#aura-seed input")).to_have_value("99")
    desk.page.locator("#aura-dice").click()
    expect(desk.page.locator("#aura-seed input")).to_have_value("")
    desk.page.locator("#aura-again").click()
    expect(desk.page.locator("#aura-seed input")).to_have_value("99")


def test_the_library_finds_pictures_by_their_words_and_keeps_stars(visit: Visit) -> None:
    desk = visit()
    for prompt in ("a purple triangle", "an orange triangle"):
        desk.draw(prompt, steps=3)
        desk.is_("done")
    star = desk.page.locator('#aura-tools [data-act="star"]')
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    desk.page.get_by_role("tab", name="Library").click()
    tiles = desk.page.locator("#aura-grid .aura-tile")
    search = desk.page.get_by_label("Search the prompts")
    search.fill("triangle PURPLE")
    expect(tiles).to_have_count(1)
    expect(tiles).to_contain_text("a purple triangle")
    search.fill("triangle")
    expect(tiles).to_have_count(2)
    desk.page.locator("#aura-only-starred input").check()
    expect(tiles).to_have_count(1)
    expect(tiles).to_contain_text("an orange triangle")
    tiles.locator('[data-act="show"]').click()
    expect(desk.page.locator("#aura-stage .is-picture img")).to_be_visible()
    assert "orange-triangle" in desk.on_stage().stem


def _drop(desk: Desk, picture: Path) -> None:
    desk.page.evaluate(DROP, [picture.name, list(picture.read_bytes())])


def _pixels(path: Path) -> bytes:
    from PIL import Image

    with Image.open(path) as picture:
        return picture.convert("RGB").tobytes()
