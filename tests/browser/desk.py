"""A person at the page: what they do and what they see, by the names of the page's parts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

from playwright.sync_api import Locator, Page, expect

PATIENCE_MS = 180_000  # for what a model draws, on a machine that does much else

# Without the mouse: whatever a test has left open may lie over the buttons.
LEAVE = """() => {
  for (const act of ['stop', 'resume'])
    for (const button of document.querySelectorAll(`#aura-queue [data-act="${act}"]`))
      button.click();
}"""


class Desk:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.job = ""  # the newest that was asked for here

    # --- doing

    def write(self, prompt: str) -> None:
        self.page.locator("#aura-prompt textarea").fill(prompt)

    def draw(self, prompt: str | None = None, **settings: int | str) -> None:
        """Ask for a picture. ``steps``, ``count``, ``seed`` and ``ratio`` if they matter."""
        self.fill(prompt, **settings)
        with self._asks():
            self.page.locator("#aura-draw").click()

    def draw_unending(self, prompt: str) -> None:
        """Ask for so much that it lasts until somebody stops it."""
        self.draw(prompt, steps=150, count=64)

    def draw_in_vain(self, prompt: str | None = None, **settings: int | str) -> None:
        """Ask for what will be refused."""
        self.fill(prompt, **settings)
        self.page.locator("#aura-draw").click()

    def press_draw(self) -> None:
        """Ask by the keyboard, from where the prompt is written."""
        with self._asks():
            self.page.locator("#aura-prompt textarea").press("Control+Enter")

    def retry(self, row: Locator) -> None:
        """Ask once more for a job of the queue's list."""
        with self._asks():
            row.locator('[data-act="retry"]').click()

    def fill(self, prompt: str | None, **settings: int | str) -> None:
        if prompt is not None:
            self.write(prompt)
        for name, value in settings.items():
            self.set(name, value)

    @contextmanager
    def _asks(self) -> Iterator[None]:
        """Wait for the server's answer: the newest job asked for is another than before."""
        line = self.page.locator("#aura-progress [data-asked]")
        before = line.get_attribute("data-asked")
        yield
        answer = self.page.locator(f'#aura-progress [data-asked]:not([data-asked="{before}"])')
        self.job = answer.get_attribute("data-asked", timeout=PATIENCE_MS) or ""

    def set(self, name: str, value: int | str) -> None:
        if name == "ratio":
            self.page.locator(f'#aura-ratio label:has(input[value="{value}"])').click()
            return
        if name == "steps":
            self.open_advanced()
        field = self.page.locator(f"#aura-{name} input[type=number]").first
        field.fill(str(value))
        field.press("Tab")

    def open_advanced(self) -> None:
        if not self.page.locator("#aura-steps").is_visible():
            self.page.locator("#aura-advanced > button").click()
            expect(self.page.locator("#aura-steps")).to_be_visible()

    def stop(self) -> None:
        self.page.locator("#aura-stop").click()

    def open_side(self) -> None:
        if not self.page.locator("#aura-side").is_visible():
            self.page.locator('[data-act="details"]').click()
        expect(self.page.locator("#aura-side")).to_be_visible()

    def leave(self) -> None:
        """Stop what this page still has on its way, and let a paused queue go on."""
        if self.page.is_closed():
            return
        self.page.evaluate(LEAVE)
        waiting = self.page.locator(
            '#aura-queue [data-act="stop"], #aura-queue [data-act="resume"]'
        )
        expect(waiting).to_have_count(0, timeout=PATIENCE_MS)

    def reload(self) -> None:
        self.page.reload()
        self.ready()

    # --- seeing

    def ready(self) -> None:
        """The page is built, and the server has filled it."""
        expect(self.page.locator("#aura-draw")).to_be_visible(timeout=PATIENCE_MS)
        expect(self.page.locator("#aura-progress .aura-progress")).to_be_visible()
        expect(self.page.locator("#aura-examples .aura-chip").first).to_be_visible()

    def is_drawing(self) -> None:
        expect(self.page.locator("#aura-stage .is-preview img")).to_be_visible(timeout=PATIENCE_MS)

    def is_(self, state: str) -> None:
        """The progress line shows this state of the newest job: running, done, cancelled."""
        line = self.page.locator(f'#aura-progress .is-{state}[data-job="{self.job}"]')
        expect(line).to_be_visible(timeout=PATIENCE_MS)

    def thumbs(self) -> Locator:
        """The filmstrip's pictures, the newest first."""
        return self.page.locator("#aura-strip .aura-thumb")

    def queue(self, state: str) -> Locator:
        """The jobs of the side's list in this state."""
        return self.page.locator(f"#aura-queue li.is-{state}")

    def on_stage(self) -> Path:
        """The file of the picture the stage shows."""
        image = self.page.locator("#aura-stage .is-picture img")
        expect(image).to_be_visible(timeout=PATIENCE_MS)
        return Path(unquote((image.get_attribute("src") or "").partition("file=")[2]))

    def says(self, part: str) -> str:
        return self.page.locator(f"#aura-{part}").inner_text()
