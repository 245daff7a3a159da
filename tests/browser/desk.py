"""A person at the page: what they do and what they see, by the names of the page's parts."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import unquote

from playwright.sync_api import Locator, Page, expect

PATIENCE_MS = 180_000  # for what a model draws, on a machine that does much else


class Desk:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.before = ""  # the job the progress line was about when the last one was asked for

    # --- doing

    def write(self, prompt: str) -> None:
        self.page.locator("#aura-prompt textarea").fill(prompt)

    def draw(self, prompt: str | None = None, **settings: int | str) -> None:
        """Ask for a picture. ``steps``, ``count``, ``seed`` and ``ratio`` if they matter."""
        if prompt is not None:
            self.write(prompt)
        for name, value in settings.items():
            self.set(name, value)
        self.before = self.job()
        self.page.locator("#aura-draw").click()

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
        """The progress line shows this state of the newest job: running, done, failed.

        What it still says of the job before is not taken for it.
        """
        expect(self._progress(state)).to_be_visible(timeout=PATIENCE_MS)

    def job(self) -> str:
        """The job the progress line tells of, if that has ended; empty otherwise."""
        ended = self.page.locator("#aura-progress .is-done, #aura-progress .is-cancelled")
        return ended.get_attribute("data-job") or "" if ended.count() else ""

    def _progress(self, state: str) -> Locator:
        newer = f':not([data-job="{self.before}"])' if self.before else ""
        return self.page.locator(f"#aura-progress .is-{state}{newer}")

    def thumbs(self) -> int:
        return self.page.locator("#aura-strip .aura-thumb").count()

    def has_thumbs(self, count: int) -> None:
        shown = self.page.locator("#aura-strip .aura-thumb")
        expect(shown).to_have_count(count, timeout=PATIENCE_MS)

    def on_stage(self) -> Path:
        """The file of the picture the stage shows."""
        image = self.page.locator("#aura-stage .is-picture img")
        expect(image).to_be_visible(timeout=PATIENCE_MS)
        return Path(unquote((image.get_attribute("src") or "").partition("file=")[2]))

    def says(self, part: str) -> str:
        return self.page.locator(f"#aura-{part}").inner_text()

    def watch(self, part: str, until_state: str) -> list[str]:
        """Everything one part said until the job reached a state."""
        said: list[str] = []
        end = time.monotonic() + PATIENCE_MS / 1000
        while time.monotonic() < end:
            now = " ".join(self.says(part).split())
            if not said or said[-1] != now:
                said.append(now)
            if self._progress(until_state).count():
                return said
            self.page.wait_for_timeout(25)
        raise TimeoutError(f"never {until_state}: {said[-3:]}")
