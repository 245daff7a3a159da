"""What the page's own controls do: open, draw, stop, and look at what changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from aura.catalog.models import Model
from aura.catalog.vocabulary import unknown_words
from aura.composer import compose
from aura.requests import GenerateRequest
from aura.ui.advice import better
from aura.ui.pages import Page
from aura.ui.status import told
from aura.ui.tabs.generate import examples, panel, presets, reuse
from aura.ui.tabs.generate.desk import Desk
from aura.ui.tabs.generate.live import PARTS, focus
from aura.ui.tabs.generate.panel import FIELDS
from aura.ui.tabs.generate.sections.size import CUSTOM, size_words
from aura.ui.wire import QUICK


class Actions:
    """None of its handlers draws: they submit, stop, and look."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.studio = desk, desk.studio

    def wire(self) -> Any:
        """The event of a page that was opened, for those who go on from there."""
        desk, form = self.desk, self.desk.form
        context = desk.context
        opened = context.page.load(
            self.open,
            [desk.owner, context.last, context.model],
            [desk.owner, *desk.settings, form.examples, form.size, form.sides, *desk.outputs],
            **QUICK,
        )
        drawn = form.draw.click(
            self.draw, [desk.owner, *desk.settings], [context.last, *desk.outputs], **QUICK
        )
        for event in (opened, drawn):
            desk.follow(event)
        form.stop.click(self.stop, desk.owner, desk.outputs, **QUICK)
        context.clock.tick(self.tick, desk.owner, desk.outputs, **QUICK)
        context.sends["stage"] = lambda event: event.then(
            self.look, desk.owner, desk.outputs, **QUICK
        )
        return opened

    def open(
        self, owner: str, last: Mapping[str, Any] | None, model_id: str, request: gr.Request
    ) -> list[Any]:
        """A page was loaded: who it is, what it asked for last, what its jobs do."""
        page = self.desk.context.pages.opened(request, owner)
        model = self.desk.model((last or {}).get("model") or model_id)
        known = reuse.valid(last or {}, self.studio.settings.data_dir)
        known = presets.known(self.studio, model, known)
        chosen = dict(zip(FIELDS, panel.filled(self.studio, model, known), strict=True))
        if not isinstance(chosen["seed"], int):
            chosen["seed"] = None  # Gradio shows a number that was never set as 0
        ratio = chosen["ratio"] if isinstance(chosen["ratio"], str) else "1:1"
        sides = [chosen[n] if isinstance(chosen[n], int) else None for n in ("width", "height")]
        return [
            page.owner,
            model.id,
            *chosen.values(),
            examples.chips(page.lang, model),
            size_words(page.lang, model, ratio, *sides),
            gr.update(visible=ratio == CUSTOM),
            *self.desk.updates(page),
        ]

    def draw(self, request: gr.Request, owner: str, model_id: str, *values: Any) -> list[Any]:
        page = self.desk.page(request, owner)
        page.message, page.looking_at = "", None
        model = self.desk.model(model_id)
        asked = {"model": model_id, **panel.keywords(self.studio, model, values)}
        wanted = self.desk.told(page, lambda: self._submitted(page, asked))
        if wanted is None:
            return [gr.skip(), *self.desk.updates(page)]
        page.message = self._hint(page, model, wanted.prompts[0])
        return [reuse.kept(asked), *self.desk.updates(page)]

    def _submitted(self, page: Page, asked: Mapping[str, Any]) -> GenerateRequest:
        wanted = compose(
            self.studio.catalog,
            self.studio.styles,
            **asked,
            wildcards=self.studio.settings.data_dir / "wildcards",
        )
        page.job = self.studio.jobs.submit(page.owner, wanted)
        return wanted

    def _hint(self, page: Page, model: Model, prompt: str) -> str:
        """Kind words when the model was never taught what it is asked for."""
        page.later = None
        words = unknown_words(model, self.studio.settings.app_dir, prompt)
        if not words:
            return ""

        def card() -> str:
            hint = better(page.lang, self.studio, model)
            return examples.only_shapes(page.lang, model, words, hint)

        if told(self.studio) is None:  # what would fit is known once the engine has spoken
            page.later = card
        return card()

    def stop(self, owner: str, request: gr.Request) -> list[Any]:
        page = self.desk.page(request, owner)
        view = focus(self.studio.jobs.views(page.owner), page.job)
        if view is not None and not view.ended:
            self.studio.jobs.stop(view.id)
            page.job = view.id
        return self.desk.updates(page)

    def tick(self, owner: str, request: gr.Request) -> list[Any]:
        """Once a second: what no follower brings, such as jobs of a page opened twice."""
        page = self.desk.page(request, owner)
        if page.following.locked():
            return [gr.skip()] * len(PARTS)
        return page.settled(self.desk.live.render(page))

    def look(self, owner: str, request: gr.Request) -> list[Any]:
        """Another tab chose a picture for the stage."""
        return self.desk.updates(self.desk.page(request, owner))
