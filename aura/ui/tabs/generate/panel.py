"""The left panel: everything that can be asked for, as Gradio components.

``FIELDS`` is the one order in which they are read and filled. What a field means, its
section in ``sections`` knows; together they make the keywords of ``aura.composer.compose``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from aura.catalog.models import Model
from aura.presets import CHOICES, OWN
from aura.ui.language import say
from aura.ui.markup import WARMER, island
from aura.ui.tabs.generate.sections import (
    advanced,
    larger,
    loras,
    many,
    presets,
    repair,
    size,
    start,
    words,
)
from aura.ui.tabs.generate.sections.numbers import numbers
from aura.ui.tabs.generate.sections.size import CUSTOM
from aura.ui.tabs.generate.sections.words import NO_STYLE

if TYPE_CHECKING:
    from aura.studio import Studio

PLAIN = (  # each a keyword of compose by itself
    "prompt",
    "negative",
    "style",
    "ratio",
    "width",
    "height",
    "count",
    "steps",
    "guidance",
    "scheduler",
    "seed",
)
FIELDS = (
    *PLAIN,
    "preset",
    *advanced.WAY,
    *start.FIELDS,
    *loras.FIELDS,
    *larger.FIELDS,
    *repair.FIELDS,
)
PARTS = (
    "preset",
    "start",
    "loras",
    "vae",
    "clip_skip",
    "larger",
    "repair",
    "way",
)  # keywords of the rest


@dataclass(frozen=True)
class Panel:
    """The components; ``fields`` maps each name of ``FIELDS`` to its own."""

    fields: dict[str, Any]
    start: start.Parts
    loras: loras.Parts
    larger: larger.Parts
    repair: repair.Parts
    many: many.Parts
    preset_words: gr.HTML
    examples: gr.HTML
    size: gr.HTML
    sides: gr.Row
    outcome: gr.HTML
    draw: gr.Button
    stop: gr.Button
    dice: gr.Button
    again: gr.Button
    read: gr.UploadButton
    warmer: gr.HTML
    style_new: gr.Button
    style_editor: gr.Group
    style_name: gr.Textbox
    style_prompt: gr.Textbox
    style_negative: gr.Textbox
    style_save: gr.Button
    style_delete: gr.Button
    style_cancel: gr.Button

    @property
    def inputs(self) -> list[Any]:
        return [self.fields[name] for name in FIELDS]

    def of(self, *names: str) -> list[Any]:
        return [self.fields[name] for name in names]


def build(studio: Studio) -> Panel:
    parts: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    default = studio.catalog.default()
    with gr.Column(elem_id="aura-panel", min_width=320, scale=0):
        with gr.Column(elem_id="aura-form"):
            words.prompt(fields, parts)
            presets.build(fields, parts)
            words.style(studio, fields, parts)
            size.size(default, fields, parts)
            numbers(fields, parts)
            with gr.Column(elem_id="aura-sections"):
                parts["start"] = start.build(fields)
                parts["loras"] = loras.build(studio, default, fields)
                parts["larger"] = larger.build(studio, fields)
                parts["repair"] = repair.build(studio, fields)
                advanced.advanced(default, fields)
                parts["many"] = many.build()
        _buttons(parts)
    return Panel(fields=fields, **parts)


def _buttons(parts: dict[str, Any]) -> None:
    with gr.Row(elem_id="aura-actions"):
        parts["draw"] = gr.Button(
            say("generate.draw"), variant="primary", elem_id="aura-draw", scale=3, min_width=80
        )
        parts["warmer"] = island("aura-warmer", WARMER)
        parts["stop"] = gr.Button(
            say("generate.stop"), elem_id="aura-stop", scale=1, min_width=80, interactive=False
        )


def keywords(studio: Studio, model: Model, values: Sequence[Any]) -> dict[str, Any]:
    """The panel's values as keywords of ``compose``."""
    given = dict(zip(FIELDS, values, strict=True))
    drawn = size.pixels(model, *(given[name] for name in ("ratio", "width", "height")))
    return {
        **{name: given[name] for name in PLAIN},
        **size.keywords(given),
        **presets.keywords(given),
        **advanced.keywords(given),
        **start.keywords(given, studio.settings.data_dir),
        **loras.keywords(given, studio.catalog, model),
        **larger.keywords(given, drawn),
        **repair.keywords(given),
        "style": given["style"] or None,
    }


def filled(studio: Studio, model: Model, settings: Mapping[str, Any]) -> list[Any]:
    """Updates for ``inputs`` from keywords of ``compose``.

    Of the plain ones, what is not given stays; a section that is not given becomes empty,
    so that what is filled in draws what it tells, and no more.
    """
    known = dict(settings)
    drawn = size.pixels(model, known.get("ratio"), known.get("width"), known.get("height"))
    if known.get("width") and known.get("height"):
        known["ratio"] = size.ratio_of(known["width"], known["height"], model) or CUSTOM
    if "style" in known:
        known["style"] = known["style"] or NO_STYLE
    plain = {name: known[name] for name in PLAIN if known.get(name) is not None}
    of_sections = {
        "preset": known["preset"] if known.get("preset") in CHOICES else OWN,
        **advanced.filled(known),
        **start.filled(known),
        **loras.filled(known, studio.catalog, model),
        **larger.filled(known, studio.catalog, drawn),
        **repair.filled(known, studio.catalog),
    }
    updates = {**plain, **of_sections}
    return [updates.get(name, gr.skip()) for name in FIELDS]
