"""Takes the README's pictures of the page: ``python -m tests.browser.pictures``.

They are of this build, with the built-in model, on whatever machine this runs.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from aura.settings import APP_DIR
from tests.browser.conftest import ARGUMENTS, LOCALES
from tests.browser.desk import Desk
from tests.browser.served import Served
from tools import browsers

FOLDER = APP_DIR / "docs" / "pictures"
SIZE = ViewportSize(width=1366, height=768)
BYTES_MAX = 400_000

GALLERY = (
    ("a large purple star on a yellow background", "1:1", 3),
    ("un cuadrado verde sobre un fondo blanco", "3:2", 4),
    ("a small orange circle on the left on a black background", "16:9", 5),
    ("un triángulo azul sobre un fondo amarillo", "1:1", 6),
    ("a white star at the top on a purple background", "1:1", 8),
    ("a yellow circle on a green background", "4:3", 9),
    ("a red circle on a blue background", "1:1", 7),
)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsers.find(), args=ARGUMENTS)
        served = Served(Path(data), APP_DIR).start()
        try:
            take(browser, served)
        finally:
            served.stop()
            browser.close()


def take(browser: Browser, served: Served) -> None:
    desk = opened(browser, served, "en", "dark")
    for prompt, ratio, seed in GALLERY:
        desk.draw(prompt, ratio=ratio, seed=seed)
        desk.page.wait_for_timeout(300)
        desk.is_("done")
    desk.open_side()
    save(desk, "studio-en.png")
    desk.set("ratio", "1:1")
    desk.draw("a small yellow star on a blue background", steps=120, seed=11)
    desk.is_drawing()
    desk.page.wait_for_function(
        "() => +document.querySelector('.aura-bar').getAttribute('aria-valuenow') > 55"
    )
    save(desk, "drawing.png")
    desk.is_("done")
    desk.page.locator("#aura-statusbar").click()
    desk.page.wait_for_timeout(1500)
    save(desk, "memory.png")
    desk.page.keyboard.press("Escape")
    desk.page.get_by_role("tab", name="What fits?").click()
    choose_card(desk, "RTX 3050 4 GB")
    save(desk, "fits.png")
    desk = opened(browser, served, "es", "dark")
    desk.write("un círculo rojo sobre un fondo azul")
    desk.open_side()
    desk.page.locator("#aura-strip .aura-thumb").nth(4).click()
    desk.page.wait_for_timeout(800)
    save(desk, "studio-es.png")
    desk = opened(browser, served, "en", "light")
    desk.draw("a lighthouse", steps=20, seed=7)
    desk.is_("done")
    desk.page.locator("#aura-strip .aura-thumb").nth(2).click()
    desk.page.wait_for_timeout(800)
    save(desk, "light.png")


def choose_card(desk: Desk, name: str) -> None:
    field = desk.page.locator("#aura-fits-card input")
    field.click()
    desk.page.get_by_role("option", name=name, exact=True).click()
    desk.page.wait_for_timeout(1500)


def opened(browser: Browser, served: Served, lang: str, theme: Literal["light", "dark"]) -> Desk:
    context = browser.new_context(locale=LOCALES[lang], color_scheme=theme, viewport=SIZE)
    page = context.new_page()
    page.goto(served.url)
    desk = Desk(page)
    desk.ready()
    page.wait_for_timeout(1500)  # the status bar's first reading
    return desk


def save(desk: Desk, name: str) -> None:
    """A screenshot; with fewer colours where it would be too large for a repository."""
    path = FOLDER / name
    desk.page.mouse.move(5, 400)
    desk.page.screenshot(path=path)
    if path.stat().st_size > BYTES_MAX:
        with Image.open(path) as picture:
            few = picture.convert("RGB").quantize(256, dither=Image.Dither.FLOYDSTEINBERG)
        few.save(path, optimize=True)


if __name__ == "__main__":
    main()
