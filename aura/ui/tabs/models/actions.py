"""What can be pressed on the page of the models, and what the page then shows."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import gradio as gr

from aura.catalog import hub, remove
from aura.catalog.licences import restricted
from aura.catalog.models import Model
from aura.catalog.remote import Hub
from aura.errors import AuraError
from aura.inventory import recommended
from aura.ui.context import Context
from aura.ui.markup import act_data
from aura.ui.pages import Page
from aura.ui.tabs.models import board, dialogs
from aura.ui.tabs.models.own import Folders
from aura.ui.tabs.models.stock import Stock

Ask = Callable[[str], str]  # a dialog, in the language of who reads it


@dataclass
class Looking:
    """What one page shows beyond the models: a dialog, why the last press did nothing."""

    ask: Ask | None = None
    error: dict[str, Any] | None = None
    folder: dict[str, Any] | None = None  # as ``error``, of the folders


class Models:
    """The handlers. Downloads belong to the studio: a page only looks at them."""

    def __init__(self, context: Context) -> None:
        self.studio, self.pages = context.studio, context.pages
        self.stock = Stock(context.studio)
        self.folders = Folders(context.studio)
        self.hub = Hub(offline=context.studio.settings.offline)
        self._looking: WeakKeyDictionary[Page, Looking] = WeakKeyDictionary()

    # --- events; each answers with what changed of the page

    def opened(self, owner: str, request: gr.Request) -> list[Any]:
        page = self.pages.of(request, owner)
        self._looking.setdefault(page, Looking())
        self.stock.renew()
        self.folders.renew()
        return page.changed(self._render(page))

    def tick(self, owner: str, request: gr.Request) -> list[Any]:
        page = self.pages.of(request, owner)
        return page.settled(self._render(page))

    def act(self, owner: str, request: gr.Request, event: gr.EventData) -> list[Any]:
        page, data = self.pages.of(request, owner), act_data(event)
        looking = self._looking.setdefault(page, Looking())
        act = data.get("act", "")
        looking.error = looking.folder = None
        try:
            self._done(looking, act, data)
        except AuraError as error:
            where = "folder" if act.startswith("folder_") else "error"
            setattr(looking, where, error.as_dict())
        return page.changed(self._render(page))

    def _done(self, looking: Looking, act: str, data: dict[str, str]) -> None:
        """Raises AuraError."""
        if act == "set":
            for one in self._missing():
                self.studio.downloads.get(one.id)
        elif act in ("folder_add", "folder_remove"):
            self.folders.act(act, data)
            self.stock.renew()
        elif act in ("close", "dismiss"):
            looking.ask = None
        elif act in ACTS:
            looking.ask = None
            ACTS[act](self, looking, self.studio.catalog.get(data.get("model", "")), data)

    def _missing(self) -> list[Model]:
        return [one.model for one in recommended(self.stock.entries()) if one.folder is None]

    # --- acts on one model

    def get(self, looking: Looking, model: Model, _: dict[str, str]) -> None:
        """Ask first for what must be agreed to."""
        downloads = self.studio.downloads
        if restricted(model) and not downloads.licences.accepted(model):
            looking.ask = lambda lang: dialogs.licence(lang, model)
        else:
            self.stock.checks.forget(model.id)
            downloads.get(model.id)

    def accept(self, looking: Looking, model: Model, data: dict[str, str]) -> None:
        """A model behind a login needs the access token besides."""
        from huggingface_hub import get_token

        self.studio.downloads.licences.accept(model)
        if model.gated and not get_token():
            self.token(looking, model, data)
        else:
            self.get(looking, model, data)

    def token(self, looking: Looking, model: Model, _: dict[str, str]) -> None:
        looking.ask = lambda lang: dialogs.token(lang, model)

    def keep_token(self, looking: Looking, model: Model, data: dict[str, str]) -> None:
        """Only one that the hub has proven is kept."""
        try:
            self.hub.keep_token(model, data.get("value", ""))
        except AuraError as error:
            told = error.as_dict()
            looking.ask = lambda lang: dialogs.token(lang, model, told)
        else:
            self.get(looking, model, data)

    def pause(self, _: Looking, model: Model, __: dict[str, str]) -> None:
        self.studio.downloads.pause(model.id)

    def cancel(self, _: Looking, model: Model, __: dict[str, str]) -> None:
        self.studio.downloads.cancel(model.id)

    def verify(self, _: Looking, model: Model, __: dict[str, str]) -> None:
        self.stock.checks.start(model.id)

    def stop(self, _: Looking, model: Model, __: dict[str, str]) -> None:
        self.stock.checks.stop(model.id)

    def removal(self, looking: Looking, model: Model, _: dict[str, str]) -> None:
        planned = remove.removal(self.studio.catalog, model)
        looking.ask = lambda lang: dialogs.removal(lang, model, planned)

    def remove(self, _: Looking, model: Model, __: dict[str, str]) -> None:
        remove.remove(self.studio.catalog, model)
        self.studio.downloads.forget(model.id)
        self.stock.checks.forget(model.id)
        self.stock.renew()

    # --- what the page shows

    def _render(self, page: Page) -> dict[str, Any]:
        """The model chooser on every page, the rest on those that have opened the tab."""
        choices = [(model.name, model.id) for model in self.stock.drawing()]
        parts: dict[str, Any] = dict.fromkeys(PARTS, "")
        looking = self._looking.get(page)
        if looking is not None:
            parts |= self._shown(page.lang, looking)
        return {**parts, "models_offered": gr.update(choices=choices)}

    def _shown(self, lang: str, looking: Looking) -> dict[str, str]:
        entries = self.stock.entries()
        views = {view.model: view for view in self.studio.downloads.views()}
        offline = self.studio.downloads.offline
        head = board.head(
            lang,
            recommended(entries),
            views,
            free=_free(hub.cache()),
            offline=offline,
            error=looking.error,
        )
        rows = board.rows_html(lang, entries, views, self.stock.checks.of, offline=offline)
        ask = looking.ask(lang) if looking.ask else ""
        shelves = self.folders.html(lang, looking.folder)
        return dict(zip(PARTS, (head, rows, shelves, ask), strict=True))


PARTS = ("models_head", "models_list", "models_folders", "models_ask")
ACTS: dict[str, Callable[[Models, Looking, Model, dict[str, str]], None]] = {
    "download": Models.get,
    "resume": Models.get,
    "retry": Models.get,
    "accept": Models.accept,
    "token": Models.token,
    "token_keep": Models.keep_token,
    "pause": Models.pause,
    "cancel": Models.cancel,
    "verify": Models.verify,
    "stop": Models.stop,
    "remove": Models.removal,
    "remove_yes": Models.remove,
}


def _free(folder: Path) -> int:
    """Bytes on the disk that ``folder`` lies on, or would."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    return shutil.disk_usage(there).free
