"""The status bar, and the memory picture that it opens: how a page asks for them."""

from __future__ import annotations

from typing import Any

import gradio as gr

from aura.errors import AuraError
from aura.i18n import error_text
from aura.preferences import remember
from aura.ui import status
from aura.ui.context import Context
from aura.ui.markup import act_data, island
from aura.ui.memory import sheet
from aura.ui.memory.freeing import Freeing
from aura.ui.pages import Page
from aura.ui.wire import QUICK

LONGEST_S = 7 * 24 * 3600.0


def build(context: Context) -> None:
    """Both parts below the tabs; the clock keeps them up to date."""
    bar, picture = island("aura-statusbar"), island("aura-memory")
    memory = Memory(context)
    for event in (context.clock.tick, context.page.load):
        event(memory.tick, context.owner, [bar, picture], **QUICK)
    bar.act(memory.toggle, context.owner, [bar, picture], **QUICK)
    picture.act(memory.act, context.owner, [bar, picture], **QUICK)


class Memory:
    """The handlers. None of them touches the device: they ask the engine, and look."""

    def __init__(self, context: Context) -> None:
        self.studio, self.pages = context.studio, context.pages

    def tick(self, owner: str, request: gr.Request) -> list[Any]:
        page = self.pages.of(request, owner)
        return page.settled(self._render(page))

    def toggle(self, owner: str, request: gr.Request) -> list[Any]:
        page = self.pages.of(request, owner)
        page.memory = not page.memory
        page.said = None
        return page.changed(self._render(page))

    def act(self, owner: str, request: gr.Request, event: gr.EventData) -> list[Any]:
        """The sheet's buttons: close, release one model, free all, choose the idle time."""
        page, data = self.pages.of(request, owner), act_data(event)
        act = data.get("act")
        if act == "close":
            page.memory = False
        elif act in ("release", "free"):
            self._free(page, data.get("model"))
        elif act == "keep":
            self._keep(page, data.get("seconds", ""))
        return page.changed(self._render(page))

    def _free(self, page: Page, model: str | None) -> None:
        now = status.told(self.studio)
        if now is not None:
            page.said = Freeing(now, model, busy=self.studio.jobs.current() is not None).told
            self.studio.engine.release(model)

    def _keep(self, page: Page, wanted: str) -> None:
        seconds = float(wanted) if wanted.isdecimal() else 0.0
        self.studio.engine.keep_for(min(seconds, LONGEST_S))
        try:
            remember(self.studio.settings.data_dir, idle_release=seconds)
            page.said = None
        except AuraError as error:
            told = error.as_dict()
            page.said = lambda lang, now: error_text(lang, told)

    def _render(self, page: Page) -> dict[str, str]:
        now, names = status.told(self.studio), status.names(self.studio)
        bar = status.bar(page.lang, now, self.studio.jobs.current(), names, opened=page.memory)
        return {"status": bar, "memory": self._sheet(page) if page.memory else ""}

    def _sheet(self, page: Page) -> str:
        now = status.told(self.studio)
        return sheet.sheet(
            page.lang,
            self.studio.timeline.recent(),
            now,
            names=status.names(self.studio),
            keep_s=self.studio.engine.settings.idle_release,
            said=page.said(page.lang, now) if page.said else "",
        )
