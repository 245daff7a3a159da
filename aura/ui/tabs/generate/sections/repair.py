"""Repair of faces and details: what is looked for, by which detector, how far it changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from aura.catalog.models import Catalog
from aura.i18n import has, text
from aura.requests import Repair
from aura.ui.language import say
from aura.ui.markup import button, esc, island
from aura.ui.tabs.generate.sections.pieces import chosen, folded, installed, titled

if TYPE_CHECKING:
    from aura.studio import Studio

FIELDS = ("repair", "things", "repair_strength", "detector")
THINGS = ("face", "hand")
DEFAULT = Repair.model_validate({})
CHARACTERS_MAX = 200


@dataclass(frozen=True)
class Parts:
    """``missing`` says what is needed while there is no detector; ``how`` is for one."""

    accordion: gr.Accordion
    missing: gr.HTML
    how: gr.Column


def build(studio: Studio, fields: dict[str, Any]) -> Parts:
    detectors = installed(studio.catalog, "detect")
    with folded("repair") as accordion:
        missing = island("aura-repair-missing")
        with gr.Column(visible=bool(detectors), elem_id="aura-repair-how") as how:
            fields["repair"] = gr.Checkbox(
                value=False,
                label=say("generate.repair.on"),
                info=say("generate.repair.on.info"),
                elem_id="aura-repair-on",
            )
            _how(detectors, fields)
    return Parts(accordion, missing, how)


def _how(detectors: list[tuple[str, str]], fields: dict[str, Any]) -> None:
    fields["things"] = gr.Dropdown(
        choices=[(say(f"generate.things.{name}"), name) for name in THINGS],
        value=[DEFAULT.things],
        multiselect=True,
        allow_custom_value=True,
        label=say("generate.things"),
        info=say("generate.things.info"),
        elem_id="aura-things",
    )
    fields["repair_strength"] = gr.Slider(
        0.05,
        1,
        value=DEFAULT.strength,
        step=0.05,
        label=say("generate.repair.strength"),
        info=say("generate.repair.strength.info"),
        elem_id="aura-repair-strength",
        buttons=[],
    )
    fields["detector"] = gr.Dropdown(
        choices=detectors,
        value=detectors[0][1] if detectors else None,
        label=say("generate.detector"),
        elem_id="aura-detector",
    )


def keywords(given: Mapping[str, Any]) -> dict[str, Any]:
    things = named(given["things"])
    if not (given["repair"] and things and given["detector"]):
        return {"repair": None}
    how = {
        "things": things,
        "detector": given["detector"],
        "strength": given["repair_strength"],
    }
    return {"repair": Repair.model_validate(how)}


def filled(settings: Mapping[str, Any], catalog: Catalog) -> dict[str, Any]:
    repair: Repair | None = settings.get("repair")
    how, detectors = repair or DEFAULT, installed(catalog, "detect")
    first = detectors[0][1] if detectors else None
    return {
        "repair": repair is not None and bool(detectors),
        "things": gr.update(value=[thing.strip() for thing in how.things.split(",")]),
        "repair_strength": how.strength,
        "detector": chosen(detectors, how.detector, first),
    }


def named(things: Sequence[str] | None) -> str:
    """The names as the detector takes them, those that would be too long left out."""
    words = [thing.replace(",", " ").strip() for thing in things or ()]
    while len(", ".join(words)) > CHARACTERS_MAX:
        words.pop()
    return ", ".join(word for word in words if word)


def title(lang: str, on: bool, things: Sequence[str] | None) -> str:
    words = named(things).split(", ") if on else []
    return titled(lang, "repair", ", ".join(_spoken(lang, word) for word in words if word))


def _spoken(lang: str, thing: str) -> str:
    key = f"generate.things.{thing}"
    return text(lang, key).lower() if has(key) else thing


def missing(lang: str) -> str:
    """What to do while no detector is installed."""
    said = esc(text(lang, "generate.repair.none"))
    way = button("models", text(lang, "generate.to_models"), look="is-text")
    return f'<div class="aura-hint"><p>{said}</p>{way}</div>'
