"""The picture to start from: what the browser holds of it, and the request it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from aura.library.inputs import is_kept
from aura.requests import Plain, Start
from aura.ui.language import say
from aura.ui.markup import island
from aura.ui.tabs.generate.sections.pieces import folded, titled
from aura.ui.wording import percent

FIELDS = ("start", "strength")
STRENGTH = 0.6


class Kept(Plain):
    """Paths below the data folder's ``inputs``. ``original`` is as the person brought it."""

    picture: str
    mask: str | None = None
    original: str

    @property
    def changed(self) -> bool:
        return self.mask is not None or self.picture != self.original


@dataclass(frozen=True)
class Parts:
    """``choose`` is never seen: the section's own button, a drop and a paste press it."""

    accordion: gr.Accordion
    shown: gr.HTML
    choose: gr.UploadButton


def build(fields: dict[str, Any]) -> Parts:
    with folded("start") as accordion:
        shown = island("aura-start-shown")
        fields["strength"] = gr.Slider(
            0.05,
            1,
            value=STRENGTH,
            step=0.05,
            label=say("generate.strength"),
            info=say("generate.strength.info"),
            visible=False,
            elem_id="aura-strength",
            buttons=[],
        )
    choose = gr.UploadButton(
        str(say("generate.start.choose")),
        file_types=["image"],
        elem_id="aura-start-file",
        elem_classes="aura-unseen",
    )
    fields["start"] = gr.JSON(None, visible="hidden", elem_id="aura-start-kept")
    return Parts(accordion, shown, choose)


def kept(value: Any, data_dir: Path) -> Kept | None:
    """What the browser holds, if it is whole: it may name no file but those kept here."""
    try:
        held = Kept.model_validate(value)
    except ValueError:
        return None
    named = [held.picture, held.original, *([held.mask] if held.mask else [])]
    return held if all(is_kept(data_dir, Path(path)) for path in named) else None


def keywords(given: Mapping[str, Any], data_dir: Path) -> dict[str, Any]:
    held = kept(given["start"], data_dir)
    if held is None:
        return {"start": None}
    masks = (held.mask,) if held.mask else ()
    return {"start": Start(pictures=(held.picture,), masks=masks, strength=given["strength"])}


def filled(settings: Mapping[str, Any]) -> dict[str, Any]:
    start: Start | None = settings.get("start")
    if start is None:
        return {"start": None, "strength": gr.update(value=STRENGTH, visible=False)}
    picture, mask = start.of(0)
    held = Kept(picture=picture, mask=mask, original=picture)
    return {
        "start": held.model_dump(),
        "strength": gr.update(value=start.strength, visible=True),
    }


def title(lang: str, held: Kept | None, strength: float) -> str:
    return titled(lang, "start", percent(lang, strength) if held else "")
