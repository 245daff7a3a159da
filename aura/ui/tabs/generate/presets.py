"""Choosing a preset fills the panel; a change by hand makes it one's own. Both tell what the
picture will take before it is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from aura.catalog.models import Model
from aura.composer import compose
from aura.errors import AuraError
from aura.fits.machine import Lessons, Machine
from aura.memory.device import Snapshot
from aura.memory.glance import glance
from aura.passes.foresight import KnownOf
from aura.presets import AUTOMATIC, OWN, Option, applied, foreseen, option, options
from aura.presets.table import FEW
from aura.ratios import drawable
from aura.requests import GenerateRequest, Lora
from aura.ui.status import told
from aura.ui.tabs.generate import panel
from aura.ui.tabs.generate.desk import Desk
from aura.ui.tabs.generate.panel import FIELDS
from aura.ui.tabs.generate.sections import larger, loras, presets, size, start
from aura.ui.tabs.generate.sections.larger import OFF, target
from aura.ui.tabs.generate.start_actions import shape
from aura.ui.wire import LATEST, QUICK

if TYPE_CHECKING:
    from aura.studio import Studio

# What a person changes by hand; then the settings are no preset's any more.
BY_HAND = tuple(name for name in presets.SETS if name not in ("ratio", "loras"))
SHAPE = ("ratio", "width", "height")
SIZED = (*SHAPE, *larger.FIELDS)
Size = tuple[int, int]


class Presets:
    def __init__(self, desk: Desk) -> None:
        self.desk, self.studio = desk, desk.studio

    def wire(self, opened: Any, picked: Any, added: Any) -> None:
        desk, form = self.desk, self.desk.form
        preset, shown = form.fields["preset"], [form.fields["preset"], form.preset_words]
        asks = [desk.owner, *desk.settings]
        filled = [*form.of(*presets.SETS), *shown]
        preset.input(self.fill, asks, filled, **LATEST)
        picked.then(self.picked, asks, filled, **LATEST)
        added.then(self.tell, asks, shown, **LATEST)
        form.fields["ratio"].input(self.shaped, asks, filled, **LATEST)
        opened.then(self.tell, asks, shown, **QUICK)
        gr.on([form.fields[name].input for name in BY_HAND], self.own, asks, shown, **LATEST)
        form.fields["count"].input(self.tell, asks, shown, **LATEST)

    def fill(self, request: gr.Request, owner: str, model_id: str, *values: Any) -> list[Any]:
        """The values of the chosen preset, for the size that is wanted in the end."""
        given, model = dict(zip(FIELDS, values, strict=True)), self.desk.model(model_id)
        skipped = [gr.skip()] * len(presets.SETS)
        if given["preset"] == OWN:
            return [*skipped, *self.tell(request, owner, model_id, *values)]
        refined = given["larger"] != OFF and given["refine"]
        if started := self._start(given) is not None:
            given["larger"] = given["larger"] if refined else OFF
        with here(self.studio) as machine:
            found = machine.option(given["preset"], model, wanted(given, model), whole=started)
        settings = {**found.keywords, "loras": (*found.loras, *own_loras(self.studio, given))}
        settings["larger"] = None if started else found.larger
        updates = panel.filled(self.studio, model, settings)
        named = dict(zip(FIELDS, updates, strict=True))
        if refined:  # a second pass of one's own stays
            named |= dict.fromkeys(SIZED, gr.skip())
        elif started:  # and so does the shape of the picture
            named |= dict.fromkeys(SHAPE, gr.skip())
        shown = self._shown(request, owner, model, given, wanted(given, model))
        return [*(named[name] for name in presets.SETS), *shown]

    def picked(self, request: gr.Request, owner: str, model_id: str, *values: Any) -> list[Any]:
        """Another model: the sides are still those of a picture to start from at the last one."""
        given = dict(zip(FIELDS, values, strict=True))
        if held := self._start(given):
            given |= zip(SHAPE, shape(held, self.desk.model(model_id)), strict=True)
        return self.fill(request, owner, model_id, *given.values())

    def shaped(self, request: gr.Request, owner: str, model_id: str, *values: Any) -> list[Any]:
        """A ratio is the whole picture's, so a draft is made anew; sides are one's own."""
        given = dict(zip(FIELDS, values, strict=True))
        if given["ratio"] == size.CUSTOM:
            told = self.own(request, owner, model_id, *values)
            return [*[gr.skip()] * len(presets.SETS), *told]
        if given["preset"] != OWN and not given["refine"]:
            given["larger"] = OFF
        return self.fill(request, owner, model_id, *given.values())

    def own(self, request: gr.Request, owner: str, model_id: str, *values: Any) -> list[Any]:
        """A hand was laid on something: the settings are one's own."""
        given = dict(zip(FIELDS, values, strict=True)) | {"preset": OWN}
        return self.tell(request, owner, model_id, *given.values())

    def tell(self, request: gr.Request, owner: str, model_id: str, *values: Any) -> list[Any]:
        """The figures under each preset, and the words under the chosen one."""
        given, model = dict(zip(FIELDS, values, strict=True)), self.desk.model(model_id)
        return self._shown(request, owner, model, given, wanted(given, model))

    def _shown(
        self,
        request: gr.Request,
        owner: str,
        model: Model,
        given: Mapping[str, Any],
        final: Size | None,
    ) -> list[Any]:
        lang = self.desk.page(request, owner).lang
        with here(self.studio) as machine:
            every = machine.options(model, final, whole=self._start(given) is not None)
        chosen = next((one for one in every if one.name == given["preset"]), None)
        count = int(given["count"]) if isinstance(given["count"], int | float) else 1
        if chosen is not None:
            said = presets.words(lang, chosen)
            took = None if chosen.seconds is None else chosen.seconds * count
            said += presets.paragraphs([presets.expected(lang, count, took, chosen.peak)])
        else:
            said = presets.paragraphs([self._own(lang, model, given, count)])
        return [gr.update(choices=presets.choices(lang, every), value=given["preset"]), said]

    def _start(self, given: Mapping[str, Any]) -> start.Kept | None:
        return start.kept(given["start"], self.studio.settings.data_dir)

    def _own(self, lang: str, model: Model, given: Mapping[str, Any], count: int) -> str:
        """What settings of one's own will take; empty for what cannot be asked for yet."""
        asked = panel.keywords(self.studio, model, [given[name] for name in FIELDS])
        try:
            request = asked_for(self.studio, model, asked)
        except AuraError:
            return ""
        with here(self.studio) as machine:
            found = foreseen(request, self.studio.catalog, machine.snapshot, machine.known)
        took = None if found.seconds is None else found.seconds * count
        return presets.expected(lang, count, took, found.peak)


def asked_for(studio: Studio, model: Model, asked: Mapping[str, Any]) -> GenerateRequest:
    """One picture of these settings, whatever its words. Raises AuraError."""
    plain = {"prompt": "-", "negative": "", "style": None, "count": 1, "seed": 0}
    return compose(studio.catalog, studio.styles, **{**asked, **plain, "model": model.id})


def wanted(given: Mapping[str, Any], model: Model) -> Size | None:
    """The size of the picture in the end, where a draft is enlarged by interpolation alone."""
    drawn = size.pixels(model, given["ratio"], given["width"], given["height"])
    if drawn is None or not drawable(*drawn, model.multiple):
        return None  # such as a width of which only a digit is typed yet
    if given["larger"] == OFF or given["refine"]:
        return drawn
    return target(given["larger"], drawn) or drawn


def known(studio: Studio, model: Model, last: Mapping[str, Any]) -> dict[str, Any]:
    """What a page is opened with: at the first visit, what the automatic preset sets here."""
    if last:
        return dict(last)
    with here(studio) as machine:
        found = machine.option(AUTOMATIC, model, None)
    return {name: value for name, value in found.keywords.items() if name != "model"}


def own_loras(studio: Studio, given: Mapping[str, Any]) -> tuple[Lora, ...]:
    """A person's own LoRAs: not those for few steps, which presets bring and take away."""
    here = loras.listed(given["loras"])
    return tuple(lora for lora in here if not quick(studio, lora))


def quick(studio: Studio, lora: Lora) -> bool:
    found = loras.find(studio.catalog, lora.id)
    return bool(found and 1 < found.defaults.steps <= FEW)


@dataclass(frozen=True)
class Here:
    """This machine as presets are asked about it, with what its ledger knows."""

    studio: Studio
    snapshot: Snapshot
    known: KnownOf

    def options(self, model: Model, final: Size | None, whole: bool) -> tuple[Option, ...]:
        known = self.studio.catalog, self.snapshot, self.known
        return options(model, *known, size=final, whole=whole)

    def option(self, name: str, model: Model, final: Size | None, whole: bool = False) -> Option:
        known = self.studio.catalog, self.snapshot, self.known
        return option(name, model, *known, size=final, whole=whole)

    def applied(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return applied(asked, self.studio.catalog, self.snapshot, self.known)


@contextmanager
def here(studio: Studio) -> Iterator[Here]:
    """As the engine last told; before its first word, as a glance shows it."""
    status = told(studio)
    machine = Machine(snapshot=status.device if status else glance(studio.settings), here=True)
    with closing(Lessons(studio.settings.data_dir / "ledger.db")) as lessons:
        catalog = studio.catalog
        yield Here(
            studio, machine.snapshot, lambda id, work: lessons(machine, catalog.get(id), work)
        )
