"""What is done with pictures that are there: look at one, star it, take its settings."""

from __future__ import annotations

from typing import Any

import gradio as gr

from aura.requests import Start
from aura.ui.markup import act_data
from aura.ui.tabs.generate import message, reuse
from aura.ui.tabs.generate.desk import Desk
from aura.ui.wire import QUICK


class Viewing:
    def __init__(self, desk: Desk) -> None:
        self.desk, self.shelf = desk, desk.context.shelf

    def wire(self) -> None:
        desk, form = self.desk, self.desk.form
        outputs = [*desk.settings, *desk.outputs]
        desk.shown["strip"].act(self.show, desk.owner, desk.outputs, **QUICK)
        used = desk.shown["tools"].act(self.use, desk.owner, outputs, **QUICK)
        desk.context.sends["start"](used)
        form.read.upload(self.read, [desk.owner, form.read], outputs, **QUICK)
        form.again.click(self.last_seed, desk.owner, form.fields["seed"], **QUICK)

    def show(self, owner: str, request: gr.Request, event: gr.EventData) -> list[Any]:
        """A thumbnail was clicked. Only pictures of the history can be looked at."""
        page = self.desk.page(request, owner)
        path = act_data(event).get("picture", "")
        page.looking_at = path if self.shelf.get(path) else None
        return self.desk.updates(page)

    def use(self, owner: str, request: gr.Request, event: gr.EventData) -> list[Any]:
        """The buttons beneath the stage: star, reuse of settings, start from this."""
        page, data = self.desk.page(request, owner), act_data(event)
        entry = self.shelf.get(data.get("picture", ""))
        settings = [gr.skip()] * len(self.desk.settings)
        if entry and data["act"] == "star":
            self.desk.studio.history.star(entry.picture.path, not entry.starred)
        elif entry and data["act"] == "start":
            page.start_from = entry.picture.path
        elif entry and data["act"] == "reuse":
            wanted = reuse.of_entry(entry)
            settings = self.desk.settled(wanted)
            page.message = self._reused(page.lang, "generate.reused", wanted.get("start"))
        return [*settings, *self.desk.updates(page)]

    def read(self, owner: str, file: str | None, request: gr.Request) -> list[Any]:
        """Settings back from a picture somebody dropped or chose."""
        page = self.desk.page(request, owner)
        settings = [gr.skip()] * len(self.desk.settings)
        wanted = self.desk.told(page, lambda: reuse.of_file(file)) if file else None
        if wanted:
            settings = self.desk.settled(wanted)
            page.message = self._reused(page.lang, "generate.read.done", wanted.get("start"))
        return [*settings, *self.desk.updates(page)]

    def _reused(self, lang: str, key: str, start: Start | None) -> str:
        """That it was done; and that the picture it started from is gone, where it is."""
        lost = start and not reuse.startable(start, self.desk.studio.settings.data_dir)
        return message.told(lang, "generate.reused.no_start" if lost else key)

    def last_seed(self, owner: str, request: gr.Request) -> Any:
        """The seed of the picture on the stage."""
        entry = self.desk.live.entry(self.desk.page(request, owner))
        return entry.picture.seed if entry else gr.skip()
