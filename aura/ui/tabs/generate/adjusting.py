"""What changes in the panel while somebody fills it in: sizes, hints, titles of sections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from aura.catalog.models import Model
from aura.memory.abilities import STARTS
from aura.passes.wide import wide
from aura.ui.markup import act_data
from aura.ui.status import told
from aura.ui.tabs.generate import examples
from aura.ui.tabs.generate.desk import Desk
from aura.ui.tabs.generate.presets import here
from aura.ui.tabs.generate.sections import larger, repair, size
from aura.ui.tabs.generate.sections.pieces import chosen, installed
from aura.ui.wire import LATEST, QUICK

SIDES = ("ratio", "width", "height")
LARGER = ("larger", "refine", "refiner")


class Adjusting:
    def __init__(self, desk: Desk) -> None:
        self.desk, self.studio = desk, desk.studio

    def wire(self) -> Any:
        """The event of a model that was chosen, for those who go on from there."""
        desk, form = self.desk, self.desk.form
        model, fields = desk.context.model, form.fields
        form.examples.act(self.example, None, fields["prompt"], **QUICK)
        form.warmer.act(self.warm, model, None, **QUICK)
        form.dice.click(lambda: None, None, fields["seed"], **QUICK)
        sides = form.of(*SIDES)
        for side in sides:
            side.change(self.sizes, [model, *sides], [form.size, form.sides], **LATEST)
        picked = model.input(
            self.model_chosen,
            [desk.owner, model, *sides],
            [*form.of("steps", "guidance", "scheduler"), form.examples, form.size],
            **QUICK,
        )
        self._wire_larger()
        self._wire_repair()
        return picked

    def _wire_larger(self) -> None:
        desk, form = self.desk, self.desk.form
        model, parts = desk.context.model, form.larger
        wishes = form.of(*SIDES, *LARGER)
        gr.on(
            [one.change for one in (model, *form.of(*SIDES, "larger", "refiner"))]
            + [form.fields["refine"].release],
            self.outcome,
            [model, *wishes],
            [form.outcome, parts.accordion, parts.how],
            **LATEST,
        )
        form.fields["larger"].input(
            self.screen, form.of("larger", "ratio"), form.fields["ratio"], **QUICK
        )
        parts.accordion.expand(
            self.enlargers, form.of("upscaler", "refiner"), form.of("upscaler", "refiner"), **QUICK
        )

    def _wire_repair(self) -> None:
        form, parts = self.desk.form, self.desk.form.repair
        gr.on(
            [one.change for one in form.of("repair", "things")],
            self.repair_title,
            form.of("repair", "things"),
            parts.accordion,
            **LATEST,
        )
        parts.accordion.expand(
            self.detectors,
            form.of("detector"),
            [*form.of("detector"), parts.missing, parts.how],
            **QUICK,
        )

    # --- handlers

    def example(self, event: gr.EventData) -> str:
        return act_data(event).get("prompt", "")

    def warm(self, model_id: str) -> None:
        """Somebody begins to write: the model is loaded meanwhile, unless a job is here."""
        self.studio.engine.warm(self.desk.model(model_id).id)

    def sizes(
        self, model_id: str, ratio: str, width: Any, height: Any, request: gr.Request
    ) -> list[Any]:
        lang, model = self.desk.page(request).lang, self.desk.model(model_id)
        words = size.size_words(lang, model, ratio, width, height)
        return [words, gr.update(visible=ratio == size.CUSTOM)]

    def model_chosen(
        self, owner: str, model_id: str, ratio: str, width: Any, height: Any, request: gr.Request
    ) -> list[Any]:
        page, model = self.desk.page(request, owner), self.desk.model(model_id)
        chosen = model.defaults
        return [
            chosen.steps,
            chosen.guidance,
            chosen.scheduler,
            examples.chips(page.lang, model),
            size.size_words(page.lang, model, ratio, width, height),
        ]

    def outcome(self, request: gr.Request, model_id: str, *wishes: Any) -> list[Any]:
        """The line that says what comes out, and the section's title."""
        lang = self.desk.page(request).lang
        given = dict(zip((*SIDES, *LARGER), wishes, strict=True))
        drawn = size.pixels(self.desk.model(model_id), *(given[name] for name in SIDES))
        return [
            self._outcome(lang, model_id, given, drawn),
            gr.update(label=larger.title(lang, given["larger"], drawn)),
            gr.update(visible=given["larger"] != larger.OFF),
        ]

    def _outcome(
        self, lang: str, model_id: str, given: Mapping[str, Any], drawn: tuple[int, int] | None
    ) -> str:
        final, hard = larger.target(given["larger"], drawn), None
        if final and given["refine"]:
            refiner = given["refiner"] or model_id
            hard = self._hard(refiner, final, given["refine"])
        return larger.outcome(lang, given, drawn, self.desk.names, hard)

    def _hard(self, model_id: str, final: tuple[int, int], strength: float) -> str | None:
        """What is known of this machine decides; before the engine has spoken, the sizes."""
        model = self.desk.model(model_id)
        if model.family not in STARTS:
            return larger.UNREFINED
        code = self._way(model, final, strength) if told(self.studio) else None
        return code if code in larger.HARD else None

    def _way(self, model: Model, final: tuple[int, int], strength: float) -> str:
        with here(self.studio) as machine:
            best = wide(
                model,
                *final,
                machine.snapshot,
                installed=self.studio.catalog.installed,
                known=machine.known,
                strength=strength,
            )
        return best.code

    def screen(self, final: str, ratio: str) -> Any:
        """Who chooses a screen's size gets its shape; another may be chosen after."""
        if final not in larger.BOXES or ratio == size.CUSTOM:
            return gr.skip()
        across, _, down = ratio.partition(":")
        return "16:9" if int(across) >= int(down) else "9:16"

    def enlargers(self, upscaler: str, refiner: str) -> list[Any]:
        """What was installed since the page was opened is offered, too."""
        catalog = self.studio.catalog
        return [
            chosen(larger.upscalers(catalog), upscaler, larger.LANCZOS),
            chosen(larger.refiners(catalog), refiner, larger.SAME),
        ]

    def repair_title(self, on: bool, things: list[str], request: gr.Request) -> Any:
        return gr.update(label=repair.title(self.desk.page(request).lang, on, things))

    def detectors(self, detector: str | None, request: gr.Request) -> list[Any]:
        here = installed(self.studio.catalog, "detect")
        first = here[0][1] if here else None
        missing = "" if here else repair.missing(self.desk.page(request).lang)
        return [chosen(here, detector, first), missing, gr.update(visible=bool(here))]
