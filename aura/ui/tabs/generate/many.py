"""What is done with many pictures: ask for them, stop them, go on, take them along."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from aura.batches import lines
from aura.batches.batch import Batch
from aura.batches.making import made
from aura.catalog.models import Model
from aura.composer import compose
from aura.grids import Axis, axis
from aura.library import sheets
from aura.presets import NAMES, OWN
from aura.requests import GenerateRequest
from aura.ui.markup import act_data
from aura.ui.pages import Page
from aura.ui.tabs.generate import panel
from aura.ui.tabs.generate.desk import Desk
from aura.ui.tabs.generate.panel import FIELDS
from aura.ui.tabs.generate.presets import here, own_loras, wanted
from aura.ui.tabs.generate.sections import many, size
from aura.ui.tabs.generate.sections.larger import OFF
from aura.ui.wire import QUICK

SHOWN = 4  # batches, the newest
OF_A_PRESET = ("steps", "guidance", "scheduler", "larger", "way")


class Many:
    def __init__(self, desk: Desk) -> None:
        self.desk, self.studio, self.batches = desk, desk.studio, desk.studio.batches

    def wire(self, opened: Any) -> None:
        desk, parts = self.desk, self.desk.form.many
        parts.kind.change(self.chosen, parts.kind, list(parts.kinds.values()), **QUICK)
        parts.file.upload(
            self.read, [desk.owner, parts.file], [parts.prompts, *desk.outputs], **QUICK
        )
        drawn = parts.draw.click(
            self.draw,
            [desk.owner, *parts.inputs, *desk.settings],
            [parts.shown, *desk.outputs],
            **QUICK,
        )
        acted = parts.shown.act(self.act, desk.owner, [parts.shown, *desk.outputs], **QUICK)
        for event in (drawn, acted):
            desk.follow(event)
        for look in (desk.context.clock.tick, opened.then):
            look(self.tick, desk.owner, parts.shown, **QUICK)

    # --- handlers

    def chosen(self, kind: str) -> list[Any]:
        return [gr.update(visible=kind == name) for name in many.KINDS]

    def read(self, owner: str, file: str | None, request: gr.Request) -> list[Any]:
        """A file's prompts into the field, where they can be seen and changed."""
        page = self.desk.page(request, owner)
        found = self.desk.told(page, lambda: lines.of_file(Path(file)) if file else ())
        return ["\n".join(found) if found else gr.skip(), *self.desk.updates(page)]

    def draw(
        self, request: gr.Request, owner: str, kind: str, prompts: str, *values: Any
    ) -> list[Any]:
        page = self.desk.page(request, owner)
        page.message, page.looking_at, page.made = "", None, ""
        count = 2 * len(many.AXES)
        written, (model_id, *settings) = values[:count], values[count:]
        given = dict(zip(FIELDS, settings, strict=True))

        def asked() -> Batch:
            batch = self._made(page, kind, prompts, written, model_id, given)
            return self.batches.submit(page.owner, batch)

        self.desk.told(page, asked)
        return [self._listing(page), *self.desk.updates(page)]

    def _made(
        self,
        page: Page,
        kind: str,
        prompts: str,
        written: Sequence[Any],
        model_id: str,
        given: dict[str, Any],
    ) -> Batch:
        axes = () if kind == "prompts" else _axes(kind, written)
        varied = {one.parameter for one in axes}
        return made(
            self._asked(model_id, given, varied),
            self._composed(with_presets="preset" in varied),
            self.batches.store.unfinished,
            lines=lines.of_text(prompts or "") if kind == "prompts" else (),
            axes=axes,
            lang=page.lang,
            names=self.desk.names,
        )

    def _asked(self, model_id: str, given: dict[str, Any], varied: set[str]) -> dict[str, Any]:
        """The panel's keywords, without those that a preset or another model brings itself."""
        model = self.desk.model(model_id)
        asked = {"model": model_id, **panel.keywords(self.studio, model, list(given.values()))}
        if "preset" in varied:
            final = wanted(given, model)
            asked |= dict.fromkeys(OF_A_PRESET) | {"loras": own_loras(self.studio, given)}
            if final:
                asked |= {"ratio": None, "width": final[0], "height": final[1]}
        elif "model" in varied:
            asked |= dict.fromkeys(("steps", "guidance", "scheduler", "preset"))
            asked |= _native(given, model)
        elif varied - {"seed", "prompt", "style", "size"}:
            asked["preset"] = None
        return asked

    def _composed(self, *, with_presets: bool) -> Callable[..., GenerateRequest]:
        wildcards = self.studio.settings.data_dir / "wildcards"

        def composed(**one: Any) -> GenerateRequest:
            if with_presets:
                with here(self.studio) as machine:
                    one = machine.applied(one)
            return compose(self.studio.catalog, self.studio.styles, **one, wildcards=wildcards)

        return composed

    def act(self, owner: str, request: gr.Request, event: gr.EventData) -> list[Any]:
        """The buttons of a batch. Only one's own can be touched."""
        page, data = self.desk.page(request, owner), act_data(event)
        batch = self.batches.get(data.get("batch", ""))
        if batch is not None and batch.owner == page.owner:
            page.message = ""
            page.made = self.desk.told(page, lambda: self._act(page, data["act"], batch)) or ""
        return [self._listing(page), *self.desk.updates(page)]

    def _act(self, page: Page, act: str, batch: Batch) -> str:
        """What was made, as HTML; empty where nothing is to be taken along."""
        if act == "stop":
            self.batches.stop(batch.id)
        elif act == "resume":
            self.batches.resume(batch)
        elif act == "show":
            page.looking_at = batch.sheet
        elif act in ("sheet", "zip"):
            save = sheets.save_sheet if act == "sheet" else sheets.save_archive
            exports = self.studio.settings.data_dir / "exports"
            return many.link(save(exports, self.batches.pictures(batch)))
        return ""

    def tick(self, owner: str, request: gr.Request) -> Any:
        page = self.desk.page(request, owner)
        return page.settled({"batches": self._rendered(page)})[0]

    def _listing(self, page: Page) -> Any:
        return page.changed({"batches": self._rendered(page)})[0]

    def _rendered(self, page: Page) -> str:
        newest = self.batches.of(page.owner)[:SHOWN]
        told = [(batch, self.batches.progress(batch)) for batch in newest]
        return many.listing(page.lang, told, page.made)


def _native(given: dict[str, Any], model: Model) -> dict[str, Any]:
    """Without the draft that a preset has made for this model: the others draw a size of theirs."""
    final = wanted(given, model)
    if given["preset"] == OWN or given["larger"] == OFF or given["refine"] or final is None:
        return {}
    ratio = size.ratio_of(*final, model)
    sides = (None, None) if ratio else final
    return {"larger": None, "ratio": ratio, "width": sides[0], "height": sides[1]}


def _axes(kind: str, written: Sequence[Any]) -> list[Axis]:
    """Those that were filled in. Raises BadRequest."""
    if kind == "presets":
        return [axis("preset", ", ".join(NAMES))]
    pairs = zip(written[::2], written[1::2], strict=True)
    return [axis(parameter, values or "") for parameter, values in pairs if parameter]
