"""What every handler of the tab works with: the studio, the panel, the parts that show jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from aura.catalog.models import Model
from aura.errors import AuraError
from aura.ui.context import Context
from aura.ui.pages import Page
from aura.ui.tabs.generate import message, panel, reuse
from aura.ui.tabs.generate.live import PARTS, Live
from aura.ui.wire import FOLLOWER

if TYPE_CHECKING:
    from aura.studio import Studio


@dataclass(frozen=True)
class Desk:
    """``shown`` maps each of ``live.PARTS`` to its component."""

    context: Context
    form: panel.Panel
    shown: Mapping[str, Any]
    live: Live

    @property
    def studio(self) -> Studio:
        return self.context.studio

    @property
    def owner(self) -> gr.BrowserState:
        return self.context.owner

    @property
    def outputs(self) -> list[Any]:
        """What ``updates`` are for."""
        return [self.shown[name] for name in PARTS]

    @property
    def settings(self) -> list[Any]:
        """What ``settled`` gives updates for: the model and the whole panel."""
        return [self.context.model, *self.form.inputs]

    def page(self, request: gr.Request, owner: str | None = None) -> Page:
        return self.context.pages.of(request, owner)

    @property
    def names(self) -> dict[str, str]:
        """Of the models, by id."""
        return {model.id: model.name for model in self.studio.catalog.models}

    def updates(self, page: Page) -> list[Any]:
        return self.live.updates(page)

    def model(self, model_id: str | None) -> Model:
        known = {model.id: model for model in self.studio.catalog.models}
        return known.get(model_id or "") or self.studio.catalog.default()

    def settled(self, settings: Mapping[str, Any]) -> list[Any]:
        """Updates for ``settings``. An unknown model stays unchosen."""
        known = {model.id for model in self.studio.catalog.available()}
        wanted = settings.get("model")
        model = self.model(wanted if wanted in known else None)
        valid = reuse.valid(settings, self.studio.settings.data_dir)
        return [
            model.id if wanted in known else gr.skip(),
            *panel.filled(self.studio, model, valid),
        ]

    def follow(self, event: Any) -> None:
        """Once the event is done the page follows its jobs."""
        event.then(self.live.follow(), self.owner, self.outputs, **FOLLOWER)

    def told(self, page: Page, work: Callable[[], Any]) -> Any:
        """What the work gives; None, and the error on its card, if it fails."""
        try:
            return work()
        except AuraError as error:
            page.message = message.failed(page.lang, error.as_dict())
            return None
