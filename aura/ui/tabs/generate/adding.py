"""What is done with LoRAs: add one, weigh it, say its words, take it away."""

from __future__ import annotations

from typing import Any

import gradio as gr

from aura.catalog.models import Defaults, Model
from aura.presets import OWN
from aura.requests import Lora
from aura.ui.markup import act_data
from aura.ui.pages import Page
from aura.ui.tabs.generate.desk import Desk
from aura.ui.tabs.generate.sections import loras, loras_view
from aura.ui.tabs.generate.sections.pieces import chosen, installed
from aura.ui.wire import LATEST, QUICK

LEAST, MOST = -4.0, 4.0  # of a weight


class Adding:
    def __init__(self, desk: Desk) -> None:
        self.desk, self.catalog = desk, desk.studio.catalog

    def wire(self, opened: Any) -> Any:
        """The event of a LoRA that was added, for those who go on from there."""
        desk, form, parts = self.desk, self.desk.form, self.desk.form.loras
        model, kept = desk.context.model, form.fields["loras"]
        told = [parts.shown, parts.accordion]
        offers = [parts.add, *form.of("vae", "clip_skip")]
        added = parts.add.input(
            self.add,
            [kept, parts.add],
            [kept, parts.add, *form.of("steps", "guidance", "scheduler", "preset")],
            **QUICK,
        )
        parts.shown.act(
            self.act,
            [kept, form.fields["prompt"]],
            [kept, form.fields["prompt"], desk.context.tabs],
            **QUICK,
        )
        for event in (kept.change, opened.then):
            event(self.render, [model, kept], told, **LATEST)
        for changed in (model.change, parts.accordion.expand):
            changed(self.offer, [model, kept, form.fields["vae"]], [*told, *offers], **QUICK)
        return added

    def add(self, kept: Any, id: str | None) -> list[Any]:
        """One more; with one that was made for few steps come its steps, which are no preset's."""
        here = loras.listed(kept)
        added = loras.find(self.catalog, id or "")
        known = {lora.id for lora in here}
        if added is None or added.id in known or len(here) >= loras.MOST:
            return [gr.skip(), None, *[gr.skip()] * 4]
        wish = added.defaults
        own = wish != Defaults()
        steps = [wish.steps, wish.guidance, wish.scheduler, OWN] if own else [gr.skip()] * 4
        return [_plain((*here, Lora(id=added.id, weight=1.0))), None, *steps]

    def act(self, kept: Any, prompt: str, event: gr.EventData) -> list[Any]:
        data, here = act_data(event), loras.listed(kept)
        act, id = data["act"], data.get("lora", "")
        if act == "models":
            return [gr.skip(), gr.skip(), gr.Tabs(selected="models")]
        if act == "word":
            return [gr.skip(), with_word(prompt, data["word"]), gr.skip()]
        if act == "remove":
            here = tuple(lora for lora in here if lora.id != id)
        elif act == "weight":
            here = tuple(_weighed(lora, data["value"]) if lora.id == id else lora for lora in here)
        return [_plain(here), gr.skip(), gr.skip()]

    def render(self, model_id: str, kept: Any, request: gr.Request) -> list[Any]:
        page, model = self.desk.page(request), self.desk.model(model_id)
        return self._told(page, model, kept)

    def offer(self, model_id: str, kept: Any, vae: str, request: gr.Request) -> list[Any]:
        """What fits the model, as it is installed now."""
        page, model = self.desk.page(request), self.desk.model(model_id)
        here = installed(self.catalog, "lora", model.family)
        return [
            *self._told(page, model, kept),
            gr.update(choices=here, value=None, visible=bool(here)),
            chosen(loras.vaes(self.catalog, model), vae, loras.OWN_VAE),
            gr.update(visible=model.family in loras.WITH_CLIP),
        ]

    def _told(self, page: Page, model: Model, kept: Any) -> list[Any]:
        here = loras.listed(kept)
        any_here = bool(installed(self.catalog, "lora", model.family))
        return [
            loras_view.listing(page.lang, self.catalog, model, here, any_here),
            gr.update(label=loras.title(page.lang, here)),
        ]


def with_word(prompt: str, word: str) -> str:
    """The prompt with the word at its end, once."""
    if word.lower() in prompt.lower():
        return prompt
    return f"{prompt.rstrip(' ,')}, {word}" if prompt.strip() else word


def _weighed(lora: Lora, weight: str) -> Lora:
    return Lora(id=lora.id, weight=min(MOST, max(LEAST, float(weight))))


def _plain(here: tuple[Lora, ...]) -> list[dict[str, Any]]:
    return [lora.model_dump() for lora in here]
