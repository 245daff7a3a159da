"""A real Chromium in front of the real app. Any page error, and any request that leaves
this machine, fails the test in which it happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    StorageState,
    expect,
    sync_playwright,
)

from aura.settings import APP_DIR
from tests.browser.desk import Desk
from tests.browser.served import Served
from tools import browsers

LOCALES = {"en": "en-US", "es": "es-ES"}
LOOPBACK = {"127.0.0.1", "localhost"}
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # a container's may be too small for a page
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    found = browsers.find()
    assert found, f"no browser; set {browsers.CHOSEN} to one"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One studio that most tests share; each opens pages of its own on it."""
    served = Served(tmp_path_factory.mktemp("data"), APP_DIR).start()
    yield served
    served.stop()


# What Gradio's client says of its open streams when a page is left or its server ends.
LEAVING = (
    "signal is aborted without reason",
    "BodyStreamBuffer was aborted",
    "errored out",
    "ERR_CONNECTION_REFUSED",
)


class Watch:
    """What a page must not do."""

    def __init__(self, context: BrowserContext) -> None:
        self.faults: list[str] = []
        context.on("weberror", lambda error: self._fault(str(error.error)))
        context.on("console", self._console)
        context.on("request", lambda request: self._request(request.url))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._fault(message.text)

    def _fault(self, words: str) -> None:
        if not any(part in words for part in LEAVING):
            self.faults.append(words)

    def _request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in LOOPBACK:
            self.faults.append(f"asked for {url}")


Visit = Callable[..., Desk]

expect.set_options(timeout=20_000)  # a loaded machine


@pytest.fixture
def visit(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Opens pages: each a browser of its own, as another person would have.

    What they leave on its way is stopped, so that no test waits for the job of another.
    """
    watches: list[Watch] = []
    desks: list[Desk] = []

    def open_page(
        served: Served | None = None,
        lang: str = "en",
        theme: Literal["light", "dark"] = "dark",
        size: tuple[int, int] = (1366, 768),
        kept: StorageState | None = None,
    ) -> Desk:
        served = served or request.getfixturevalue("app")
        context = chromium.new_context(
            locale=LOCALES[lang],
            color_scheme=theme,
            viewport={"width": size[0], "height": size[1]},
            reduced_motion="reduce",
            storage_state=kept,
        )
        context.set_default_timeout(60_000)
        watches.append(Watch(context))
        page: Page = context.new_page()
        page.goto(served.url)
        desk = Desk(page)
        desks.append(desk)
        desk.ready()
        return desk

    yield open_page
    for desk in desks:
        desk.leave()
        desk.page.context.close()
    assert [fault for watch in watches for fault in watch.faults] == []
